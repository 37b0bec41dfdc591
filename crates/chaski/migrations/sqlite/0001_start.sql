-- Times are microseconds since 1970 in UTC. `subject` is the clear text of a number that is not
-- personal data, or 16 bytes of a keyed hash of one that is; `masked` then holds what may be shown.

CREATE TABLE meta (
    name TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- An answer and a refusal of the same question replace each other: `reason` tells them apart.
-- A rowid table because bodies are about a kilobyte: the key stays in a dense index of its own.
CREATE TABLE answers (
    seq INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    operation TEXT NOT NULL,
    subject BLOB NOT NULL,
    personal INTEGER NOT NULL,
    masked TEXT,
    reason TEXT,
    body BLOB NOT NULL,
    stored_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
-- The subject first: all that is known of one number is one range.
CREATE UNIQUE INDEX answers_key ON answers (subject, operation, provider);
CREATE INDEX answers_expiry ON answers (expires_at);
CREATE INDEX answers_refused ON answers (stored_at) WHERE reason IS NOT NULL;

CREATE TABLE calls (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    lookup BLOB NOT NULL,
    at INTEGER NOT NULL,
    asked_by TEXT NOT NULL,
    provider TEXT NOT NULL,
    operation TEXT NOT NULL,
    subject BLOB,
    masked TEXT,
    items INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    http_status INTEGER,
    duration_us INTEGER NOT NULL,
    cache TEXT NOT NULL,
    batch BLOB
) STRICT;
CREATE INDEX calls_at ON calls (at);
CREATE INDEX calls_operation ON calls (provider, operation, at);
CREATE INDEX calls_failures ON calls (outcome, at) WHERE outcome <> 'SUCCESS';
CREATE INDEX calls_batch ON calls (batch, at) WHERE batch IS NOT NULL;
-- In blocks of 8,192 rows: new rows touch the few pages of the last block and not the whole index,
-- which halves the cost of writing a row. A search by number asks once per block, 1,221 times for
-- ten million rows.
CREATE INDEX calls_subject ON calls (seq / 8192, subject) WHERE subject IS NOT NULL;

-- Apart from `calls` so that the audit stays narrow; always sealed.
CREATE TABLE call_bodies (
    seq INTEGER PRIMARY KEY,
    call BLOB NOT NULL UNIQUE,
    request BLOB NOT NULL,
    answer BLOB NOT NULL
) STRICT;

CREATE TABLE batches (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    state TEXT NOT NULL,
    priority TEXT NOT NULL,
    operation TEXT NOT NULL,
    key_provider TEXT NOT NULL,
    key_operation TEXT NOT NULL,
    source_name TEXT NOT NULL,
    source_hash BLOB NOT NULL,
    options TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    total_rows INTEGER NOT NULL,
    unique_items INTEGER NOT NULL,
    answered INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    cache_hits INTEGER NOT NULL DEFAULT 0,
    calls INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX batches_created ON batches (created_at);
CREATE INDEX batches_source ON batches (source_hash, created_at);

-- `sealed` is the number itself when it is personal data; erasing the person empties it.
CREATE TABLE batch_items (
    batch INTEGER NOT NULL REFERENCES batches (seq),
    position INTEGER NOT NULL,
    subject BLOB NOT NULL,
    sealed BLOB,
    personal INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'PENDING',
    code TEXT,
    PRIMARY KEY (batch, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE quota (
    provider TEXT NOT NULL,
    month TEXT NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (provider, month)
) STRICT, WITHOUT ROWID;
