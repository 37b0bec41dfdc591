//! The vocabulary of Peru's tax services: pure values, no I/O, nothing asynchronous.
//!
//! Everything here is parsed once and valid from then on. In reading order:

mod dni;
mod lang;
mod ruc;
mod text;

pub use dni::{Dni, DniError};
pub use lang::Lang;
pub use ruc::{CheckDigit, Ruc, RucError, RucKind, RucRules};
pub use text::{clean, fold, present};
