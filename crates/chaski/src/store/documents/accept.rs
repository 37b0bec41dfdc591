//! T1: a document is taken on. When this has returned it will be issued once, whatever fails; what was
//! taken on before under the same key, or with the same name of the caller's, is that document.

use chaski_client::{DocumentState, JournalDeed, NextDeed, SeriesName};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::chain::DocumentEvent;
use super::events;
use super::load::CREDITS;
use super::marks;
use super::sheet::{DocumentSheet, SeriesKey, deed_name};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::{Keys, SealedPlace};
use crate::store::sql::{Conn, deed, query};

/// The same customer, lines and total within this time is probably the same sale.
const PROBABLY_TWICE: SignedDuration = SignedDuration::from_mins(10);

/// A document to be taken on.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// Its identifier.
    pub id: Uuid,
    /// Its issuer, kind and series.
    pub series: SeriesName,
    /// What is wanted of it.
    pub deed: JournalDeed,
    /// The number that the caller brought.
    pub numero: Option<u32>,
    /// Hash of what was asked for; zeros where it was not asked for here.
    pub request: [u8; 32],
    /// Hash of what is sent, without a number.
    pub content: String,
    /// What is sent, without a number.
    pub draft: Vec<u8>,
    /// What is shown of it; its key is in it.
    pub sheet: DocumentSheet,
    /// Number of who buys, and a hash of customer, lines and total.
    pub twin: Option<[u8; 32]>,
    /// Whether it is wanted although one like it was taken on just before.
    pub twin_allowed: bool,
    /// Whether one like it stands in its way for as long as nobody knows what came of it, however old it is.
    pub twin_while_open: bool,
    /// Lima day of issue.
    pub issued_on: Option<Date>,
    /// Total, in hundredths.
    pub total: Option<i64>,
    /// Most that credit notes on what it modifies may come to, in hundredths.
    pub credit_limit: Option<i64>,
    /// What a void is of.
    pub target: Option<Uuid>,
    /// Whether it takes the next number where its own turns out to be a stranger's.
    pub renumber: bool,
    /// Who wants it, for the record.
    pub asked_by: String,
    /// With which key.
    pub key_id: Option<Uuid>,
    /// The list that it is of, and its place in it.
    pub batch: Option<(Uuid, u32)>,
    /// When.
    pub at: Timestamp,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptedDocument {
    /// It is ours now.
    New(Uuid),
    /// It was taken on before.
    Before {
        /// That document.
        id: Uuid,
        /// Whether the same was asked for.
        same: bool,
        /// Whether it was found by the caller's name of the sale and not by the key.
        by_referencia: bool,
    },
    /// One like it was taken on within ten minutes under another key.
    Twin(Uuid),
    /// The number that was brought is another document's of ours.
    NumberUsed(Uuid),
    /// The number that was brought is known to be a stranger's.
    NumberTheirs,
    /// With other notes on the same document it is above it: what is left, in hundredths.
    CreditUsedUp(i64),
}

impl Store {
    /// Takes a document on; durable when this returns.
    pub async fn accept_document(&self, new: NewDocument) -> Result<AcceptedDocument, StoreError> {
        let keys = std::sync::Arc::clone(&self.keys);
        self.write(deed!(|connection| accept(connection, &keys, &new).await))
            .await
    }
}

pub(super) async fn accept(
    connection: &mut Conn,
    keys: &Keys,
    new: &NewDocument,
) -> Result<AcceptedDocument, StoreError> {
    let series = SeriesKey::of(keys, &new.series);
    // 1. Was it taken on before?
    if let Some(before) = known_before(connection, keys, &series, new).await? {
        return Ok(before);
    }
    // 2. May it be?
    if let Some(obstacle) = obstacle(connection, keys, &series, new).await? {
        return Ok(obstacle);
    }
    // 3. It is ours.
    insert(connection, keys, &series, new).await?;
    let event = DocumentEvent {
        seq: 0,
        document: new.id,
        at: new.at,
        event: "accepted_here".to_owned(),
        state: DocumentState::Queued.as_str().to_owned(),
        code: None,
        attempt: None,
    };
    events::append(connection, keys, &event).await?;
    Ok(AcceptedDocument::New(new.id))
}

async fn known_before(
    connection: &mut Conn,
    keys: &Keys,
    series: &SeriesKey,
    new: &NewDocument,
) -> Result<Option<AcceptedDocument>, StoreError> {
    let by_key: Option<(Uuid, Option<Vec<u8>>, String)> =
        query("SELECT id, request, content FROM documents WHERE company = $1 AND key = $2")
            .bind(series.company.as_slice())
            .bind(marks::key(keys, &new.sheet.clave))
            .fetch_optional(&mut *connection)
            .await?;
    if let Some((id, request, content)) = by_key {
        // One that was issued before it was taken on here is known by what was sent.
        let same = request.map_or(content == new.content, |it| {
            request_mark(keys, new).is_some_and(|own| own == it)
        });
        return Ok(Some(AcceptedDocument::Before {
            id,
            same,
            by_referencia: false,
        }));
    }
    let Some(referencia) = referencia_mark(keys, new) else {
        return Ok(None);
    };
    let by_name: Option<(Uuid, String)> =
        query("SELECT id, content FROM documents WHERE company = $1 AND referencia = $2")
            .bind(series.company.as_slice())
            .bind(referencia)
            .fetch_optional(connection)
            .await?;
    Ok(by_name.map(|(id, content)| AcceptedDocument::Before {
        id,
        same: content == new.content,
        by_referencia: true,
    }))
}

pub(super) async fn obstacle(
    connection: &mut Conn,
    keys: &Keys,
    series: &SeriesKey,
    new: &NewDocument,
) -> Result<Option<AcceptedDocument>, StoreError> {
    if let (Some(numero), JournalDeed::Issue) = (new.numero, new.deed) {
        let holder: Option<Uuid> = query(
            "SELECT id FROM documents WHERE company = $1 AND kind = $2 AND serie = $3 AND numero = $4 \
             AND deed = 'issue' AND state NOT IN ('DEVUELTO', 'LIBERADO', 'CONFLICTO') LIMIT 1",
        )
        .bind(series.company.as_slice())
        .bind(series.kind)
        .bind(series.serie.as_str())
        .bind(numero)
        .fetch_optional(&mut *connection)
        .await?;
        if let Some(holder) = holder {
            return Ok(Some(AcceptedDocument::NumberUsed(holder)));
        }
        let theirs: Option<i64> = query(
            "SELECT 1 FROM document_numbers WHERE company = $1 AND kind = $2 AND serie = $3 \
             AND numero = $4 AND theirs = 1",
        )
        .bind(series.company.as_slice())
        .bind(series.kind)
        .bind(series.serie.as_str())
        .bind(numero)
        .fetch_optional(&mut *connection)
        .await?;
        if theirs.is_some() {
            return Ok(Some(AcceptedDocument::NumberTheirs));
        }
    }
    if let (Some(twin), false) = (twin_mark(keys, new), new.twin_allowed) {
        let lately = new.at - PROBABLY_TWICE;
        let ever = Timestamp::UNIX_EPOCH;
        let twin: Option<Uuid> = query(
            "SELECT id FROM documents WHERE company = $1 AND twin = $2 AND (created_at > $3 OR \
             (created_at > $4 AND state IN ('EN_COLA', 'ENVIANDO', 'DESCONOCIDO', 'EN_ESPERA'))) \
             AND state NOT IN ('DEVUELTO', 'LIBERADO') ORDER BY created_at DESC LIMIT 1",
        )
        .bind(series.company.as_slice())
        .bind(twin)
        .bind(lately)
        .bind(if new.twin_while_open { ever } else { lately })
        .fetch_optional(&mut *connection)
        .await?;
        if let Some(twin) = twin {
            return Ok(Some(AcceptedDocument::Twin(twin)));
        }
    }
    if let (Some(limit), Some(modified)) = (new.credit_limit, modifies_mark(keys, new)) {
        // Two notes at once, each within the document: the second one is above it.
        let others: i64 = query(format!(
            "SELECT CAST(coalesce(sum(total), 0) AS BIGINT) FROM documents \
             INDEXED BY documents_modifies WHERE company = $1 AND modifies = $2 AND {CREDITS}"
        ))
        .bind(series.company.as_slice())
        .bind(modified)
        .fetch_one(connection)
        .await?;
        if others + new.total.unwrap_or_default() > limit {
            return Ok(Some(AcceptedDocument::CreditUsedUp(
                (limit - others).max(0),
            )));
        }
    }
    Ok(None)
}

pub(super) async fn insert(
    connection: &mut Conn,
    keys: &Keys,
    series: &SeriesKey,
    new: &NewDocument,
) -> Result<(), StoreError> {
    let next = match new.deed {
        JournalDeed::Issue => NextDeed::Issue,
        JournalDeed::Void => NextDeed::Void,
    };
    let customer = new.sheet.cliente.as_ref();
    let customer = customer.map(|it| marks::customer(keys, &new.series.issuer, &it.numero));
    query(
        "INSERT INTO documents (id, company, deed, kind, serie, numero, own_numero, key, request, \
         referencia, content, customer, twin, issued_on, total, modifies, target, state, next, due_at, \
         renumber, asked_by, key_id, batch, place, sheet, draft, created_at, changed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
         $20, $21, $22, $23, $24, $25, $26, $27, $28, $28)",
    )
    .bind(new.id)
    .bind(series.company.as_slice())
    .bind(deed_name(new.deed))
    .bind(series.kind)
    .bind(series.serie.as_str())
    .bind(new.numero)
    .bind(new.numero.is_some())
    .bind(marks::key(keys, &new.sheet.clave))
    .bind(request_mark(keys, new))
    .bind(referencia_mark(keys, new))
    .bind(new.content.as_str())
    .bind(customer)
    .bind(twin_mark(keys, new))
    .bind(new.issued_on.map(|it| it.to_string()))
    .bind(new.total.map(i64::cast_unsigned))
    .bind(modifies_mark(keys, new))
    .bind(new.target)
    .bind(DocumentState::Queued.as_str())
    .bind(next.as_str())
    .bind(new.at)
    .bind(new.renumber)
    .bind(new.asked_by.as_str())
    .bind(new.key_id)
    .bind(new.batch.map(|(batch, _)| batch))
    .bind(new.batch.map(|(_, place)| place))
    .bind(new.sheet.sealed(keys, new.id)?)
    .bind(keys.seal(&SealedPlace::DocumentDraft(new.id), &new.draft)?)
    .bind(new.at)
    .execute(connection)
    .await?;
    Ok(())
}

/// None of one that was not asked for here.
pub(super) fn request_mark(keys: &Keys, new: &NewDocument) -> Option<Vec<u8>> {
    (new.request != [0; 32]).then(|| marks::request(keys, &new.request))
}

fn referencia_mark(keys: &Keys, new: &NewDocument) -> Option<Vec<u8>> {
    let referencia = new.sheet.referencia.as_deref();
    referencia.map(|it| marks::referencia(keys, it))
}

pub(super) fn twin_mark(keys: &Keys, new: &NewDocument) -> Option<Vec<u8>> {
    new.twin.as_ref().map(|it| marks::twin(keys, it))
}

pub(super) fn modifies_mark(keys: &Keys, new: &NewDocument) -> Option<Vec<u8>> {
    let modified = new.sheet.modifica.as_deref();
    modified.map(|it| marks::modifies(keys, it))
}

/// The mark of an issuer among documents.
impl Store {
    pub(crate) fn issuer_mark(&self, issuer: &str) -> Vec<u8> {
        marks::issuer(&self.keys, issuer)
    }
}
