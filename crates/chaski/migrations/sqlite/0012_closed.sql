-- Once keys have existed the gateway asks for one for ever, also when the last one is revoked and
-- also when its row should be gone. Folders of before learn it from the keys that they have.
INSERT INTO meta (name, value)
SELECT 'had_keys', x'01' WHERE EXISTS (SELECT 1 FROM api_keys)
ON CONFLICT (name) DO NOTHING;
