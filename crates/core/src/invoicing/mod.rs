//! From draft to checked document: everything that is issued through NubeFact is checked here first.
//!
//! A document comes in one of two forms: the *simple form* (`tipo`, `items`, … of which the totals
//! are computed) or NubeFact's own JSON (`operacion`, … whose totals are checked). What goes out is
//! NubeFact's JSON and every finding at once. Nothing here sends, knows a clock or an account: the
//! time is passed, and what only others know comes in [`Known`].
//!
//! The cast, in reading order:
//!
//! | file | holds |
//! |---|---|
//! | `kind.rs`, `document.rs` | what is issued; the checked document and its bytes |
//! | `finding.rs`, `codes.rs` | one thing found; every code with its texts |
//! | `value.rs`, `read.rs`, `decimal.rs` | JSON with exact numbers; decimals as tax law writes them |
//! | `catalogs/` | rates, tariffs and code lists, with their dates and sources |
//! | `known.rs`, `unread.rs` | facts that the document does not hold; fields of it that could not be read |
//! | `check.rs` | the check itself, the only way in: reads, composes, reviews |
//! | `draft.rs`, `draft_read.rs`, `compose/` | the simple form and its JSON Schema; how it is read; NubeFact's JSON made of it |
//! | `arithmetic/` | lines, cents that are spread, discounts, advances, what is withheld |
//! | `sale.rs`, `fields.rs`, `sale_fields.rs` | a sale as its checks see it; forms and lengths of its fields |
//! | `identity_number.rs` | a RUC or DNI that was mistyped |
//! | `review/` | what SUNAT, NubeFact or an accountant would say of a sale, one file per theme |
//! | `other.rs` and `guia/`, `retencion.rs`, `percepcion.rs`, `anulacion.rs` | checks of what is no sale: these come as NubeFact's JSON only, there is no simple form of them |
//! | `correct/`, `replicate.rs` | a note made out of the document it corrects; a document repeated |
//! | `words.rs`, `qr.rs` | amounts in words; the text of the QR code, both ways |
//!
//! A simple form is composed first and reviewed then, like everything else: there is one review, and
//! its findings are told in the fields of the form that came.
//!
//! Rounding is half away from zero everywhere. Checking is a fixed point: a checked document that is
//! checked again stays as it is, byte by byte.

mod anulacion;
mod arithmetic;
pub mod catalogs;
mod check;
pub mod codes;
mod compose;
mod correct;
mod decimal;
mod document;
mod draft;
mod draft_read;
mod fields;
mod finding;
mod form;
mod guia;
mod header;
mod identity_number;
mod kind;
mod known;
mod other;
mod other_fields;
mod percepcion;
mod qr;
mod read;
mod replicate;
mod retencion;
mod review;
mod sale;
mod sale_fields;
mod unread;
mod value;
mod withholding;
mod words;

pub use arithmetic::{
    AdvanceAmounts, ArithmeticFault, LineAmounts, LineDiscount, LineExcise, LineTerms, SaleAmounts,
    SaleTerms, compute, detraccion_in_soles,
};
pub use check::{CheckedDocument, check, check_draft, check_value};
pub use correct::{
    CorrectError, Correction, CorrectionScope, CreditedBefore, ScopeKind, allowed_scopes, correct,
};
pub use decimal::{
    DecimalFault, MOST_PLACES, MOST_WHOLE_DIGITS, percent_of, product, quotient, read_decimal,
    to_cents,
};
pub use document::{DocumentCustomer, DocumentName, TaxDocument};
pub use draft::{
    Draft, DraftAdvance, DraftCustomer, DraftDetraction, DraftExcise, DraftInstalment, DraftItem,
    DraftNote, draft_schema,
};
pub use finding::{Findings, InvoiceFinding};
pub use kind::DocumentKind;
pub use known::{CustomerFacts, DatePolicy, Known, ModifiedDocument};
pub use qr::{QrError, QrField, QrText};
pub use read::{JsonError, MOST_BYTES, MOST_DEPTH};
pub use replicate::{ReplicateError, replicate};
pub use value::{JsonObject, JsonValue};
pub use words::amount_in_words;
