-- Documents that are issued, from the moment they are accepted here. Nothing of a customer stands in
-- clear: `company` is the mark of who issues, `key`, `referencia`, `customer` and `twin` are keyed hashes,
-- `sheet`, `draft` and `reply` are sealed.
CREATE TABLE documents (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    company BLOB NOT NULL,
    -- `issue` or `void`; a void is a row of its own, of the number that it voids.
    deed TEXT NOT NULL,
    -- Code of catálogo 01.
    kind TEXT NOT NULL,
    serie TEXT NOT NULL,
    -- None before one is bound.
    numero INTEGER,
    own_numero INTEGER NOT NULL,
    -- The caller's name for the wish; of its issuer alone, for as long as the document is kept.
    key BLOB NOT NULL,
    -- What was asked for under that key.
    request BLOB,
    -- The caller's own name for the sale.
    referencia BLOB,
    -- BLAKE3 of what is sent, without the number.
    content TEXT NOT NULL,
    -- Number of who buys; customer, lines and total.
    customer BLOB,
    twin BLOB,
    -- Lima day of issue, and the total in hundredths of its currency.
    issued_on TEXT,
    total INTEGER,
    -- What a note modifies, what a void is of.
    modifies BLOB,
    target BLOB,
    -- How it stands, and what it is about next, not before then; nothing where that is none.
    state TEXT NOT NULL,
    code TEXT,
    next TEXT,
    due_at INTEGER,
    -- Who sent it last; an outcome told by anybody else is evidence and no more.
    fence INTEGER NOT NULL DEFAULT 0,
    -- How often it was asked about, or failed to be sent, in its present state.
    tries INTEGER NOT NULL DEFAULT 0,
    renumber INTEGER NOT NULL,
    abandoned INTEGER NOT NULL DEFAULT 0,
    -- When somebody was told that its deadline is near.
    alarmed_at INTEGER,
    -- When its files are fetched, and how often that was tried.
    files_at INTEGER,
    files_tries INTEGER NOT NULL DEFAULT 0,
    asked_by TEXT NOT NULL,
    key_id BLOB,
    batch BLOB,
    place INTEGER,
    sheet BLOB NOT NULL,
    draft BLOB NOT NULL,
    reply BLOB,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    final_at INTEGER
) STRICT;

CREATE UNIQUE INDEX documents_key ON documents (company, key);
CREATE UNIQUE INDEX documents_referencia ON documents (company, referencia) WHERE referencia IS NOT NULL;
CREATE INDEX documents_numero ON documents (company, kind, serie, numero) WHERE numero IS NOT NULL;
CREATE INDEX documents_waiting ON documents (company, kind, serie, seq) WHERE next = 'issue';
CREATE INDEX documents_due ON documents (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX documents_state ON documents (state, deed, seq);
CREATE INDEX documents_customer ON documents (customer, seq) WHERE customer IS NOT NULL;
CREATE INDEX documents_twin ON documents (company, twin, created_at) WHERE twin IS NOT NULL;
CREATE INDEX documents_modifies ON documents (company, modifies) WHERE modifies IS NOT NULL;
CREATE INDEX documents_target ON documents (target) WHERE target IS NOT NULL;
CREATE INDEX documents_batch ON documents (batch, place) WHERE batch IS NOT NULL;
CREATE INDEX documents_files ON documents (files_at) WHERE files_at IS NOT NULL;
CREATE INDEX documents_created ON documents (created_at, seq);

-- Attempts to have a document issued or voided: written before the first byte leaves.
CREATE TABLE document_attempts (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    document BLOB NOT NULL,
    company BLOB NOT NULL,
    deed TEXT NOT NULL,
    kind TEXT NOT NULL,
    serie TEXT NOT NULL,
    numero INTEGER NOT NULL,
    -- BLAKE3 of the sealed bytes beside it.
    hash TEXT NOT NULL,
    body BLOB NOT NULL,
    at INTEGER NOT NULL,
    -- Its name in clear, and all of it sealed.
    outcome TEXT,
    told BLOB,
    concluded_at INTEGER,
    absent_at INTEGER
) STRICT;

CREATE INDEX document_attempts_document ON document_attempts (document, seq);
CREATE INDEX document_attempts_numero ON document_attempts (company, kind, serie, numero);

-- How far each series has come, and whether its documents go one after the other.
CREATE TABLE document_series (
    company BLOB NOT NULL,
    kind TEXT NOT NULL,
    serie TEXT NOT NULL,
    last INTEGER NOT NULL,
    before INTEGER NOT NULL,
    in_order INTEGER NOT NULL,
    -- Since when it waits to be walked: a copy was put in place and others may have gone on.
    review_since INTEGER,
    sealed BLOB NOT NULL,
    PRIMARY KEY (company, kind, serie)
) STRICT, WITHOUT ROWID;

-- Numbers below the count that may be taken again, or that a stranger has.
CREATE TABLE document_numbers (
    company BLOB NOT NULL,
    kind TEXT NOT NULL,
    serie TEXT NOT NULL,
    numero INTEGER NOT NULL,
    free INTEGER NOT NULL,
    theirs INTEGER NOT NULL,
    PRIMARY KEY (company, kind, serie, numero)
) STRICT, WITHOUT ROWID;

CREATE INDEX document_numbers_free ON document_numbers (company, kind, serie, numero) WHERE free = 1;

-- What happened, one after the other: `hash` is keyed and over the row before, so that none can be changed,
-- taken out or put elsewhere.
CREATE TABLE document_events (
    seq INTEGER PRIMARY KEY,
    document BLOB NOT NULL,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    code TEXT,
    attempt BLOB,
    hash BLOB NOT NULL
) STRICT;

CREATE INDEX document_events_document ON document_events (document, seq);

-- Issuers that nothing is sent for, until then.
CREATE TABLE issuer_holds (
    company BLOB PRIMARY KEY NOT NULL,
    code TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    tries INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Files of documents, kept under the hash of their content in a folder beside the database.
CREATE TABLE document_files (
    document BLOB NOT NULL,
    kind TEXT NOT NULL,
    hash TEXT NOT NULL,
    size INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (document, kind)
) STRICT, WITHOUT ROWID;
