-- Calls paid for on a day of Lima by those whose day has a limit: each is counted before it is
-- sent, so that neither a second process nor a clock set back nor a restart counts from zero.
CREATE TABLE days (
    who TEXT NOT NULL,
    day TEXT NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (who, day)
) STRICT, WITHOUT ROWID;

-- Until now they were counted from the record: the last two days of it go on counting.
INSERT INTO days (who, day, used)
SELECT asked_by, date(at / 1000000 - 18000, 'unixepoch'), count(*) FROM calls INDEXED BY calls_at
WHERE at > (SELECT max(at) FROM calls) - 172800000000
  AND attempt > 0 AND outcome <> 'proveedor_inalcanzable'
GROUP BY 1, 2;
