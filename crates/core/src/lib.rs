//! The vocabulary of Peru's tax services: pure values, no I/O, nothing asynchronous.
//!
//! Everything here is parsed once and valid from then on. In reading order:
//! identity numbers ([`Ruc`], [`Dni`]), SUNAT's words ([`Estado`], [`Condicion`], [`Ubigeo`]),
//! what is known of a taxpayer ([`Taxpayer`]), whether it is fit to be invoiced ([`Fitness`]),
//! which published day an exchange rate belongs to ([`ExchangeRate`]), and documents from draft to
//! checked ([`invoicing`]).

#![warn(missing_docs)]
#![expect(
    clippy::missing_panics_doc,
    reason = "no function panics; each `expect` says why it cannot fail"
)]

mod catalog;
mod dates;
mod dni;
mod exchange_rate;
mod fitness;
pub mod invoicing;
mod lang;
mod ruc;
mod taxpayer;
mod text;
mod ubigeo;

pub use catalog::{Condicion, Estado};
pub use dates::{
    DateError, day_in_words, is_business_day, lima_date, lima_datetime, lima_timestamp,
    next_business_day, parse_date, previous_business_day,
};
pub use dni::{Dni, DniError};
pub use exchange_rate::{Currency, ExchangeRate, RateError, RateFor, RateSource};
pub use fitness::{Finding, Fitness, Level, Role, Severity, fitness};
pub use lang::{Lang, Text, sentence};
pub use ruc::{CheckDigit, Ruc, RucError, RucKind, RucRules};
pub use taxpayer::{Address, Taxpayer};
pub use text::{clean, fold, present};
pub use ubigeo::{Place, Ubigeo};
