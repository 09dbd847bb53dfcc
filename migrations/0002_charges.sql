-- Charges, what is latched at packs, and who has read the safety text of charging.

-- A charge, written when it begins, every half minute, and when it ends. The columns are what lists
-- are made of; `report` is the whole of it as a JSON object.
CREATE TABLE charges (
    -- Milliseconds since 1970 UTC of its start, made unique.
    id          INTEGER PRIMARY KEY,
    pack        TEXT NOT NULL,
    charger     TEXT NOT NULL,
    who         TEXT NOT NULL,
    started_ms  INTEGER NOT NULL,
    -- NULL while it runs, and for one during which the program ended.
    ended_ms    INTEGER,
    -- A word for machines; empty while it runs.
    outcome     TEXT NOT NULL,
    -- The same in a sentence.
    words       TEXT NOT NULL,
    ah          REAL NOT NULL,
    kwh         REAL NOT NULL,
    report      TEXT NOT NULL
) STRICT;
CREATE INDEX charges_by_pack ON charges (pack, id);

-- What must be cleared by a person before a charge of a pack may begin.
CREATE TABLE latches (
    pack        TEXT PRIMARY KEY,
    fault       INTEGER NOT NULL CHECK (fault IN (0, 1)),
    local_stop  INTEGER NOT NULL CHECK (local_stop IN (0, 1)),
    remote_stop INTEGER NOT NULL CHECK (remote_stop IN (0, 1))
) STRICT;

-- One row for each account, by its number, and one for the person at the machine, 'local'.
CREATE TABLE safety_text_read (
    reader      TEXT PRIMARY KEY,
    read_ms     INTEGER NOT NULL
) STRICT;
