//! A document in Nubefact's JSON, issued once: under the number that its sender brings, or the next one.

use chaski_client::{
    DocumentState, JournalDeed, NubefactId, NubefactReply, SeriesName, StoredReply,
};
use chaski_core::text;
use serde_json::{Map, Value};

use super::wait::is_barred;
use super::{RelayRefusal, RelayWish, Relayed};
use crate::app::AppError;
use crate::app::invoices::{InvoiceError, InvoiceRoom, ReadyInvoice, full_name};
use crate::app::issuing::AcceptOptions;
use crate::store::DocumentRow;

/// How often other content may be tried under one number.
const MOST_TRIED: u32 = 1_000;
/// Fields of every answer, which are not kept: null is how Nubefact itself leaves them out.
const NOT_KEPT: [&str; 3] = ["pdf_zip_base64", "xml_zip_base64", "cdr_zip_base64"];

/// What Nubefact says of a series that an account has not; the quote at its end is theirs.
const SERIES_NOT_OPEN: &str = "Serie No puedes emitir comprobantes con esta serie'";

/// What a wish to issue stands for.
enum TakenOn {
    Document(Box<DocumentRow>),
    Refused(RelayRefusal),
}

impl InvoiceRoom<'_> {
    pub(super) async fn relay_issue(&self, wish: &RelayWish) -> Result<Relayed, AppError> {
        // 1. Which document. What names none is refused by Nubefact too.
        let ready = match ReadyInvoice::verbatim(&wish.json) {
            Ok(Some(ready)) => ready,
            Ok(None) => return Ok(RelayRefusal::format().into()),
            Err(error) => return Ok(RelayRefusal::said_by(&error).into()),
        };
        if !wish.rights.allow(ready.to_send().serie()) {
            return Ok(RelayRefusal::reason_same(SERIES_NOT_OPEN).into());
        }
        // 2. Ours, now or since before.
        let document = match self.taken_on(ready, wish).await? {
            TakenOn::Document(document) => document,
            TakenOn::Refused(refusal) => return Ok(refusal.into()),
        };
        // 3. What came of it.
        let document = self.known_by(document.id, wish.until).await?;
        self.told_of(&document).await
    }

    async fn taken_on(&self, ready: ReadyInvoice, wish: &RelayWish) -> Result<TakenOn, AppError> {
        // 1. Another document may have the number, or this very one.
        let (series, numero) = self.name_of_ready(&ready);
        if let Some(numero) = numero {
            let store = &self.app.store;
            let bearers = store.documents_of_number(&series, numero, JournalDeed::Issue);
            for bearer in bearers.await? {
                if !came_to_nothing(&bearer) {
                    return self.same_or_taken(bearer, &ready).await;
                }
            }
        }
        // 2. The key. What was refused for certain may be followed by other content.
        let base = match numero {
            Some(numero) => format!("{}-{}-{numero}", series.kind.catalog_01(), series.serie),
            None => ready.key().to_owned(),
        };
        let mut key = base.clone();
        for place in 2..=MOST_TRIED {
            let known = self.app.store.document_of_key(&series.issuer, &key).await?;
            let Some(known) = known else { break };
            match known.state {
                DocumentState::Returned if self.says_the_same(&known, &ready).await? => {
                    let now = self.app.clock.now();
                    self.app.store.want_again(known.id, None, now).await?;
                    self.app.documents_moved();
                    return Ok(TakenOn::Document(Box::new(known)));
                }
                _ if came_to_nothing(&known) => key = format!("{base}#{place}"),
                _ => return self.same_or_taken(known, &ready).await,
            }
        }
        // 3. An account that is not served now takes nothing on.
        if let Some(refusal) = self.account_refuses().await? {
            return Ok(TakenOn::Refused(refusal));
        }
        // 4. It is ours.
        let ready = ready.under(key);
        let mut options = AcceptOptions {
            renumber: numero.is_none(),
            twin_while_open: true,
            key_id: wish.key_id,
            ..AcceptOptions::default()
        };
        loop {
            let refusal = match self.accept_invoice(&ready, &options).await {
                Ok(handed) => return Ok(TakenOn::Document(Box::new(handed.document))),
                Err(AppError::Invoice(InvoiceError::ProbablyTwice(name, first))) => {
                    if self.another_is_meant(first, wish.until).await? {
                        options.twin_allowed = true;
                        continue;
                    }
                    RelayRefusal::reason(text!(
                        "CH-DUPLICADO-PROBABLE: no se envió nada; hace poco llegó {name} con el mismo cliente, las mismas líneas y el mismo total, y no consta que usted sepa qué fue de ese documento: consúltelo antes de emitir otro igual",
                        "CH-DUPLICADO-PROBABLE: nothing was sent; a short while ago {name} came with the same customer, lines and total, and it is not on record that you know what became of it: ask about it before you issue another one like it"
                    ))
                }
                Err(AppError::Invoice(
                    InvoiceError::OtherContent(name) | InvoiceError::NumberUsed(name, _),
                )) => with_other_content(&name),
                Err(AppError::Invoice(InvoiceError::NumberTheirs)) => RelayRefusal::theirs(),
                Err(AppError::Invoice(error @ InvoiceError::NotIssuable)) => {
                    tracing::debug!(code = error.code(), "a total cannot be read");
                    RelayRefusal::reason_same("Total no es un número válido")
                }
                Err(error) => return Err(error),
            };
            return Ok(TakenOn::Refused(refusal));
        }
    }

    fn name_of_ready(&self, ready: &ReadyInvoice) -> (SeriesName, Option<u32>) {
        let to_send = ready.to_send();
        let series = SeriesName::new(self.nubefact.issuer(), to_send.kind(), to_send.serie());
        (series, to_send.numero())
    }

    /// The same document gone on with, or 23.
    async fn same_or_taken(
        &self,
        known: DocumentRow,
        ready: &ReadyInvoice,
    ) -> Result<TakenOn, AppError> {
        if self.says_the_same(&known, ready).await? {
            return Ok(TakenOn::Document(Box::new(known)));
        }
        Ok(TakenOn::Refused(with_other_content(&known.name())))
    }

    /// Whether a document was taken on with this content, however it was written.
    async fn says_the_same(
        &self,
        known: &DocumentRow,
        ready: &ReadyInvoice,
    ) -> Result<bool, AppError> {
        let draft = self.app.store.document_draft(known.id).await?;
        let before = draft.and_then(|draft| ReadyInvoice::verbatim(&draft).ok().flatten());
        // A document that came without a number is known by the one that it was given.
        let numero = ready.to_send().numero();
        let given = known.numero.filter(|_| numero.is_some());
        Ok(before.is_some_and(|it| {
            it.to_send().numero().or(given) == numero
                && it.document.content_bytes() == ready.document.content_bytes()
        }))
    }

    /// Why Nubefact works on nothing of this account now.
    async fn account_refuses(&self) -> Result<Option<RelayRefusal>, AppError> {
        let company = self.app.store.issuer_mark(self.issuer.ruc.as_str());
        let now = self.app.clock.now();
        let holds = self.app.store.issuer_holds().await?;
        let hold = holds
            .into_iter()
            .find(|it| it.company == company && it.until > now);
        let codigo = hold.and_then(|it| it.code.parse::<u16>().ok());
        Ok(codigo
            .filter(|it| matches!(it, 10..=12 | 50 | 51))
            .map(|codigo| {
                RelayRefusal::passed_on(&chaski_client::NubefactRefusal {
                    codigo: Some(codigo),
                    text: String::new(),
                })
            }))
    }

    /// What is told of a document, by how it stands.
    pub(crate) async fn told_of(&self, document: &DocumentRow) -> Result<Relayed, AppError> {
        let refusal = match document.state {
            DocumentState::Queued | DocumentState::Sending | DocumentState::InDoubt => {
                not_known_yet(document)
            }
            DocumentState::Held => {
                let said = self.refused_with(document).await?;
                match said {
                    Some(said) if is_barred(document) && self.give_up(document).await? => {
                        RelayRefusal::passed_on(&said)
                    }
                    _ => not_known_yet(document),
                }
            }
            DocumentState::Returned => self.given_back(document).await?,
            DocumentState::Conflict => RelayRefusal::theirs(),
            DocumentState::Released => RelayRefusal::reason(text!(
                "el documento fue liberado desde aquí y no se emitió; envíelo otra vez",
                "the document was released from here and not issued; send it again"
            )),
            DocumentState::Pending
            | DocumentState::Accepted
            | DocumentState::Observed
            | DocumentState::Rejected
            | DocumentState::VoidPending
            | DocumentState::Voided => {
                let reply = document.reply.as_ref().map(StoredReply::reply);
                match reply.filter(|it| !it.fields().is_empty()) {
                    Some(reply) => {
                        self.app.told_documents().note(document.id);
                        return Ok(Relayed::Told(answer_of(&reply)));
                    }
                    None => not_known_yet(document),
                }
            }
        };
        Ok(refusal.into())
    }

    /// The vendor's name for a sale, where the document was sent with one.
    pub(crate) async fn codigo_unico_of(
        &self,
        document: &DocumentRow,
    ) -> Result<Option<String>, AppError> {
        let draft = self.app.store.document_draft(document.id).await?;
        let sent = draft.and_then(|it| NubefactReply::from_json(&it));
        Ok(sent.and_then(|it| it.text("codigo_unico")))
    }

    /// Nubefact's "no", or ours where nothing could be sent.
    async fn given_back(&self, document: &DocumentRow) -> Result<RelayRefusal, AppError> {
        Ok(match document.code.as_deref() {
            Some("numero_usado" | "clave_otro_contenido") => with_other_content(&document.name()),
            Some("numero_ajeno") => RelayRefusal::theirs(),
            Some("serie_no_abierta") => {
                let serie = &document.series.serie;
                RelayRefusal::reason(text!(
                    "la serie {serie} no está abierta en el servidor para dar números de ese tipo de documento: envíe su número, o ábrala con: chaski series abrir",
                    "the series {serie} is not open on the server to give numbers for that kind of document: send your number, or open it with: chaski series abrir"
                ))
            }
            Some("serie_agotada") => {
                let serie = &document.series.serie;
                RelayRefusal::reason(text!(
                    "la serie {serie} llegó al número 99999999; use otra",
                    "the series {serie} has come to number 99999999; use another"
                ))
            }
            _ => match self.refused_with(document).await? {
                Some(refusal) => RelayRefusal::passed_on(&refusal),
                None => RelayRefusal::of(21),
            },
        })
    }
}

/// Whether a document left its number free for certain, as far as it is concerned.
pub(super) fn came_to_nothing(document: &DocumentRow) -> bool {
    matches!(
        document.state,
        DocumentState::Returned | DocumentState::Released | DocumentState::Conflict
    )
}

/// An answer with the fields that every answer has.
pub(super) fn answer_of(reply: &NubefactReply) -> Map<String, Value> {
    let mut fields = reply.fields().clone();
    for name in NOT_KEPT {
        fields.entry(name).or_insert(Value::Null);
    }
    fields
}

fn with_other_content(name: &str) -> RelayRefusal {
    RelayRefusal::taken(&text!(
        "{name} se recibió aquí antes, con otro contenido",
        "{name} was handed over here before, with other content"
    ))
}

/// 40, with the document's name and how to ask about it.
pub(super) fn not_known_yet(document: &DocumentRow) -> RelayRefusal {
    let series = &document.series;
    let Some(numero) = document.numero else {
        let serie = &series.serie;
        return RelayRefusal::unknown(text!(
            "el documento de la serie {serie} está recibido y todavía no se sabe si quedó emitido; envíe lo mismo otra vez para saberlo: no se emite dos veces",
            "the document of the series {serie} was taken on and it is not known yet whether it was issued; send the same again to know: it is not issued twice"
        ));
    };
    let id = NubefactId {
        kind: series.kind,
        serie: series.serie.clone(),
        numero,
    };
    let (name, asking) = (full_name(&id), series.kind.asking());
    RelayRefusal::unknown(text!(
        "{name} está recibido y todavía no se sabe si quedó emitido; no lo emita con otro número: pregunte con {asking}",
        "{name} was taken on and it is not known yet whether it was issued; do not issue it under another number: ask with {asking}"
    ))
}
