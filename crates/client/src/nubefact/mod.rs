//! The client a program embeds: issuing once, asking, voiding, and the files of a document.
//!
//! What each operation of Nubefact is here:
//!
//! | operation | here |
//! |---|---|
//! | `generar_comprobante`, `generar_guia`, `generar_retencion`, `generar_percepcion` | [`Nubefact::issue`] |
//! | `consultar_comprobante`, `consultar_guia`, `consultar_retencion`, `consultar_percepcion` | [`Nubefact::consult`] |
//! | `generar_anulacion`, `generar_reversion_retencion`, `generar_reversion_percepcion` | [`Nubefact::void`] |
//! | `consultar_anulacion`, `consultar_reversion_retencion`, `consultar_reversion_percepcion` | [`Nubefact::consult_void`] |
//! | any of them, as JSON | [`Nubefact::send_json`] |
//!
//! And what each method of `NubefactService` and `NubefactServiceAsync`, the classes of the system that
//! this replaces, is here, with what is no longer done wrong:
//!
//! | there | here | no longer |
//! |---|---|---|
//! | `NubefactService.generar_comprobante(datos)` | [`Nubefact::issue`], [`blocking::Nubefact::issue`](crate::blocking::Nubefact::issue) | every accepted document reported as failed, for want of a key `success` that Nubefact never sends; numbers taken in a transaction of their own; code 23 unhandled; a lost answer answered by the next number |
//! | `NubefactServiceAsync.generar_comprobante(payload, batch_request, caller_context)` | [`Nubefact::issue`], who asks by [`Nubefact::asked_by`] | boletas to a DNI refused by a schema that wanted eleven digits; retries configured and never made, which for issuing would be wrong as well |
//! | `NubefactService.consultar_comprobante(tipo, serie, numero)` | [`Nubefact::consult`] | "not accepted yet" taken for a rejection |
//! | `consultar_comprobante(numero, called_from)` | [`Nubefact::consult`] | a query without kind and series, which names no document |
//! | `NubefactService.anular_comprobante(tipo, serie, numero, motivo)` | [`Nubefact::void`] | a void sent again that SUNAT has heard of, or on a boleta that it has not accepted, or too late |
//! | `NubefactServiceAsync.anular_comprobante(numero, motivo)` | [`Nubefact::void`] | a body of number and reason alone, without operation, kind or series |
//! | `send_request(endpoint_name, data, …)` | [`Nubefact::send_json`] | a way round the rules: JSON issues through the journal as well |
//! | `ERROR_CODES` | [`IssueSettled`], [`NubefactError`] | one reaction to all codes; a 200 with another document's answer taken for ours |
//! | `async with`, `close()` | nothing to close | calls logged by tasks that were lost on closing: they are on record beside the send |
//! | `NubefactConfig`, `TimeoutConfig` | [`Nubefact::builder`], [`NubefactSettings`] | `Bearer` put before every token; whole answers printed |

mod builder;
mod error;
mod files;
mod flights;
mod links;
mod sniff;

pub use builder::{NubefactBuilder, NubefactSettings};
pub use error::NubefactError;
pub use files::{FetchedFile, FileKind};

use std::sync::Arc;

use bytes::Bytes;
use chaski_core::{Ruc, text};
use compact_str::CompactString;

use crate::dialects::nubefact::likeness::request_about;
use crate::dialects::nubefact::{
    NubefactDialect, NubefactDocument, NubefactId, NubefactKind, NubefactOperation, NubefactReply,
    NubefactToken,
};
use crate::issue::{
    FoundByName, IssueSettled, IssueTurn, IssuingWay, VoidSettled, VoidWish, finding_of,
    is_of_void, resolve, settle, settle_void, told,
};
use crate::journal::{Intent, Journal, JournalEntry, Noted, SeriesCount, SeriesName, StoredReply};
use crate::{Ask, Clock, Error, Failure, Line};

use flights::KeyFlights;

/// A client of Nubefact for one ruta. Clones share everything.
///
/// ```
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use chaski_client::{FileJournal, Nubefact, NubefactDocument, NubefactKind};
/// let journal = FileJournal::open("emision.diario", Default::default())?;
/// let nubefact = Nubefact::builder("SU_RUTA", "SU_TOKEN").journal(journal).build()?;
/// nubefact.open_series(NubefactKind::Factura, "FFF1", 0).await?;
/// let document = NubefactDocument::from_json(&std::fs::read("factura.json")?)?;
/// let settled = nubefact.issue(&document, "pedido-1234").await?;
/// println!("{}: {}", settled.estado(), settled.message(Default::default()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Nubefact {
    shared: Arc<Shared>,
    ask: Ask,
}

struct Shared {
    dialect: NubefactDialect,
    issuer: CompactString,
    ruc: Option<Ruc>,
    journal: Arc<dyn Journal>,
    clock: Clock,
    issuing: Line,
    asking: Line,
    voiding: Line,
    files: Line,
    flights: KeyFlights,
}

/// What came of a request given as JSON.
#[derive(Debug)]
pub enum JsonSent {
    /// It asked: Nubefact's word, or none where there is no such document.
    Asked(Option<NubefactReply>),
    /// It issues.
    Issued(IssueSettled),
    /// It voids.
    Voided(VoidSettled),
}

/// Longest key.
const MOST_KEY: usize = 255;
/// Most numbers that are asked about in one walk.
const MOST_WALKED: u32 = 1_000;

impl Nubefact {
    /// Starts from a ruta (the whole address, or its last part) and its token.
    ///
    /// ```
    /// use chaski_client::Nubefact;
    /// assert!(Nubefact::builder("SU_RUTA", " Token token=\"SU_TOKEN\" ").build().is_ok());
    /// assert!(Nubefact::builder("https://api.nubefact.com/api/v1/x?token=abc", "abc").build().is_err());
    /// ```
    pub fn builder(ruta: impl Into<String>, token: impl Into<String>) -> NubefactBuilder {
        NubefactBuilder::new(ruta.into(), token.into())
    }

    /// The same client asking in another's name, for the record.
    #[must_use]
    pub fn asked_by(&self, ask: Ask) -> Nubefact {
        Nubefact {
            shared: Arc::clone(&self.shared),
            ask,
        }
    }

    /// Issues a document exactly once under a key of the caller's: the same key again is the same
    /// document. It goes on when the caller does not wait for it.
    ///
    /// Without a key of one's own, [`NubefactDocument::content_hash`] is one: the same content is then
    /// issued once.
    pub async fn issue(
        &self,
        document: &NubefactDocument,
        key: &str,
    ) -> Result<IssueSettled, NubefactError> {
        let at = self.shared.clock.now();
        let intent = Intent::to_issue(&self.shared.issuer, key, document, at);
        self.settle(intent).await
    }

    /// The same for a wish with all its options.
    pub async fn settle(&self, intent: Intent) -> Result<IssueSettled, NubefactError> {
        self.settle_in_turn(intent, IssueTurn::default()).await
    }

    /// The same of a document that goes out behind another.
    pub async fn settle_in_turn(
        &self,
        intent: Intent,
        turn: IssueTurn,
    ) -> Result<IssueSettled, NubefactError> {
        check_key(&intent.key)?;
        let it = self.clone();
        // Whoever gives up waiting must not leave the journal without an outcome.
        let settled = tokio::spawn(async move {
            let _flight = it.shared.flights.turn(&intent.key).await;
            let way = it.way(&it.shared.issuing);
            settle(&way, &*it.shared.journal, &intent, turn).await
        });
        Ok(settled
            .await
            .map_err(|_| Error::failed(Failure::Internal))??)
    }

    /// Asks what became of a document whose attempt is open; sends nothing that issues.
    pub async fn resolve(&self, entry: &JournalEntry) -> Result<IssueSettled, NubefactError> {
        let _flight = self.shared.flights.turn(&entry.key).await;
        let way = self.way(&self.shared.asking);
        Ok(resolve(&way, &*self.shared.journal, entry).await?)
    }

    /// What the journal knows of a document, as what its wish came to; nobody is asked.
    pub fn told(&self, entry: &JournalEntry) -> IssueSettled {
        told(entry)
    }

    /// Asks about every document of this issuer whose attempt is open: what a program does first when it
    /// starts.
    pub async fn resolve_open(&self) -> Result<Vec<IssueSettled>, NubefactError> {
        let mut settled = Vec::new();
        for entry in self.shared.journal.open().await? {
            let is_issue = entry.deed == crate::JournalDeed::Issue;
            if is_issue && entry.series.issuer == self.shared.issuer {
                settled.push(self.resolve(&entry).await?);
            }
        }
        Ok(settled)
    }

    /// How a document stands; none where Nubefact has no such document. What it says of one that was
    /// issued from here goes into the journal.
    pub async fn consult(&self, id: &NubefactId) -> Result<Option<NubefactReply>, NubefactError> {
        let operation = id.kind.asking();
        let body = Bytes::from(request_about(operation, id, &[]));
        let reply = self
            .ask(operation, &id.to_string(), body, |it| it.is_of(id))
            .await?;
        let Some(reply) = reply else {
            return Ok(None);
        };
        let series = SeriesName::new(&self.shared.issuer, id.kind, &id.serie);
        let entry = self.shared.journal.by_numero(&series, id.numero).await?;
        if let Some(entry) = entry.filter(|it| it.accepted().is_some()) {
            let noted = Noted::Reply {
                reply: StoredReply::of(&reply),
            };
            let at = self.shared.clock.now();
            self.shared.journal.note(entry.id, &noted, at).await?;
        }
        Ok(Some(reply))
    }

    /// How the voiding of a document stands; none where there is none.
    pub async fn consult_void(
        &self,
        id: &NubefactId,
    ) -> Result<Option<NubefactReply>, NubefactError> {
        let operation = id.kind.asking_voided().ok_or_else(no_void_of_a_guia)?;
        let body = Bytes::from(request_about(operation, id, &[]));
        self.ask(operation, &id.to_string(), body, |it| is_of_void(it, id))
            .await
    }

    /// Voids a document exactly once: asks first whether it may be voided and whether it was.
    pub async fn void(&self, wish: &VoidWish) -> Result<VoidSettled, NubefactError> {
        let (it, wish) = (self.clone(), wish.clone());
        let settled = tokio::spawn(async move {
            let flight = wish.key();
            let _flight = it.shared.flights.turn(&flight).await;
            let shared = &*it.shared;
            settle_void(
                &it.way(&shared.voiding),
                &*shared.journal,
                &shared.issuer,
                &wish,
            )
            .await
        });
        Ok(settled
            .await
            .map_err(|_| Error::failed(Failure::Internal))??)
    }

    /// Sends a request given as Nubefact's JSON, by its `operacion`. One that issues needs a key, or its
    /// content is the key; it goes through the journal like any other.
    pub async fn send_json(
        &self,
        json: &[u8],
        key: Option<&str>,
    ) -> Result<JsonSent, NubefactError> {
        let request = NubefactReply::from_json(json).ok_or_else(not_an_object)?;
        let operation: NubefactOperation = request.text("operacion").unwrap_or_default().parse()?;
        if operation.issues() {
            let document = NubefactDocument::from_json(json)?;
            let content = document.content_hash();
            let settled = self.issue(&document, key.unwrap_or(&content)).await?;
            return Ok(JsonSent::Issued(settled));
        }
        let id = id_of(operation, &request)?;
        if operation.voids() {
            let motivo = request.text("motivo").unwrap_or_default();
            let codigo = request.text("codigo_unico").unwrap_or_default();
            let wish = VoidWish::new(id, &motivo)?.codigo_unico(&codigo);
            return Ok(JsonSent::Voided(self.void(&wish).await?));
        }
        let body = Bytes::copy_from_slice(json);
        let is_void = id.kind.asking_voided() == Some(operation);
        let is_it = |it: &NubefactReply| {
            if is_void {
                is_of_void(it, &id)
            } else {
                it.is_of(&id)
            }
        };
        let reply = self.ask(operation, &id.to_string(), body, is_it).await?;
        Ok(JsonSent::Asked(reply))
    }

    /// Opens a series whose last number used is `last`, or raises its count; it never goes down. Answers
    /// the count.
    pub async fn open_series(
        &self,
        kind: NubefactKind,
        serie: &str,
        last: u32,
    ) -> Result<u32, NubefactError> {
        // The first number to come must be one that a document can have.
        let id = NubefactId::new(kind, serie, last.saturating_add(1))?;
        let series = SeriesName::new(&self.shared.issuer, kind, &id.serie);
        Ok(self.shared.journal.open_series(&series, last).await?)
    }

    /// The series that are open.
    pub async fn series(&self) -> Result<Vec<SeriesCount>, NubefactError> {
        let mut series = self.shared.journal.series().await?;
        series.retain(|it| it.series.issuer == self.shared.issuer);
        Ok(series)
    }

    /// Walks on from the count of a series until two numbers in a row are nobody's, and raises the count
    /// to the last one that is somebody's (rule R6): after a copy was restored, or where another system
    /// issues too. Answers the count.
    pub async fn walk_series(&self, kind: NubefactKind, serie: &str) -> Result<u32, NubefactError> {
        let mut last = self.open_series(kind, serie, 0).await?;
        let (mut absent, mut numero) = (0, last);
        for _ in 0..MOST_WALKED {
            numero += 1;
            let id = NubefactId::new(kind, serie, numero)?;
            match self.consult(&id).await? {
                Some(_) => (absent, last) = (0, numero),
                None if absent == 1 => break,
                None => absent += 1,
            }
        }
        self.open_series(kind, serie, last).await
    }

    /// Takes another token from the next request on; one that cannot be sent is an error, and the old one
    /// stays. The word is about what was taken off it.
    pub fn set_token(&self, token: &str) -> Result<Option<chaski_core::Text>, NubefactError> {
        let (token, word) = NubefactToken::parse(token)?;
        self.shared.dialect.set_token(token);
        Ok(word)
    }

    /// The journal.
    pub fn journal(&self) -> &Arc<dyn Journal> {
        &self.shared.journal
    }

    /// Who issues, as the journal has it: the RUC where it was given.
    pub fn issuer(&self) -> &str {
        &self.shared.issuer
    }

    /// The lines for issuing, asking, voiding and files, for their statistics and breakers.
    pub fn lines(&self) -> [&Line; 4] {
        let it = &self.shared;
        [&it.issuing, &it.asking, &it.voiding, &it.files]
    }

    fn way<'a>(&'a self, issuing: &'a Line) -> IssuingWay<'a> {
        IssuingWay {
            issuing,
            asking: &self.shared.asking,
            dialect: &self.shared.dialect,
            ruc: self.shared.ruc.as_ref(),
            ask: &self.ask,
        }
    }

    /// One question.
    async fn ask(
        &self,
        operation: NubefactOperation,
        name: &str,
        body: Bytes,
        is_it: impl Fn(&NubefactReply) -> bool,
    ) -> Result<Option<NubefactReply>, NubefactError> {
        let way = self.way(&self.shared.issuing);
        let (sent, exchange) = way
            .exchange_once(operation, name, body, &self.shared.asking)
            .await;
        let heard = exchange.heard();
        match finding_of(&sent, heard, is_it) {
            FoundByName::There(reply) => Ok(Some(reply)),
            FoundByName::Absent => Ok(None),
            FoundByName::NotTold(_) => Err(match heard.and_then(|it| it.refusal()) {
                Some(refusal) => NubefactError::Refused(refusal.clone()),
                None => Error::failed(sent.err().unwrap_or(Failure::Garbled)).into(),
            }),
        }
    }
}

fn check_key(key: &str) -> Result<(), Error> {
    if key.trim().is_empty() || key.len() > MOST_KEY || key.chars().any(char::is_control) {
        return Err(Error::invalid(text!(
            "la clave de idempotencia tiene de 1 a 255 caracteres visibles",
            "the idempotency key has 1 to 255 visible characters"
        )));
    }
    Ok(())
}

fn id_of(operation: NubefactOperation, request: &NubefactReply) -> Result<NubefactId, Error> {
    let of_operation = |kind: &NubefactKind| {
        kind.asking() == operation
            || kind.voiding() == Some(operation)
            || kind.asking_voided() == Some(operation)
    };
    let kind = if operation.has_kind() {
        request.kind()
    } else {
        NubefactKind::ALL.into_iter().find(of_operation)
    };
    let kind = kind.filter(of_operation).ok_or_else(|| {
        Error::invalid(text!(
            "«tipo_de_comprobante» falta o no corresponde a la operación",
            "\"tipo_de_comprobante\" is missing or does not go with the operation"
        ))
    })?;
    let serie = request.serie().unwrap_or_default();
    NubefactId::new(kind, &serie, request.numero().unwrap_or_default())
}

fn no_void_of_a_guia() -> Error {
    Error::invalid(text!(
        "una guía no se anula por aquí; hágalo en SUNAT Operaciones en Línea (SOL)",
        "a guía cannot be voided here; do it in SUNAT Operaciones en Línea (SOL)"
    ))
}

fn not_an_object() -> Error {
    Error::invalid(text!(
        "la petición no es un objeto JSON; empiece con llaves {{ }} y «operacion»",
        "the request is not a JSON object; begin with braces {{ }} and \"operacion\""
    ))
}
