-- Whose a call is, like `company` of keys: that of whoever asked, when they did. NULL for what the owner
-- of the folder asked on behalf of companies: no key sees it. What was asked without a key is the
-- house's, so that rows of before get the default without being written.
ALTER TABLE calls ADD COLUMN company BYTEA DEFAULT '';
UPDATE calls SET company = (
    SELECT company FROM api_keys
    WHERE substr(calls.asked_by, 1, 6) = 'llave:' AND prefix = substr(calls.asked_by, 7)
) WHERE asked_by LIKE '%:%';
