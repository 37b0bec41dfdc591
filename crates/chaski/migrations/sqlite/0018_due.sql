-- What waits to be sent is found by its series. Among what else is due it would be gone past again and again.
DROP INDEX documents_due;
CREATE INDEX documents_due ON documents (due_at) WHERE due_at IS NOT NULL AND next <> 'issue';
