-- A list has one life, whoever works on it: a command's batch has a job too. It is held without a
-- lease, for as long as the process of the command lives; those of before have none by now.
INSERT INTO jobs (id, kind, payload, priority, state, max_attempts, run_at, asked_by, key_id, batch,
    created_at, started_at, finished_at)
SELECT decode(md5(id::text || 'job'), 'hex'), 'lote', '{}', 1,
    CASE state WHEN 'PARTIAL' THEN 'COMPLETED' ELSE 'RUNNING' END, 3, created_at,
    asked_by, key_id, id, created_at, created_at, finished_at
FROM batches WHERE state IN ('PENDING', 'PROCESSING', 'PARTIAL')
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.batch = batches.id) ORDER BY seq;

-- What changes the result of a list besides its file and column.
UPDATE batches SET options = 'verificacion=Strict' WHERE options = 'segundo plano';

ALTER TABLE batches DROP COLUMN holder;
