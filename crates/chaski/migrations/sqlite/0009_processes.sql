-- Which process holds a job or works on a list of the command line: the number in the name of its
-- lock file in `procesos`. A process that is gone holds nothing.
ALTER TABLE jobs ADD COLUMN holder INTEGER;
ALTER TABLE batches ADD COLUMN holder INTEGER;

-- Questions that are being asked right now, written while several processes share the folder, so
-- that none of them is paid for twice. `subject` as in `answers`.
CREATE TABLE asking (
    subject BLOB NOT NULL,
    operation TEXT NOT NULL,
    provider TEXT NOT NULL,
    holder INTEGER NOT NULL,
    PRIMARY KEY (subject, operation, provider)
) STRICT, WITHOUT ROWID;
