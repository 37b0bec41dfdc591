//! What a job does.

/// The kinds of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// A batch of look-ups.
    Batch,
    /// Deleting what has expired.
    Retention,
    /// Noting how many calls of the month are spent.
    Quota,
    /// Bringing partners up to date.
    PartnerRefresh,
}

impl JobKind {
    /// All of them.
    pub const ALL: [JobKind; 4] = [
        JobKind::Batch,
        JobKind::Retention,
        JobKind::Quota,
        JobKind::PartnerRefresh,
    ];

    /// Stable name, as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            JobKind::Batch => "lote",
            JobKind::Retention => "limpieza",
            JobKind::Quota => "cuota",
            JobKind::PartnerRefresh => "partners",
        }
    }

    /// The kind of a stored name.
    pub fn parse(name: &str) -> Option<JobKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
