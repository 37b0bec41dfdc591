//! The client a program embeds: every question of APIMIGO as a method.

use std::sync::Arc;

use chaski_core::{Dni, ExchangeRate, Ruc, Taxpayer};
use jiff::civil::Date;
use secrecy::SecretString;

use crate::dialects::migo::{BASE_URL, MigoDialect, Version};
use crate::many::Outcomes;
use crate::{
    Account, AccountQuery, Activity, ActivityQuery, Ask, Clock, CpeQuery, CpeState, DniQuery,
    Engine, Error, Found, Http, LatestRateQuery, Ledger, Line, List, ListQuery, Lookup, Membership,
    MemoryLedger, Only, Person, RatesQuery, Representative, RepresentativesQuery, RucQuery,
    Settings, Transport, Upstream,
};

/// A client of APIMIGO with cache, coalescing, pace, quota, retries and native batching.
///
/// ```
/// # use std::sync::Arc;
/// use chaski_client::{Ask, Migo};
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let migo = Migo::builder("SU_TOKEN").build()?;
/// let found = migo.ruc(&"20131312955".parse()?, &Ask::default()).await?;
/// println!("{} ({})", found.value.nombre_o_razon_social, found.source.as_str());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Migo {
    engine: Engine,
    routes: Arc<Only<MigoDialect>>,
}

/// The name of APIMIGO on record.
pub(crate) const PROVIDER: &str = "migo";

/// Its caller waits for it in the middle of another question.
const TIME_FOR_THE_ACCOUNT: std::time::Duration = std::time::Duration::from_secs(5);

/// How a [`Migo`] is put together; everything but the token has a default.
pub struct MigoBuilder {
    token: SecretString,
    base_url: String,
    version: Version,
    settings: Settings,
    clock: Clock,
    transport: Option<Arc<dyn Transport>>,
    ledger: Option<Arc<dyn Ledger>>,
    known_ruc: Option<Ruc>,
}

impl Migo {
    /// SUNAT's own RUC: where it is not known, refusals say nothing.
    pub const KNOWN_RUC: &str = "20131312955";

    /// Starts from a token.
    ///
    /// ```
    /// use chaski_client::{Migo, Settings};
    /// let settings = Settings { calls_per_minute: 120, ..Settings::default() };
    /// assert!(Migo::builder("SU_TOKEN").settings(settings).build().is_ok());
    /// ```
    pub fn builder(token: impl Into<String>) -> MigoBuilder {
        MigoBuilder {
            token: SecretString::from(token.into()),
            base_url: BASE_URL.to_owned(),
            version: Version::default(),
            settings: Settings::default(),
            clock: Clock::system(),
            transport: None,
            ledger: None,
            known_ruc: None,
        }
    }

    /// Asks any of APIMIGO's questions; the other methods are short for it.
    ///
    /// ```
    /// # async fn run(migo: chaski_client::Migo) -> Result<(), Box<dyn std::error::Error>> {
    /// use chaski_client::{Ask, RucQuery};
    /// let found = migo.ask(&RucQuery("20131312955".parse()?), &Ask::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ask<L: Lookup>(&self, question: &L, ask: &Ask) -> Result<Found<L::Answer>, Error>
    where
        MigoDialect: Upstream<L>,
    {
        self.engine.lookup(&self.routes, question, ask).await
    }

    /// Many RUCs through the native batch call, up to 100 a call; outcomes come in groups.
    pub fn rucs(&self, rucs: &[Ruc], ask: &Ask) -> Outcomes<Taxpayer> {
        let questions = rucs.iter().copied().map(RucQuery).collect();
        self.engine.lookup_many(&self.routes, questions, ask)
    }

    /// Many DNIs, one call each in a sliding window, in the order given.
    pub async fn dnis(&self, dnis: &[Dni], ask: &Ask) -> Vec<Result<Found<Person>, Error>> {
        let questions: Vec<_> = dnis.iter().copied().map(DniQuery).collect();
        self.engine.lookup_each(&self.routes, &questions, ask).await
    }

    /// Many vouchers, one call each in a sliding window; outcomes come as they are there.
    pub fn cpes(&self, vouchers: Vec<CpeQuery>, ask: &Ask) -> Outcomes<CpeState> {
        self.engine.lookup_singly(&self.routes, vouchers, ask)
    }

    /// The account behind the token and the calls it has left.
    pub async fn account(&self, ask: &Ask) -> Result<Found<Account>, Error> {
        let found = self.ask(&AccountQuery, ask).await?;
        self.line().note_left(found.value.consultas).await;
        Ok(found)
    }

    /// When a limit may mean that the plan is used up, the account tells.
    fn ask_left_by_the_account(&self) {
        // Without the engine, which keeps it: neither would ever be let go of.
        let routes = Arc::clone(&self.routes);
        let how = Arc::new(move |engine| {
            let migo = Migo {
                engine,
                routes: Arc::clone(&routes),
            };
            let ask = Ask::by("chaski").deadline(TIME_FOR_THE_ACCOUNT);
            let left = async move { migo.account(&ask).await.ok()?.value.consultas };
            Box::pin(left) as futures_util::future::BoxFuture<'static, Option<i64>>
        });
        self.engine.ask_left_by(self.line(), how);
    }

    /// Takes another token from the next call on; one that cannot be sent is an error, and the old one
    /// stays.
    ///
    /// ```
    /// let migo = chaski_client::Migo::builder("SU_TOKEN").build()?;
    /// migo.set_token("OTRO_TOKEN")?;
    /// assert!(migo.set_token("dos\nlíneas").is_err());
    /// # Ok::<(), chaski_client::Error>(())
    /// ```
    pub fn set_token(&self, token: impl Into<String>) -> Result<(), Error> {
        let token = SecretString::from(token.into());
        self.routes.dialect().set_token(&token)
    }

    /// Takes over limits and times while calls are under way: they go on with what they began with. How
    /// many calls go at once, and what is kept and put on record, stays as it was.
    ///
    /// ```
    /// use chaski_client::{Migo, Settings};
    /// let migo = Migo::builder("SU_TOKEN").build()?;
    /// migo.retune(&Settings { quota: Some(40_000), ..Settings::default() });
    /// # Ok::<(), chaski_client::Error>(())
    /// ```
    pub fn retune(&self, settings: &Settings) {
        self.line().retune(settings);
        self.engine.retune(settings);
    }

    /// The engine, for its statistics and its memory.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn routes(&self) -> &Arc<Only<MigoDialect>> {
        &self.routes
    }

    /// The line to APIMIGO, for its statistics, its breaker and its quota.
    pub fn line(&self) -> &Line {
        self.routes.line()
    }
}

/// Questions that are one look-up each, as methods of both clients.
macro_rules! questions {
    ($(
        $(#[$doc:meta])*
        fn $name:ident($($part:ident: $kind:ty),*) -> $answer:ty { $question:expr }
    )*) => {
        impl Migo {
            $($(#[$doc])*
            pub async fn $name(&self, $($part: $kind,)* ask: &Ask) -> Result<Found<$answer>, Error> {
                // Not through `ask`: one future more is felt by a look-up that memory answers.
                self.engine.lookup(&self.routes, &$question, ask).await
            })*
        }

        impl crate::blocking::Migo {
            $($(#[$doc])*
            pub fn $name(&self, $($part: $kind,)* ask: &Ask) -> Result<Found<$answer>, Error> {
                self.wait(self.inner.$name($($part,)* ask))
            })*
        }
    };
}

questions! {
    /// What the registry knows of a RUC.
    fn ruc(ruc: &Ruc) -> Taxpayer { RucQuery(*ruc) }

    /// The owner of a DNI.
    fn dni(dni: &Dni) -> Person { DniQuery(*dni) }

    /// The latest rate of SUNAT, US dollars.
    fn latest_rate() -> ExchangeRate { LatestRateQuery }

    /// The rates of SUNAT published between two dates, both included, as the provider has them: days may
    /// be missing. [`Migo::rates_between`] gives every calendar day.
    fn rates(desde: Date, hasta: Date) -> Vec<ExchangeRate> { RatesQuery { desde, hasta } }

    /// The legal representatives of a RUC.
    fn representatives(ruc: &Ruc) -> Vec<Representative> { RepresentativesQuery(*ruc) }

    /// The economic activity of a RUC.
    fn activity(ruc: &Ruc) -> Activity { ActivityQuery(*ruc) }

    /// Whether a RUC is on one of SUNAT's lists; not being on it is an error with
    /// [`Error::is_not_found`].
    fn membership(list: List, ruc: &Ruc) -> Membership { ListQuery { list, ruc: *ruc } }

    /// Whether a received electronic document exists at SUNAT.
    fn cpe(query: &CpeQuery) -> CpeState { *query }
}

impl MigoBuilder {
    /// Another address of the API; plain HTTP is accepted for loopback only.
    #[must_use]
    pub fn base_url(mut self, base_url: impl Into<String>) -> MigoBuilder {
        self.base_url = base_url.into();
        self
    }

    /// Which version of the API to prefer.
    #[must_use]
    pub fn version(mut self, version: Version) -> MigoBuilder {
        self.version = version;
        self
    }

    /// Limits and times.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> MigoBuilder {
        self.settings = settings;
        self
    }

    /// Where the time comes from.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> MigoBuilder {
        self.clock = clock;
        self
    }

    /// How requests leave; TCP and TLS by default.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> MigoBuilder {
        self.transport = Some(transport);
        self
    }

    /// Where answers and calls are kept; the process's memory by default.
    #[must_use]
    pub fn ledger(mut self, ledger: Arc<dyn Ledger>) -> MigoBuilder {
        self.ledger = Some(ledger);
        self
    }

    /// A RUC that exists, asked before several refusals in a row are believed; SUNAT's own by
    /// default.
    #[must_use]
    pub fn known_ruc(mut self, known: Ruc) -> MigoBuilder {
        self.known_ruc = Some(known);
        self
    }

    /// Puts it together; an unusable address or token is an error that says so.
    pub fn build(self) -> Result<Migo, Error> {
        let dialect = MigoDialect::new(&self.base_url, &self.token, self.version)?;
        let transport = self.transport.unwrap_or_else(|| Arc::new(Http::new()));
        let ledger = self.ledger.unwrap_or_else(|| Arc::new(MemoryLedger::new()));
        let clock = self.clock;
        let line = Line::new(PROVIDER, &self.settings, clock, transport, ledger.clone());
        let engine = Engine::new(self.settings, clock, ledger);
        let dialect = Arc::new(dialect);
        let known = self.known_ruc.or_else(|| Migo::KNOWN_RUC.parse().ok());
        if let Some(known) = known {
            engine.doubt_without(&line, &dialect, RucQuery(known));
        }
        let routes = Arc::new(Only::new(line, dialect));
        let migo = Migo { engine, routes };
        migo.ask_left_by_the_account();
        Ok(migo)
    }
}
