//! Invoicing: right documents, from draft to what NubeFact takes.

pub mod catalogs;
pub mod fields;
