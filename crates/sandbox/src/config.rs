//! How a sandbox is set up.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::fault::Fault;
use crate::latency::Latency;
use crate::nubefact::NubefactConfig;

/// Entries plus the numbers in them: what the memory of the ledger is bounded by.
const DEFAULT_CAPACITY: usize = 1_000_000;

/// Everything that can be chosen. Start from [`SandboxConfig::new`]:
///
/// ```
/// use chaski_sandbox::SandboxConfig;
/// let config = SandboxConfig {
///     quota: Some(700),
///     ..SandboxConfig::new(|| "2026-01-28T15:00:00Z".parse().expect("a valid instant"))
/// };
/// assert_eq!(config.seed, 1);
/// ```
#[derive(Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent reading of what the service leaves undocumented"
)]
pub struct SandboxConfig {
    /// Chooses the invented registry and everything drawn.
    pub seed: u64,
    /// How long answers take.
    pub latency: Latency,
    /// Calls in the plan; `None`: no limit.
    pub quota: Option<u64>,
    /// A collection costs one call for each RUC instead of one in all.
    pub charge_per_ruc: bool,
    /// A collection leaves unknown RUCs out instead of answering `success:false` for them.
    pub collection_omits_unknown: bool,
    /// How many of its first known RUCs a collection leaves out.
    pub collection_drops: usize,
    /// A collection answers in the reverse order.
    pub collection_reverses: bool,
    /// v1 sends prices as JSON numbers instead of text.
    pub v1_prices_as_numbers: bool,
    /// v1 answers 403 instead of 401 to a bad token.
    pub v1_rejects_with_403: bool,
    /// "Not a member" of the registers of agents and good taxpayers is a 404 instead of a 200.
    pub not_a_member_is_404: bool,
    /// Tokens that are refused, by either upstream. All others, if not empty, are taken.
    pub rejected_tokens: Vec<String>,
    /// Tokens whose plan includes nothing: 403.
    pub forbidden_tokens: Vec<String>,
    /// Faults in force from the start.
    pub faults: Vec<Fault>,
    /// A file to which the ledger is appended, one JSON object per line.
    pub ledger_file: Option<PathBuf>,
    /// Entries plus numbers in them that the ledger keeps in memory.
    pub ledger_capacity: usize,
    /// Nubefact's side.
    pub nubefact: NubefactConfig,
    /// The clock, before it is moved by the sandbox's own door: what is today depends on it.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl SandboxConfig {
    /// Seed 1, no latency, no limit, no faults.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> SandboxConfig {
        SandboxConfig {
            seed: 1,
            latency: Latency::None,
            quota: None,
            charge_per_ruc: false,
            collection_omits_unknown: false,
            collection_drops: 0,
            collection_reverses: false,
            v1_prices_as_numbers: false,
            v1_rejects_with_403: false,
            not_a_member_is_404: false,
            rejected_tokens: Vec::new(),
            forbidden_tokens: Vec::new(),
            faults: Vec::new(),
            ledger_file: None,
            ledger_capacity: DEFAULT_CAPACITY,
            nubefact: NubefactConfig::default(),
            now: Arc::new(now),
        }
    }
}

impl fmt::Debug for SandboxConfig {
    /// Without the tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxConfig")
            .field("seed", &self.seed)
            .field("latency", &self.latency)
            .field("quota", &self.quota)
            .field("faults", &self.faults)
            .field("nubefact", &self.nubefact)
            .finish_non_exhaustive()
    }
}
