//! Invoicing: right documents, from draft to what Nubefact takes.

pub mod catalogs;
