-- Backfills: what was asked for and planned, which stays, and what has become of it, which changes in the transactions of its runs.

CREATE TABLE backfills (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL, -- how often it was changed
    status     TEXT NOT NULL,
    is_ended   INTEGER NOT NULL,
    counts     TEXT NOT NULL,    -- JSON
    request    TEXT NOT NULL,    -- JSON
    state      TEXT NOT NULL,    -- JSON
    plan       TEXT NOT NULL     -- JSON; last, because it can be long
) STRICT;
CREATE INDEX backfills_open ON backfills (id) WHERE is_ended = 0;
