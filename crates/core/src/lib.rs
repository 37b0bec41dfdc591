//! The vocabulary of Peru's tax services: pure values, no I/O, nothing asynchronous.

#![warn(missing_docs)]
#![expect(
    clippy::missing_panics_doc,
    reason = "no function panics; each `expect` says why it cannot fail"
)]

mod catalog;
mod dates;
mod dni;
mod exchange_rate;
mod lang;
mod ruc;
mod taxpayer;
mod text;
mod ubigeo;

pub use catalog::{Condicion, Estado};
pub use dates::{
    DateError, is_business_day, lima_date, lima_datetime, lima_timestamp, next_business_day,
    parse_date, previous_business_day,
};
pub use dni::{Dni, DniError};
pub use exchange_rate::{Currency, ExchangeRate, RateError, RateFor, RateSource};
pub use lang::Lang;
pub use ruc::{CheckDigit, Ruc, RucError, RucKind, RucRules};
pub use taxpayer::{Address, Taxpayer};
pub use text::{clean, fold, present};
pub use ubigeo::{Place, Ubigeo};
