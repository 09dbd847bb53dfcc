-- Versions of profiles: what a profile said after each edit, from whichever face or from outside.

-- The oldest go when a profile has more, or larger ones, than are kept; the newest two always stay.
CREATE TABLE profile_versions (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The name of the profile in the data folder, or the path of its file elsewhere.
    profile  TEXT NOT NULL,
    at_ms    INTEGER NOT NULL,
    who      TEXT NOT NULL,
    face     TEXT NOT NULL,
    -- What was changed, in words.
    what     TEXT NOT NULL,
    -- The whole text of the profile.
    text     TEXT NOT NULL
) STRICT;
CREATE INDEX profile_versions_by_profile ON profile_versions (profile, id);
