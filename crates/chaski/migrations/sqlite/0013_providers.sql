-- A question is the same whichever upstream answers it: one answer each, and its provider is a column
-- like any other. Of two, the newer one stays.
DELETE FROM answers WHERE EXISTS (
    SELECT 1 FROM answers o WHERE o.subject = answers.subject AND o.operation = answers.operation
    AND (o.stored_at > answers.stored_at OR (o.stored_at = answers.stored_at AND o.seq > answers.seq))
);
DROP INDEX answers_key;
-- The subject first: all that is known of one number is one range.
CREATE UNIQUE INDEX answers_key ON answers (subject, operation);

ALTER TABLE batches DROP COLUMN key_provider;

-- Nobody who runs an older program can be in the folder, so nothing is being asked.
DROP TABLE asking;
CREATE TABLE asking (
    subject BLOB NOT NULL,
    operation TEXT NOT NULL,
    holder INTEGER NOT NULL,
    PRIMARY KEY (subject, operation)
) STRICT, WITHOUT ROWID;
