-- Companies that issue through Nubefact. `company` is the mark of the company, as of a key; `sealed` its
-- RUC, address and token.
CREATE TABLE issuers (
    company BYTEA PRIMARY KEY NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
