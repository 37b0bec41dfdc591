-- What a look-up about a person was for, as whoever asked said it.
ALTER TABLE calls ADD COLUMN purpose TEXT;
