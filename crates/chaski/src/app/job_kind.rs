//! What a job does.

use crate::named::named;

named! {
    /// The kinds of work.
    pub enum JobKind {
        /// A batch of look-ups.
        Batch = "lote",
        /// Deleting what has expired.
        Retention = "limpieza",
        /// Noting how many calls of the month are spent.
        Quota = "cuota",
        /// Bringing partners up to date.
        PartnerRefresh = "partners",
    }
}
