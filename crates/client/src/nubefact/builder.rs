//! How a client of Nubefact is put together.

use std::sync::Arc;
use std::time::Duration;

use chaski_core::Ruc;

use super::flights::KeyFlights;
use super::{Nubefact, Shared};
use crate::dialects::nubefact::{AuthForm, NUBEFACT_HOST, NubefactDialect, NubefactToken, Ruta};
use crate::{
    Ask, Clock, Error, Exit, Http, Journal, Ledger, Line, MemoryJournal, MemoryLedger, Settings,
    Transport,
};

/// The name of Nubefact on record.
const PROVIDER: &str = "nubefact";
/// The journal counts on nothing of an attempt being under way later than its longest time.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(110);

/// Pace, places, breaker and times for each of the things that are done; each has its own, for each ruta.
///
/// ```
/// use std::time::Duration;
/// use chaski_client::NubefactSettings;
/// let mut settings = NubefactSettings::default();
/// settings.issuing.concurrency = 20;
/// settings.asking.attempt_timeout = Duration::from_secs(10);
/// ```
#[derive(Debug, Clone)]
pub struct NubefactSettings {
    /// Documents. One attempt is listened to for at most 110 seconds, whatever is set.
    pub issuing: Settings,
    /// Questions about documents.
    pub asking: Settings,
    /// Voids.
    pub voiding: Settings,
    /// PDF, XML and CDR.
    pub files: Settings,
}

impl Default for NubefactSettings {
    fn default() -> NubefactSettings {
        let of = |attempt, deadline, concurrency| Settings {
            attempt_timeout: Duration::from_secs(attempt),
            deadline: Duration::from_secs(deadline),
            concurrency,
            // Answers may hold the files.
            most_bytes: 16 * 1024 * 1024,
            ..Settings::default()
        };
        NubefactSettings {
            // SUNAT answers within it: three seconds usually, and much longer on some days.
            // A document that has leave is written down before it is sent.
            issuing: Settings {
                ahead: 6,
                ..of(60, 120, 10)
            },
            asking: of(20, 60, 10),
            voiding: of(60, 120, 4),
            files: of(30, 90, 6),
        }
    }
}

/// How a [`Nubefact`] is put together; everything but ruta and token has a default.
pub struct NubefactBuilder {
    ruta: String,
    token: String,
    host: String,
    auth: AuthForm,
    ruc: Option<Ruc>,
    settings: NubefactSettings,
    clock: Clock,
    transport: Option<Arc<dyn Transport>>,
    ledger: Option<Arc<dyn Ledger>>,
    journal: Option<Arc<dyn Journal>>,
    exit: Exit,
}

impl NubefactBuilder {
    pub(super) fn new(ruta: String, token: String) -> NubefactBuilder {
        NubefactBuilder {
            ruta,
            token,
            host: NUBEFACT_HOST.to_owned(),
            auth: AuthForm::default(),
            ruc: None,
            settings: NubefactSettings::default(),
            clock: Clock::system(),
            transport: None,
            ledger: None,
            journal: None,
            exit: Exit::default(),
        }
    }

    /// Where a ruta that is no whole address lives, for instance a sandbox.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> NubefactBuilder {
        self.host = host.into();
        self
    }

    /// How the token is written into the header.
    #[must_use]
    pub fn auth(mut self, auth: AuthForm) -> NubefactBuilder {
        self.auth = auth;
        self
    }

    /// The RUC that the ruta issues for. It is then the issuer's name in the journal, and a document of
    /// another RUC is never taken for ours. Without it the ruta stands for the issuer.
    #[must_use]
    pub fn ruc(mut self, ruc: Ruc) -> NubefactBuilder {
        self.ruc = Some(ruc);
        self
    }

    /// Limits and times.
    #[must_use]
    pub fn settings(mut self, settings: NubefactSettings) -> NubefactBuilder {
        self.settings = settings;
        self
    }

    /// Where the time comes from.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> NubefactBuilder {
        self.clock = clock;
        self
    }

    /// How everything leaves; TCP and TLS by default, on fresh connections for what must arrive once.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> NubefactBuilder {
        self.transport = Some(transport);
        self
    }

    /// Where calls are put on record; the process's memory by default.
    #[must_use]
    pub fn ledger(mut self, ledger: Arc<dyn Ledger>) -> NubefactBuilder {
        self.ledger = Some(ledger);
        self
    }

    /// What must not be forgotten; the process's memory by default, **which a crash forgets**: give it a
    /// [`FileJournal`](crate::FileJournal).
    #[must_use]
    pub fn journal(mut self, journal: impl Journal) -> NubefactBuilder {
        self.journal = Some(Arc::new(journal));
        self
    }

    /// How its requests leave; straight by default.
    #[must_use]
    pub fn exit(mut self, exit: Exit) -> NubefactBuilder {
        self.exit = exit;
        self
    }

    /// The same for one that others use too.
    #[must_use]
    pub fn shared_journal(mut self, journal: Arc<dyn Journal>) -> NubefactBuilder {
        self.journal = Some(journal);
        self
    }

    /// Puts it together; an unusable ruta or token is an error that says so. What was taken off a token,
    /// [`NubefactToken::parse`] says.
    pub fn build(self) -> Result<Nubefact, Error> {
        let (token, _) = NubefactToken::parse(&self.token)?;
        let ruta = Ruta::parse(&self.ruta, &self.host, &token)?;
        let issuer = match &self.ruc {
            Some(ruc) => ruc.as_str().into(),
            None => ruta.fingerprint().into(),
        };
        let ledger = self.ledger.unwrap_or_else(|| Arc::new(MemoryLedger::new()));
        let (clock, transport) = (self.clock, self.transport);
        let exit = self.exit;
        let line = |settings: Settings, usual: fn(&Exit) -> Http| {
            let transport = transport.clone().unwrap_or_else(|| Arc::new(usual(&exit)));
            Line::new(PROVIDER, &settings, clock, transport, ledger.clone())
        };
        let once = |settings: Settings| Settings {
            attempt_timeout: settings.attempt_timeout.min(LONGEST_ATTEMPT),
            ..settings
        };
        let of_files = if ruta.is_here() {
            Http::leaving
        } else {
            Http::to_public_addresses
        };
        let settings = self.settings;
        let shared = Shared {
            issuer,
            ruc: self.ruc,
            journal: self
                .journal
                .unwrap_or_else(|| Arc::new(MemoryJournal::new())),
            clock,
            issuing: line(once(settings.issuing), Http::to_issue),
            asking: line(settings.asking, Http::leaving),
            voiding: line(once(settings.voiding), Http::to_issue),
            files: line(settings.files, of_files),
            flights: KeyFlights::default(),
            dialect: NubefactDialect::new(ruta, self.auth, token),
        };
        Ok(Nubefact {
            shared: Arc::new(shared),
            ask: Ask::default(),
        })
    }
}
