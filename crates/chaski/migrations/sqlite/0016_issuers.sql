-- Companies that issue through Nubefact. `company` is the mark of the company, as of a key; `sealed` its
-- RUC, address and token.
CREATE TABLE issuers (
    company BLOB PRIMARY KEY NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
