-- Work that has to be done even if the process dies. A worker claims a row by lease; `fence` grows
-- with each claim and with everything that ends one, so that a worker that lost its lease can
-- write nothing more. `interruptions` counts leases that ended without a word since the last
-- progress, apart from `attempts`, which counts runs that failed.
CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    priority INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    interruptions INTEGER NOT NULL DEFAULT 0,
    run_at INTEGER NOT NULL,
    fence INTEGER NOT NULL DEFAULT 0,
    leased_until INTEGER,
    code TEXT,
    asked_by TEXT NOT NULL,
    key_id BLOB,
    batch BLOB,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER
) STRICT;
CREATE INDEX jobs_waiting ON jobs (priority DESC, seq) WHERE state = 'PENDING';
CREATE INDEX jobs_running ON jobs (leased_until) WHERE state = 'RUNNING';
CREATE INDEX jobs_created ON jobs (created_at);
CREATE UNIQUE INDEX jobs_batch ON jobs (batch) WHERE batch IS NOT NULL;

-- `key_id` is whose batch it is, none for the owner of the folder.
ALTER TABLE batches ADD COLUMN key_id BLOB;
ALTER TABLE batches ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
CREATE INDEX batches_of_key ON batches (key_id, created_at) WHERE key_id IS NOT NULL;

-- The list as it was handed over, always sealed: the caller's columns go back with the result.
CREATE TABLE batch_inputs (
    batch INTEGER PRIMARY KEY NOT NULL REFERENCES batches (seq),
    sealed BLOB NOT NULL
) STRICT;

-- When each entry of the schedule was last seen to.
CREATE TABLE schedule (
    name TEXT PRIMARY KEY NOT NULL,
    last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE quota_snapshots (
    provider TEXT NOT NULL,
    month TEXT NOT NULL,
    at INTEGER NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (provider, month, at)
) STRICT, WITHOUT ROWID;
