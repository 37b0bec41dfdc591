-- Whose things are: empty for the house, which runs the gateway; else the clear RUC of the company,
-- or 16 bytes of a keyed hash of one that is personal data. What there was is the house's.
ALTER TABLE api_keys ADD COLUMN company BLOB NOT NULL DEFAULT x'';
-- The RUC as it may be shown: masked when it is personal.
ALTER TABLE api_keys ADD COLUMN company_shown TEXT;

ALTER TABLE partners ADD COLUMN company BLOB NOT NULL DEFAULT x'';
-- Each company has a table of its own. The number first: all that is known of it is one range.
DROP INDEX partners_document;
CREATE UNIQUE INDEX partners_document ON partners (num_document, document_type, company);
-- The order of a company's refresh: never checked first, then the oldest check.
DROP INDEX partners_check;
CREATE INDEX partners_check ON partners (company, sunat_last_check, seq, num_document, personal)
    WHERE document_type = 'ruc' AND is_active = 1;
