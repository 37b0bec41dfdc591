-- Keys of the gateway's own callers. Those of the sandbox live in the sandbox's database, those of
-- the real upstreams in the other one: the folder tells them apart, and neither opens the other.
-- `hash` is that of the whole key; the key itself is shown once and stored nowhere.
CREATE TABLE api_keys (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    prefix TEXT NOT NULL UNIQUE,
    hash BLOB NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    per_minute INTEGER NOT NULL,
    per_day INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;
