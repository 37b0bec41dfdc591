//! Taking over what another database holds: all of it when a folder is taken into another one, or
//! only what persons entered when a token comes or goes. Either way from a private copy that is
//! sealed again with the key of this folder, in one transaction, and as often as one likes.

mod documents;

use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::private;
use crate::store::error::StoreError;
use crate::store::folder::DATABASE_FILE;
use crate::store::opening::{Opened, SCHEMA};
use crate::store::seal::{Keys, MasterKey};
use crate::store::sql::{Conn, query};
use crate::store::sqlite::open::options;
use crate::store::sqlite::{backup, open, rekey};
use crate::store::tables::partner_rows::{profile_row, standing_row};
use crate::store::tables::{meta, partner_rows};

/// What was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Absorbed {
    /// Answers and refusals that were missing or newer.
    pub answers: u64,
    /// Calls on record that were missing.
    pub calls: u64,
    /// Batches that were missing, or had come further.
    pub batches: u64,
    /// Partners that were missing or newer.
    pub partners: u64,
    /// Keys that were missing.
    pub keys: u64,
    /// Documents that were issued there.
    pub documents: u64,
}

/// The other side of a folder: where it is and what opens it.
pub struct OtherSide {
    /// Its folder.
    pub dir: PathBuf,
    /// Its key.
    pub key: MasterKey,
}

/// What persons entered on the other side and this one has never had: partners, as never checked,
/// and the house's batches, as never asked.
pub(in crate::store) async fn bring_own(
    mine: &mut Conn,
    keys: &Keys,
    dir: &Path,
    other: OtherSide,
) -> Result<Absorbed, StoreError> {
    let file = other.dir.join(DATABASE_FILE);
    if !file.exists() || !anything_waits(mine, &file, &other).await? {
        return Ok(Absorbed::default());
    }
    let staging = private::passing_folder(".chaski-traslado-", dir)
        .map_err(|error| StoreError::of_file(dir, &error))?;
    let copy = staging.path().join(DATABASE_FILE);
    backup::snapshot(&other.dir, &copy).await?;
    leave_only_own(&copy).await?;
    seal_again(&copy, &other.key, keys).await?;
    attach(mine, &copy).await?;
    mine.begin().await?;
    let brought = own(mine).await;
    let brought = mine.end(brought).await;
    detach(mine).await?;
    brought
}

/// Takes all of a private copy of a database into a folder.
pub async fn absorb(
    dir: &Path,
    key: MasterKey,
    copy: &Path,
    copy_key: &MasterKey,
    source: &str,
) -> Result<Absorbed, StoreError> {
    let mut opened = open::open(dir, key).await?;
    let absorbed = absorb_into(&mut opened, copy, copy_key, source).await;
    opened.writer.close().await?;
    absorbed
}

async fn absorb_into(
    opened: &mut Opened,
    copy: &Path,
    copy_key: &MasterKey,
    source: &str,
) -> Result<Absorbed, StoreError> {
    seal_again(copy, copy_key, &opened.keys).await?;
    let mine = &mut opened.writer;
    attach(mine, copy).await?;
    mine.begin().await?;
    let absorbed = everything(mine, &opened.keys, source).await;
    let absorbed = mine.end(absorbed).await;
    detach(mine).await?;
    absorbed
}

/// Brings a private copy up to date and into one file.
pub async fn prepare(copy: &Path) -> Result<(), StoreError> {
    private::keep_file(copy).map_err(|error| StoreError::of_file(copy, &error))?;
    let mut connection = open::connect(&options(copy)).await?;
    open::refuse_foreign(&mut connection)
        .await
        .map_err(|error| error.about(copy))?;
    connection.run("PRAGMA journal_mode = DELETE").await?;
    open::bring_up_to_date(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// What the upstream said, or the sandbox, is not brought: it need not be sealed again either.
async fn leave_only_own(copy: &Path) -> Result<(), StoreError> {
    let mut connection = open::connect(&options(copy)).await?;
    connection
        .run(
            "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; DELETE FROM answers; \
         DELETE FROM calls; DELETE FROM call_bodies; DELETE FROM partner_changes; \
         DELETE FROM documents; DELETE FROM document_attempts; DELETE FROM document_events; \
         DELETE FROM document_series; DELETE FROM document_numbers; DELETE FROM document_files; \
         DELETE FROM issuer_holds; DELETE FROM meta WHERE name = 'document_events_beginning'; \
         UPDATE partners SET sunat = NULL",
        )
        .await?;
    connection.close().await?;
    Ok(())
}

async fn seal_again(copy: &Path, old: &MasterKey, keys: &Keys) -> Result<(), StoreError> {
    let old = Keys::derive(old);
    if old.check() == keys.check() {
        return Ok(());
    }
    let mut connection = open::connect(&options(copy)).await?;
    let known = meta::get(&mut connection, meta::KEY_CHECK).await?;
    let sealed = meta::has_personal_data(&mut connection).await?;
    if sealed && known.as_deref() != Some(old.check().as_slice()) {
        return Err(StoreError::KeyWrong);
    }
    // What is cut short here is begun again with another copy.
    let quick = "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF";
    connection.run(quick).await?;
    connection.run("BEGIN").await?;
    let sealed = rekey::rekey(&mut connection, &old, keys).await;
    connection.end(sealed).await?;
    connection.close().await?;
    Ok(())
}

/// What is entered from now on to try the sandbox beside a token is no data of the real side.
pub(in crate::store) async fn keep_here(mine: &mut Conn) -> Result<(), StoreError> {
    mine.run(
        "CREATE TEMP TRIGGER trial_partners AFTER INSERT ON main.partners BEGIN \
         INSERT OR IGNORE INTO brought (id) VALUES (NEW.id); END; \
         CREATE TEMP TRIGGER trial_batches AFTER INSERT ON main.batches BEGIN \
         INSERT OR IGNORE INTO brought (id) VALUES (NEW.id); END",
    )
    .await
}

async fn attach(mine: &mut Conn, file: &Path) -> Result<(), StoreError> {
    let file = file
        .to_str()
        .ok_or_else(|| StoreError::ReadOnly(file.to_owned()))?;
    query("ATTACH DATABASE $1 AS other")
        .bind(file)
        .execute(mine)
        .await?;
    Ok(())
}

async fn detach(mine: &mut Conn) -> Result<(), StoreError> {
    mine.run("DETACH DATABASE other").await
}

/// Whether there is anything to bring. The other side is brought up to date first.
async fn anything_waits(
    mine: &mut Conn,
    file: &Path,
    other: &OtherSide,
) -> Result<bool, StoreError> {
    attach(mine, file).await?;
    let version = query("PRAGMA other.user_version")
        .fetch_one(&mut *mine)
        .await;
    let version: i64 = match version {
        Ok(version) => version,
        Err(error) => {
            detach(mine).await?;
            return Err(error);
        }
    };
    if version < i64::from(SCHEMA) {
        detach(mine).await?;
        let opened = open::open(&other.dir, other.key.copy()).await?;
        opened.writer.close().await?;
        attach(mine, file).await?;
    }
    let waits = query(ANYTHING).fetch_one(&mut *mine).await;
    detach(mine).await?;
    let waits: i64 = waits?;
    Ok(waits != 0)
}

async fn own(mine: &mut Conn) -> Result<Absorbed, StoreError> {
    let partners = changed(mine, OWN_PARTNERS).await?;
    let batches = changed(mine, OWN_BATCHES).await?;
    for statement in [OWN_ITEMS, OWN_COUNTS, INPUTS, OWN_JOBS, OWN_BROUGHT] {
        changed(mine, statement).await?;
    }
    Ok(Absorbed {
        batches,
        partners,
        ..Absorbed::default()
    })
}

async fn everything(mine: &mut Conn, keys: &Keys, source: &str) -> Result<Absorbed, StoreError> {
    let mut absorbed = Absorbed {
        answers: add(mine, "answers", NEWER_ANSWERS).await?,
        calls: add(mine, "calls", IN_ORDER).await?,
        keys: add(mine, "api_keys", IN_ORDER).await?,
        partners: add(mine, "partners", IN_ORDER).await?,
        batches: changed(mine, FURTHER_BATCHES).await?,
        documents: documents::bring(mine).await?,
    };
    absorbed.partners += newer_partners(mine, keys).await?;
    changed(mine, FURTHER_ITEMS).await?;
    absorbed.batches += add(mine, "batches", IN_ORDER).await?;
    for (table, rest) in [
        ("issuers", MISSING_ONLY),
        ("days", MORE_DAYS),
        ("call_bodies", IN_ORDER),
        ("schedule", LATER_ENTRIES),
        ("quota_snapshots", MISSING_ONLY),
        ("brought", MISSING_ONLY),
    ] {
        add(mine, table, rest).await?;
    }
    for statement in [REVOKED, ITEMS, INPUTS, JOBS, CHANGES, META] {
        changed(mine, statement).await?;
    }
    quota(mine, source).await?;
    let missing: i64 = query(MISSING).fetch_one(mine).await?;
    if missing != 0 {
        return Err(StoreError::Corrupt);
    }
    Ok(absorbed)
}

async fn changed(connection: &mut Conn, statement: &'static str) -> Result<u64, StoreError> {
    query(statement).execute(connection).await
}

/// Adds the rows of a table with all their columns but their place; the rest of the statement says in
/// which order, and what becomes of one that is here already.
async fn add(
    connection: &mut Conn,
    table: &'static str,
    rest: &'static str,
) -> Result<u64, StoreError> {
    let columns: String =
        query("SELECT group_concat(name, ', ') FROM pragma_table_info($1) WHERE name <> 'seq'")
            .bind(table)
            .fetch_one(connection)
            .await?;
    let mut add = query("INSERT INTO main.");
    add.push(format_args!(
        "{table} ({columns}) SELECT {columns} FROM other.{table} WHERE true {rest}"
    ));
    add.execute(connection).await
}

/// Partners that both have and of which the other one knows something newer: their own fields and
/// SUNAT's word, each by its own time. Sealed again, for the seal names the partner.
async fn newer_partners(connection: &mut Conn, keys: &Keys) -> Result<u64, StoreError> {
    let pairs: Vec<(i64, Uuid, i64, bool, bool)> =
        query(NEWER_PARTNERS).fetch_all(&mut *connection).await?;
    let found = u64::try_from(pairs.len()).unwrap_or(u64::MAX);
    for (seq, id, other, profile, sunat) in pairs {
        let row = query(OTHER_PARTNER)
            .bind(other)
            .fetch_one(&mut *connection)
            .await?;
        let (_, partner) = partner_rows::partner(keys, &row)?;
        if profile {
            let again = profile_row(keys, id, &partner.document, &partner.fields)?;
            query(
                "UPDATE main.partners SET is_active = $2, search = $3, profile = $4, \
                 updated_at = $5 WHERE seq = $1",
            )
            .bind(seq)
            .bind(again.is_active)
            .bind(again.search)
            .bind(again.profile)
            .bind(partner.updated_at)
            .execute(&mut *connection)
            .await?;
        }
        if sunat {
            let again = standing_row(keys, id, &partner.document, &partner.sunat)?;
            query(STANDING)
                .bind(seq)
                .bind(other)
                .bind(again.search)
                .bind(again.sunat)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(found)
}

/// Adds the calls of each month. What an earlier run added already is on record, by the source.
async fn quota(connection: &mut Conn, source: &str) -> Result<(), StoreError> {
    let rows: Vec<(String, String, i64)> = query("SELECT provider, month, used FROM other.quota")
        .fetch_all(&mut *connection)
        .await?;
    for (provider, month, used) in rows {
        let name = format!("migrated/{source}/{provider}/{month}");
        let before = meta::get(connection, &name).await?;
        let before = before.and_then(|bytes| bytes.try_into().ok());
        let before = before.map_or(0, i64::from_le_bytes);
        if used <= before {
            continue;
        }
        query(
            "INSERT INTO main.quota (provider, month, used) VALUES ($1, $2, $3) \
             ON CONFLICT (provider, month) DO UPDATE SET used = used + excluded.used",
        )
        .bind(provider)
        .bind(month)
        .bind(used - before)
        .execute(&mut *connection)
        .await?;
        meta::put(connection, &name, &used.to_le_bytes()).await?;
    }
    Ok(())
}

/// Of the house: entered without a key, or with one of the house's. Those of companies are reached
/// with the key that made them.
const ANYTHING: &str = "SELECT EXISTS (SELECT 1 FROM other.partners o \
     WHERE o.id NOT IN (SELECT id FROM main.brought) AND o.id NOT IN (SELECT id FROM other.brought)) \
     OR EXISTS (SELECT 1 FROM other.batches o LEFT JOIN other.api_keys k ON k.id = o.key_id \
     WHERE (o.key_id IS NULL OR length(k.company) = 0) \
     AND o.id NOT IN (SELECT id FROM main.brought) AND o.id NOT IN (SELECT id FROM other.brought))";

const OWN_PARTNERS: &str = "INSERT INTO main.partners (id, document_type, num_document, personal, \
     is_active, search, profile, created_at, updated_at, company) \
     SELECT id, document_type, num_document, personal, is_active, search, profile, created_at, \
     updated_at, company FROM other.partners o \
     WHERE o.id NOT IN (SELECT id FROM main.brought) AND o.id NOT IN (SELECT id FROM other.brought) \
     ORDER BY seq ON CONFLICT DO NOTHING";

const OWN_BATCHES: &str = "INSERT INTO main.batches (id, created_at, finished_at, state, priority, \
     operation, key_operation, source_name, source_hash, options, asked_by, \
     total_rows, unique_items) \
     SELECT o.id, o.created_at, coalesce(o.finished_at, o.created_at), 'PARTIAL', o.priority, \
     o.operation, o.key_operation, o.source_name, o.source_hash, o.options, \
     o.asked_by, o.total_rows, o.unique_items \
     FROM other.batches o LEFT JOIN other.api_keys k ON k.id = o.key_id \
     WHERE (o.key_id IS NULL OR length(k.company) = 0) \
     AND o.id NOT IN (SELECT id FROM main.brought) AND o.id NOT IN (SELECT id FROM other.brought) \
     ORDER BY o.seq ON CONFLICT DO NOTHING";

/// A number that was erased stays so.
const OWN_ITEMS: &str = "INSERT INTO main.batch_items (batch, position, subject, sealed, personal, \
     state, code) SELECT m.seq, i.position, i.subject, i.sealed, i.personal, \
     iif(length(i.subject) = 0, i.state, 'PENDING'), iif(length(i.subject) = 0, i.code, NULL) \
     FROM main.batches m JOIN other.batches o ON o.id = m.id JOIN other.batch_items i ON i.batch = o.seq \
     WHERE NOT EXISTS (SELECT 1 FROM main.batch_items x WHERE x.batch = m.seq)";

const OWN_COUNTS: &str = "UPDATE main.batches SET failed = \
     (SELECT count(*) FROM main.batch_items i WHERE i.batch = main.batches.seq AND i.state = 'FAILED') \
     WHERE id IN (SELECT id FROM other.batches) AND id NOT IN (SELECT id FROM main.brought)";

/// Ended, so that nothing is asked until its owner says so.
const OWN_JOBS: &str = "INSERT INTO main.jobs (id, kind, payload, priority, state, max_attempts, \
     run_at, asked_by, batch, created_at, finished_at) \
     SELECT o.id, o.kind, o.payload, o.priority, 'COMPLETED', o.max_attempts, o.run_at, o.asked_by, \
     o.batch, o.created_at, coalesce(o.finished_at, o.created_at) FROM other.jobs o \
     WHERE o.batch IN (SELECT id FROM main.batches) AND o.batch NOT IN (SELECT id FROM main.brought) \
     ON CONFLICT DO NOTHING";

const OWN_BROUGHT: &str = "INSERT INTO main.brought (id) \
     SELECT id FROM other.partners WHERE id NOT IN (SELECT id FROM other.brought) \
     UNION SELECT o.id FROM other.batches o LEFT JOIN other.api_keys k ON k.id = o.key_id \
     WHERE (o.key_id IS NULL OR length(k.company) = 0) \
     AND o.id NOT IN (SELECT id FROM other.brought) ON CONFLICT DO NOTHING";

const MISSING_ONLY: &str = "ON CONFLICT DO NOTHING";

const IN_ORDER: &str = "ORDER BY seq ON CONFLICT DO NOTHING";

const NEWER_ANSWERS: &str = "ON CONFLICT (subject, operation) DO UPDATE SET provider = excluded.provider, \
     personal = excluded.personal, masked = excluded.masked, reason = excluded.reason, \
     body = excluded.body, stored_at = excluded.stored_at, expires_at = excluded.expires_at \
     WHERE excluded.stored_at > answers.stored_at";

const LATER_ENTRIES: &str =
    "ON CONFLICT (name) DO UPDATE SET last_at = max(last_at, excluded.last_at)";

const MORE_DAYS: &str = "ON CONFLICT (who, day) DO UPDATE SET used = max(used, excluded.used)";

const REVOKED: &str = "UPDATE main.api_keys SET revoked_at = o.revoked_at FROM other.api_keys o \
     WHERE o.id = main.api_keys.id AND o.revoked_at IS NOT NULL AND main.api_keys.revoked_at IS NULL";

const NEWER_PARTNERS: &str = "SELECT m.seq, m.id, o.seq, o.updated_at > m.updated_at, \
     coalesce(o.sunat_last_check > coalesce(m.sunat_last_check, -1), 0) \
     FROM other.partners o JOIN main.partners m ON m.num_document = o.num_document \
     AND m.document_type = o.document_type AND m.company = o.company \
     WHERE o.updated_at > m.updated_at OR o.sunat_last_check > coalesce(m.sunat_last_check, -1)";

/// The columns of [`partner_rows::COLUMNS`].
const OTHER_PARTNER: &str = "SELECT seq, id, document_type, profile, created_at, updated_at, \
     sunat_valid, sunat_state, sunat_condition, sunat_fit, sunat_last_check, sunat \
     FROM other.partners WHERE seq = $1";

const STANDING: &str = "UPDATE main.partners SET sunat_search = $3, sunat = $4, \
     sunat_valid = o.sunat_valid, sunat_state = o.sunat_state, sunat_condition = o.sunat_condition, \
     sunat_fit = o.sunat_fit, sunat_last_check = o.sunat_last_check \
     FROM other.partners o WHERE main.partners.seq = $1 AND o.seq = $2";

const CHANGES: &str = "INSERT INTO main.partner_changes (partner, at, old_valid, new_valid, \
     old_state, new_state, old_condition, new_condition, old_estado, new_estado, old_condicion, \
     new_condicion, old_fit, new_fit) \
     SELECT m.seq, c.at, c.old_valid, c.new_valid, c.old_state, c.new_state, c.old_condition, \
     c.new_condition, c.old_estado, c.new_estado, c.old_condicion, c.new_condicion, c.old_fit, \
     c.new_fit FROM other.partner_changes c JOIN other.partners o ON o.seq = c.partner \
     JOIN main.partners m ON m.num_document = o.num_document \
     AND m.document_type = o.document_type AND m.company = o.company \
     WHERE NOT EXISTS (SELECT 1 FROM main.partner_changes x WHERE x.partner = m.seq AND x.at = c.at) \
     ORDER BY c.seq";

/// Those that the other one has brought further since it was taken over before.
const FURTHER_BATCHES: &str = "UPDATE main.batches SET started_at = o.started_at, \
     finished_at = o.finished_at, state = o.state, answered = o.answered, refused = o.refused, \
     failed = o.failed, cache_hits = o.cache_hits, calls = o.calls, paused = o.paused \
     FROM other.batches o WHERE o.id = main.batches.id AND o.answered + o.refused + o.failed > \
     main.batches.answered + main.batches.refused + main.batches.failed";

const FURTHER_ITEMS: &str = "UPDATE main.batch_items SET state = i.state, code = i.code \
     FROM other.batch_items i JOIN other.batches o ON o.seq = i.batch \
     JOIN main.batches m ON m.id = o.id AND m.answered = o.answered AND m.refused = o.refused \
     AND m.failed = o.failed \
     WHERE main.batch_items.batch = m.seq AND main.batch_items.position = i.position \
     AND main.batch_items.state = 'PENDING' AND i.state <> 'PENDING'";

const ITEMS: &str = "INSERT INTO main.batch_items (batch, position, subject, sealed, personal, state, \
     code) SELECT m.seq, i.position, i.subject, i.sealed, i.personal, i.state, i.code \
     FROM other.batches o JOIN main.batches m ON m.id = o.id JOIN other.batch_items i ON i.batch = o.seq \
     WHERE NOT EXISTS (SELECT 1 FROM main.batch_items x WHERE x.batch = m.seq)";

const INPUTS: &str = "INSERT INTO main.batch_inputs (batch, sealed) \
     SELECT m.seq, i.sealed FROM other.batches o JOIN main.batches m ON m.id = o.id \
     JOIN other.batch_inputs i ON i.batch = o.seq WHERE true ON CONFLICT DO NOTHING";

/// Nobody works on them any more: they wait to be taken up. That of a command, which has no lease, is
/// left as it was: whoever looks next finds that its process is gone.
const JOBS: &str = "INSERT INTO main.jobs (id, kind, payload, priority, state, attempts, \
     max_attempts, interruptions, run_at, fence, code, asked_by, key_id, batch, created_at, \
     started_at, finished_at) \
     SELECT id, kind, payload, priority, \
     iif(state = 'RUNNING' AND leased_until IS NOT NULL, 'PENDING', state), attempts, \
     max_attempts, interruptions, run_at, fence, code, asked_by, key_id, batch, created_at, \
     started_at, finished_at FROM other.jobs WHERE true ORDER BY seq ON CONFLICT DO NOTHING";

/// Marks such as that keys have existed; not those about the key, or about earlier take-overs.
const META: &str = "INSERT INTO main.meta (name, value) SELECT name, value FROM other.meta \
     WHERE name NOT IN ('key_check', 'probe') AND name NOT LIKE 'migrated/%' ON CONFLICT DO NOTHING";

/// Whether something of the other one is still not here.
const MISSING: &str = "SELECT EXISTS (SELECT 1 FROM other.answers o WHERE NOT EXISTS \
     (SELECT 1 FROM main.answers m WHERE m.subject = o.subject AND m.operation = o.operation \
     AND m.stored_at >= o.stored_at)) \
     OR EXISTS (SELECT id FROM other.calls EXCEPT SELECT id FROM main.calls) \
     OR EXISTS (SELECT id FROM other.batches EXCEPT SELECT id FROM main.batches) \
     OR EXISTS (SELECT id FROM other.documents EXCEPT SELECT id FROM main.documents) \
     OR EXISTS (SELECT id FROM other.api_keys EXCEPT SELECT id FROM main.api_keys) \
     OR EXISTS (SELECT num_document, document_type, company FROM other.partners \
     EXCEPT SELECT num_document, document_type, company FROM main.partners)";
