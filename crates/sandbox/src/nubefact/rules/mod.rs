//! What Nubefact looks at before it takes a document: its own reading of the manual and of what the
//! real one was seen to refuse. It knows nothing of how other parts of this repository calculate.
//!
//! Each of the files checks one thing and stops at the first that does not fit, as the real one
//! does. The order of the whole is in [`engine`](super::engine): the shape, then the arithmetic, then
//! the series, then whether the number is free, then the date.

mod catalogue;
mod comprobante;
mod fields;
mod guia;
mod lines;
mod note;
mod payment;
mod retencion;
mod sums;

pub(crate) use comprobante::check_comprobante;
pub(crate) use fields::{issue_date, most_characters, required, required_whole};
pub(crate) use guia::check_guia;
pub(crate) use note::{Modified, modified};
pub(crate) use retencion::{Withheld, check_withheld};
