//! The rooms of documents that are issued: one function per deed.
//!
//! | file | deed |
//! |---|---|
//! | `room.rs` | who issues, with which journal, through what |
//! | `check.rs` | what is right and wrong of a document (`check_invoice`) |
//! | `complete.rs`, `facts.rs` | what nobody wrote and is known; what the look-ups and the journal know |
//! | `plan.rs`, `issue.rs` | what is going to be issued, and issuing it (`plan_invoice`, `issue_invoice`) |
//! | `verbatim.rs` | a document that is sent as it came |
//! | `consult.rs`, `void.rs`, `files.rs` | how it stands, voiding it, its files |
//! | `correct.rs`, `replicate.rs` | a note made out of it; the same once more |
//! | `rehearsal.rs` | the documents that the vendor asks for before production |
//! | `list.rs`, `known.rs` | what was issued; one document of the journal |
//! | `sheet/` | a workbook of documents: its template, and its check as a whole |
//! | `name.rs`, `error.rs` | how it is named; what can be wrong |

mod check;
mod complete;
mod consult;
mod correct;
mod error;
mod facts;
mod files;
mod issue;
mod known;
mod list;
mod name;
mod plan;
mod rehearsal;
mod replicate;
mod room;
mod sheet;
mod verbatim;
mod void;

pub use consult::ConsultedInvoice;
pub use correct::CorrectionWish;
pub use error::InvoiceError;
pub use files::FileWish;
pub(in crate::app) use issue::blocked_code;
pub use issue::{settled_code, state_code};
pub use known::IssuedInvoice;
pub use list::InvoiceFilter;
pub(in crate::app) use name::modified_by;
pub use name::{WantedInvoice, document_kind, full_name, kind_named, kind_of_serie, nubefact_kind};
pub use plan::{InvoicePlan, IssueWish, ReadyInvoice};
pub use rehearsal::RehearsalStep;
pub(in crate::app) use room::REVIEW_FILE;
pub use room::{InvoiceRoom, JOURNAL_FILE};
pub use sheet::{
    CheckedRows, CheckedWorkbook, PlacedFinding, RowOutcome, SheetSide, SheetSpot, WorkbookSums,
    invoice_template, wanted_sheets,
};
pub use void::VoidedInvoice;
