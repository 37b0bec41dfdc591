-- Partners: those a company buys from and sells to, and what SUNAT says of them.
--
-- `num_document` is the clear number of a legal entity, or 16 bytes of a keyed hash of any other
-- number. `profile` (the owner's fields, the number among them) and `sunat` (SUNAT's own words,
-- address, trail of comments) are JSON, always sealed: a company's row names people too.
-- `search` and `sunat_search` hold the folded names of legal entities and nothing for persons.
CREATE TABLE partners (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    document_type TEXT NOT NULL,
    num_document BLOB NOT NULL,
    personal INTEGER NOT NULL,
    is_active INTEGER NOT NULL,
    search TEXT NOT NULL,
    profile BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    sunat_valid INTEGER,
    sunat_state TEXT NOT NULL DEFAULT 'NO_VERIFICADO',
    sunat_condition TEXT NOT NULL DEFAULT 'NO_VERIFICADO',
    sunat_fit INTEGER,
    sunat_last_check INTEGER,
    sunat_search TEXT NOT NULL DEFAULT '',
    sunat BLOB
) STRICT;
-- The number first: all that is known of one number is one range.
CREATE UNIQUE INDEX partners_document ON partners (num_document, document_type);
-- The order of the refresh: never checked first, then the oldest check. With the numbers, so that
-- the rows of legal entities need not be read to know whom to ask about.
CREATE INDEX partners_check ON partners (sunat_last_check, seq, num_document, personal)
    WHERE document_type = 'ruc' AND is_active = 1;

-- A row for each check that found another estado or condición than the one before. The first
-- check of a partner is no change. Words outside SUNAT's lists are kept for legal entities only.
CREATE TABLE partner_changes (
    seq INTEGER PRIMARY KEY,
    partner INTEGER NOT NULL REFERENCES partners (seq),
    at INTEGER NOT NULL,
    old_valid INTEGER NOT NULL,
    new_valid INTEGER NOT NULL,
    old_state TEXT NOT NULL,
    new_state TEXT NOT NULL,
    old_condition TEXT NOT NULL,
    new_condition TEXT NOT NULL,
    old_estado TEXT,
    new_estado TEXT,
    old_condicion TEXT,
    new_condicion TEXT,
    old_fit INTEGER NOT NULL,
    new_fit INTEGER NOT NULL
) STRICT;
CREATE INDEX partner_changes_partner ON partner_changes (partner, seq);
CREATE INDEX partner_changes_lost ON partner_changes (seq) WHERE old_fit = 1 AND new_fit = 0;
