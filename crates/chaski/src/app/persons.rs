//! A person's rights over their number: to be told what is known of it, and to have that erased.
//! The number of a DNI is also inside the RUC that begins with 10, so both are meant.

use std::sync::Arc;

use chaski_client::{
    Ask, CacheDecision, Call, Clock, DniQuery, Key, Ledger, Lookup, Memory, Remembered, RucQuery,
};
use chaski_core::{Dni, Ruc};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uuid::Uuid;

use super::backup_error::BackupFault;
use super::partner_lists::{record, time};
use super::{App, AppError, Mode, folder_of, has_data, schema_of, secrets};
use crate::config::Config;
use crate::partners::ruc_of_form;
use crate::store::{CallRow, DocumentRow, Erased, Mention, Store};

/// The operation under which telling is on record.
pub const EXPORT: &str = "datos_personales_exportar";

/// The operation under which erasing is on record.
pub const ERASE: &str = "datos_personales_borrar";

/// The data of a mode, opened for a deed that asks nobody anything.
pub async fn open_store(config: &Config, mode: Mode) -> Result<Arc<Store>, AppError> {
    let folder = folder_of(config, mode);
    // An empty folder would answer that nothing is known, and be there from then on.
    if !has_data(config, mode) {
        return Err(BackupFault::NothingThere.of(&folder));
    }
    let key = secrets::key_of(config, mode, &folder)?;
    let store = match secrets::open_database_url(config)? {
        Some(url) => Store::open_remote(url.expose_secret(), schema_of(mode), &folder, key).await?,
        None => Store::open(&folder, key).await?,
    };
    Ok(Arc::new(store))
}

impl App {
    /// All that is known of a person's number.
    pub async fn export_person(&self, dni: Dni, ask: &Ask) -> Result<Value, AppError> {
        export_person(&self.store, self.clock, dni, ask).await
    }

    /// Erases a person's number, from the memory of this process too.
    pub async fn erase_person(&self, dni: Dni, ask: &Ask) -> Result<Erased, AppError> {
        for key in [DniQuery(dni).key(), RucQuery(ruc_of(dni)).key()] {
            self.migo.engine().forget(&key).await?;
        }
        erase_person(&self.store, self.clock, dni, ask).await
    }
}

/// All that is known of a person's number: answers, calls, batches, partners of whatever company,
/// documents with that customer, keys of the company that the person is and how many documents it issued. That it was told is on record,
/// without the number.
pub async fn export_person(
    store: &Store,
    clock: Clock,
    dni: Dni,
    ask: &Ask,
) -> Result<Value, AppError> {
    let (mut answers, mut mentions) = (Vec::new(), Vec::new());
    let (mut calls, mut batches) = (Vec::new(), Vec::new());
    let (mut partners, mut documents) = (Vec::new(), Vec::new());
    let ruc = ruc_of(dni);
    for number in [dni.as_str(), ruc.as_str()] {
        let known = store.export_subject(number).await?;
        answers.extend(
            known
                .answers
                .iter()
                .map(|(key, memory)| answer(key, memory)),
        );
        mentions.extend(known.mentions.iter().map(|found| mention(found, number)));
        calls.extend(known.calls.iter().map(|row| call(row, number)));
        partners.extend(known.partners.iter().map(record));
        let issued = store.documents_for(number).await?;
        documents.extend(issued.iter().map(|it| document(it, number)));
        for item in known.items {
            let batch = store.batch(item.batch).await?;
            batches.push(json!({
                "lote": item.batch.to_string(),
                "archivo": batch.as_ref().map(|batch| batch.source_name.clone()),
                "creado_en": batch.as_ref().map(|batch| time(batch.created_at)),
                "posicion": item.position,
                "sobre": number,
            }));
        }
    }
    let company = store.company(&ruc);
    let keys = store.api_keys().await?.into_iter();
    let keys: Vec<Value> = keys
        .filter(|key| key.company == company)
        .map(|key| json!({"llave": key.prefix, "nombre": key.name, "creada_en": time(key.created_at)}))
        .collect();
    put_on_record(store, clock, EXPORT, ask).await?;
    Ok(json!({
        "dni": dni.as_str(),
        "ruc": ruc.as_str(),
        "generado_en": time(clock.now()),
        "respuestas": answers,
        "menciones": mentions,
        "llamadas": calls,
        "lotes": batches,
        "partners": partners,
        "comprobantes": documents,
        "comprobantes_emitidos": store.count_documents_by(ruc.as_str()).await?,
        "llaves": keys,
    }))
}

/// Erases a person's number from everything that is kept, of all companies, but from tax documents: who
/// issued them must keep them for years (`issuing/past.rs`), and how many there are is told. Keys of the company that
/// the person is stay until they are revoked: they hold a hash and a mask. That it was done is on
/// record, without the number.
pub async fn erase_person(
    store: &Store,
    clock: Clock,
    dni: Dni,
    ask: &Ask,
) -> Result<Erased, AppError> {
    let ruc = ruc_of(dni);
    let one = store.erase_subject(dni.as_str()).await?;
    let other = store.erase_subject(ruc.as_str()).await?;
    let mut documents_kept = 0;
    for number in [dni.as_str(), ruc.as_str()] {
        documents_kept += store.count_documents_for(number).await?;
    }
    put_on_record(store, clock, ERASE, ask).await?;
    Ok(Erased {
        // The second one empties what the first one wrote.
        log_emptied: other.log_emptied,
        documents_kept,
        ..one.and(other)
    })
}

/// The RUC of a natural person is their DNI between `10` and a check digit.
fn ruc_of(dni: Dni) -> Ruc {
    let parsed = |last: u8| {
        let text = format!("10{}{last}", dni.as_str());
        ruc_of_form(&text).expect("eleven digits")
    };
    parsed(parsed(0).expected_check_digit())
}

fn answer(key: &Key, memory: &Memory) -> Value {
    let (content, reason) = match &memory.what {
        Remembered::Answer(body) => (serde_json::from_slice(body).ok(), None),
        Remembered::Refusal { reason, .. } => (None::<Value>, Some(reason.as_str())),
    };
    json!({
        "proveedor": memory.provider,
        "operacion": key.operation,
        "sobre": key.subject.as_str(),
        "contenido": content,
        "no_existe": reason,
        "guardada_en": time(memory.stored_at),
        "vence_en": time(memory.expires_at),
    })
}

/// Of a list about others, only what is about this person.
fn mention(found: &Mention, number: &str) -> Value {
    let content = match &found.memory.what {
        Remembered::Answer(body) => serde_json::from_slice(body).ok(),
        Remembered::Refusal { .. } => None,
    };
    let content = match content {
        Some(Value::Array(mut items)) => {
            items.retain(|item| item.to_string().contains(number));
            Some(Value::Array(items))
        }
        other => other,
    };
    json!({
        "operacion": found.operation,
        "sobre": "otra persona o empresa",
        "contenido": content,
        "guardada_en": time(found.memory.stored_at),
    })
}

fn call(row: &CallRow, number: &str) -> Value {
    json!({
        "id": row.id.to_string(),
        "fecha": time(row.at),
        "quien": row.asked_by.as_str(),
        "motivo": row.purpose.as_deref(),
        "proveedor": row.provider.as_str(),
        "operacion": row.operation.as_str(),
        "sobre": number,
        "resultado": row.outcome.as_str(),
        "cache": row.cache.as_str(),
        "lote": row.batch.map(|id| id.to_string()),
    })
}

/// A document that the person bought with.
fn document(row: &DocumentRow, number: &str) -> Value {
    json!({
        "comprobante": row.name(),
        "emisor": row.series.issuer.as_str(),
        "fecha": row.issued_on.map(|day| day.to_string()),
        "estado": row.state.as_str(),
        "sobre": number,
        "recibido_en": time(row.created_at),
    })
}

async fn put_on_record(
    store: &Store,
    clock: Clock,
    deed: &'static str,
    ask: &Ask,
) -> Result<(), AppError> {
    let id = Uuid::now_v7();
    store
        .record(Call {
            id,
            lookup: id,
            at: clock.now(),
            asked_by: ask.who.clone(),
            owner: ask.owner,
            purpose: ask.purpose.clone(),
            provider: "chaski",
            key: Key {
                operation: deed,
                subject: "".into(),
                personal: false,
            },
            items: 1,
            attempt: 0,
            outcome: "SUCCESS",
            http_status: None,
            duration_us: 0,
            cache: CacheDecision::Bypass,
            batch: None,
            bodies: None,
        })
        .await?;
    store.flush().await?;
    Ok(())
}
