-- What was created under an idempotency key, for a day. `place` (whose key, which route, which
-- idempotency key) and `request` (method, path, kind and body) are keyed hashes: a body may be
-- nothing but a person's number. `answer` is the first answer, always sealed; while there is none
-- the process stopped before it was given, and it is rendered again from what was created.
CREATE TABLE idempotency (
    place BLOB PRIMARY KEY NOT NULL,
    request BLOB NOT NULL,
    created BLOB NOT NULL,
    at INTEGER NOT NULL,
    answer BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_at ON idempotency (at);
CREATE INDEX idempotency_created ON idempotency (created);

-- Jobs are counted at every scrape of the metrics, without reading what they are about.
CREATE INDEX jobs_counted ON jobs (kind, state);
