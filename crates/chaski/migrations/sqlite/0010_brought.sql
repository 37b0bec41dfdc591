-- Identifiers of partners and batches that do not belong to the other side's data as well: those that
-- were brought from there once, so that what is deleted here does not come back, and those that
-- were entered to try the sandbox beside a token.
CREATE TABLE brought (
    id BLOB PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;
