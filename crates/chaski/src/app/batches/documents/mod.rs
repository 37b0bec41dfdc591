//! Lists of documents that are issued: the second kind of batch.
//!
//! A list is checked whole when it is handed over (`submit.rs`), all of it or only what is right in it, and is
//! kept with what was found (`kept.rs`). Its run (`work.rs`) looks the customers up together, hands document
//! after document over to the queue of issuing, and notes each that has its number or came to nothing. Each
//! document has a key by what it says and by its name in the list: whatever is cut off, and however often a
//! list comes, each is issued once. `result.rs` says what became of each. `look.rs` only looks at a list: what is
//! right and wrong of it, and what handing it over would come to.

mod kept;
mod look;
mod result;
mod submit;
mod work;

pub use look::{ListPlan, LookedList, PlannedSeries, RehearsedList};
pub use submit::{DocumentsInput, DocumentsSubmission, DocumentsTaken, IssuingList};
