//! How Nubefact's side of the sandbox is set up.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Series that are open in every account from the start, as in Nubefact's demo.
pub(crate) const DEMO_SERIES: [&str; 6] = ["FFF1", "BBB1", "TTT1", "VVV1", "RRR1", "PPP1"];
/// Documents that a demo account of the real Nubefact holds.
pub const DEMO_CAP: usize = 50;

/// Everything about Nubefact that can be chosen. Start from [`NubefactConfig::default`], which
/// remembers in memory only, or from [`NubefactConfig::in_folder`]:
///
/// ```
/// use chaski_sandbox::{DEMO_CAP, NubefactAccount, NubefactConfig};
/// let config = NubefactConfig {
///     accounts: vec![NubefactAccount {
///         ruta: "tienda".to_owned(),
///         series: vec!["F001".to_owned(), "B001".to_owned()],
///         cap: Some(DEMO_CAP),
///         ..NubefactAccount::default()
///     }],
///     // Every other ruta is wrong: 11.
///     others: None,
///     ..NubefactConfig::default()
/// };
/// assert!(config.folder.is_none());
/// ```
#[derive(Clone)]
pub struct NubefactConfig {
    /// Accounts with a ruta of their own.
    pub accounts: Vec<NubefactAccount>,
    /// What an account is like whose ruta is a UUID or 64 hexadecimal digits and not listed;
    /// `None`: such a ruta is wrong (11).
    pub others: Option<NubefactAccount>,
    /// Where documents, simulated time and ledger are kept, shared by all processes that open it.
    /// `None`: they end with the sandbox.
    pub folder: Option<PathBuf>,
    /// How what rests in the folder is made unreadable; `None`: with a key that lies beside it.
    pub seal: Option<StateSeal>,
    /// Takes documents dated today only, as the manual says. Else 0 to 3 days back are taken.
    pub only_today: bool,
    /// A `codigo_unico` that was used before is a 23, whatever the number. What the real Nubefact
    /// does is not known.
    pub unique_code: bool,
    /// Simulated time until SUNAT accepts a guía.
    pub guia_takes: Duration,
    /// Simulated time until SUNAT answers a void's ticket.
    pub void_takes: Duration,
    /// What links begin with, `https://www.nubefact.com` for instance. `None`: with the address by
    /// which the sandbox was reached, and in process with that one.
    pub links: Option<String>,
    /// Answers carry the files in base64, as accounts do where the panel says so.
    pub attach_files: bool,
}

impl Default for NubefactConfig {
    fn default() -> NubefactConfig {
        NubefactConfig {
            accounts: Vec::new(),
            others: Some(NubefactAccount::default()),
            folder: None,
            seal: None,
            only_today: false,
            unique_code: false,
            guia_takes: Duration::from_secs(5),
            void_takes: Duration::from_secs(10),
            links: None,
            attach_files: false,
        }
    }
}

impl NubefactConfig {
    /// The default, but remembered in that folder, which must exist.
    pub fn in_folder(folder: impl Into<PathBuf>) -> NubefactConfig {
        NubefactConfig {
            folder: Some(folder.into()),
            ..NubefactConfig::default()
        }
    }

    /// The account of a ruta, if there is one.
    pub(crate) fn account(&self, ruta: &str) -> Option<&NubefactAccount> {
        let listed = self.accounts.iter().find(|account| account.ruta == ruta);
        listed.or_else(|| self.others.as_ref().filter(|_| has_shape_of_ruta(ruta)))
    }

    pub(crate) fn is_named(&self, ruta: &str) -> bool {
        self.accounts.iter().any(|account| account.ruta == ruta)
    }
}

/// A UUID, or 64 hexadecimal digits as resellers have.
fn has_shape_of_ruta(ruta: &str) -> bool {
    let groups: Vec<&str> = ruta.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let hexadecimal = ruta.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    hexadecimal && (lengths == [64] || lengths == [8, 4, 4, 4, 12])
}

impl fmt::Debug for NubefactConfig {
    /// Without rutas and tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NubefactConfig")
            .field("accounts", &self.accounts.len())
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// One account of Nubefact: an issuer and what it may do.
#[derive(Clone)]
pub struct NubefactAccount {
    /// The last part of its address: a UUID, 64 hexadecimal digits, or any name of one segment.
    pub ruta: String,
    /// Its tokens. Empty: any token is good.
    pub tokens: Vec<String>,
    /// The issuer's RUC.
    pub ruc: String,
    /// The issuer's name.
    pub name: String,
    /// The issuer's address.
    pub address: String,
    /// Series that are open besides FFF1, BBB1, TTT1, VVV1, RRR1 and PPP1.
    pub series: Vec<String>,
    /// Documents that it may hold; [`DEMO_CAP`] is what the real demo allows. `None`: no limit, so
    /// that the sandbox can be used for more than a first try.
    pub cap: Option<usize>,
    /// Whether it may be used.
    pub standing: Standing,
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    /// It may.
    #[default]
    Good,
    /// Suspended: 50.
    Suspended,
    /// Suspended because it was not paid for: 51.
    Unpaid,
}

impl Default for NubefactAccount {
    fn default() -> NubefactAccount {
        NubefactAccount {
            ruta: String::new(),
            tokens: Vec::new(),
            ruc: "20603274742".to_owned(),
            name: "EMPRESA DE PRUEBA CUATRO E.I.R.L.".to_owned(),
            address: "AV. DE PRUEBA 123 - LIMA - LIMA - MIRAFLORES".to_owned(),
            series: Vec::new(),
            cap: None,
            standing: Standing::Good,
        }
    }
}

impl NubefactAccount {
    pub(crate) fn has_series(&self, serie: &str) -> bool {
        DEMO_SERIES.contains(&serie) || self.series.iter().any(|open| open == serie)
    }
}

impl fmt::Debug for NubefactAccount {
    /// Without ruta and tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NubefactAccount")
            .field("ruc", &self.ruc)
            .field("series", &self.series)
            .field("cap", &self.cap)
            .field("standing", &self.standing)
            .finish_non_exhaustive()
    }
}

/// Makes bytes unreadable, and readable again. The program gives its folder's key in this form.
#[derive(Clone)]
pub struct StateSeal {
    /// Seals.
    pub seal: Arc<SealFn>,
    /// Opens what was sealed; `None` where it was not sealed by this key or was changed since.
    pub open: Arc<OpenFn>,
}

/// Of what is given, what may rest on a disk.
pub type SealFn = dyn Fn(&[u8]) -> Vec<u8> + Send + Sync;
/// The reverse, if it is possible.
pub type OpenFn = dyn Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync;
