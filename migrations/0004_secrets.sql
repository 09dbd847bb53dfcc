-- Secrets are sealed: what is said to another system is encrypted under a key that is kept in a file of
-- its own beside the database, and bound to its name.

-- What was kept in the clear. The step seals each row, and the table goes once the pages that held it are
-- overwritten.
ALTER TABLE secrets RENAME TO clear_secrets;

CREATE TABLE secrets (
    name     TEXT PRIMARY KEY,
    -- New for every value: never used twice under one key.
    nonce    BLOB NOT NULL CHECK (length(nonce) = 24),
    -- XChaCha20-Poly1305, with the name as associated data.
    sealed   BLOB NOT NULL CHECK (length(sealed) >= 16),
    -- Since when it is set and by whom; NULL where nobody knows any more.
    set_ms   INTEGER,
    set_by   TEXT
) STRICT;
