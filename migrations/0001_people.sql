-- Accounts, what they may do, how they come in, and the journal of what was done.
-- Times are milliseconds since 1970 UTC. Secrets are kept as hashes only, except what has to be said
-- to another system (table secrets).

CREATE TABLE services (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL UNIQUE COLLATE NOCASE,
    version     INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE accounts (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    kind                 TEXT NOT NULL CHECK (kind IN ('person', 'machine')),
    name                 TEXT NOT NULL UNIQUE COLLATE NOCASE,
    email                TEXT,
    service_id           INTEGER REFERENCES services (id) ON DELETE RESTRICT,
    -- One bit a right, in the order of `Right::ALL`.
    rights               INTEGER NOT NULL,
    status               TEXT NOT NULL CHECK (status IN ('invited', 'active', 'disabled')),
    -- Algorithm, parameters, salt and hash in the PHC string format; NULL before one is set.
    password_hash        TEXT,
    must_change_password INTEGER NOT NULL DEFAULT 0 CHECK (must_change_password IN (0, 1)),
    created_ms           INTEGER NOT NULL,
    last_sign_in_ms      INTEGER,
    version              INTEGER NOT NULL DEFAULT 1
) STRICT;

-- Invitations, password resets and the set-up link of the first administrator, which has no
-- account. A new link of an account takes the place of its old one.
CREATE TABLE links (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id  INTEGER UNIQUE REFERENCES accounts (id) ON DELETE CASCADE,
    purpose     TEXT NOT NULL CHECK (purpose IN ('invitation', 'reset', 'set_up')),
    -- SHA-256 of the token.
    token_hash  BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    expires_ms  INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id   INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    token_hash   BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    face         TEXT NOT NULL,
    address      TEXT,
    agent        TEXT,
    created_ms   INTEGER NOT NULL,
    used_ms      INTEGER NOT NULL,
    expires_ms   INTEGER NOT NULL,
    -- Once ended, and why; such a row is kept for a while so that its holder can be told.
    ended_ms     INTEGER,
    ended_why    TEXT
) STRICT;
CREATE INDEX sessions_by_account ON sessions (account_id);

-- Tokens of the API.
CREATE TABLE tokens (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id  INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    token_hash  BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    rights      INTEGER NOT NULL,
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL,
    used_ms     INTEGER,
    revoked_ms  INTEGER
) STRICT;
CREATE INDEX tokens_by_account ON tokens (account_id);

-- The system's own settings, one JSON object a section.
CREATE TABLE settings (
    section     TEXT PRIMARY KEY,
    value       TEXT NOT NULL,
    version     INTEGER NOT NULL DEFAULT 1
) STRICT;

-- What is said to another system and never shown again.
CREATE TABLE secrets (
    name        TEXT PRIMARY KEY,
    value       BLOB NOT NULL
) STRICT;

-- Every sign-in, refusal, change and command. Each line holds the hash of the one before it.
CREATE TABLE journal (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    who         TEXT NOT NULL,
    face        TEXT NOT NULL,
    address     TEXT,
    action      TEXT NOT NULL,
    target      TEXT NOT NULL,
    before      TEXT,
    after       TEXT,
    outcome     TEXT NOT NULL CHECK (outcome IN ('asked', 'done', 'refused', 'failed')),
    note        TEXT,
    -- The line that this one is the outcome of.
    of_seq      INTEGER,
    prev_hash   BLOB NOT NULL CHECK (length(prev_hash) = 32),
    hash        BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX journal_by_time ON journal (at_ms);
CREATE INDEX journal_by_action ON journal (action);

CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
