-- Version 5: alerts on their way to whom they are for.

CREATE TABLE deliveries (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    key          TEXT NOT NULL UNIQUE, -- the same for every attempt, so that a receiver can tell
    rule         TEXT NOT NULL,
    destination  TEXT NOT NULL,        -- its name, without secrets
    alert        TEXT NOT NULL,        -- JSON
    state        TEXT NOT NULL,        -- pending, delivered or dead
    attempts     INTEGER NOT NULL DEFAULT 0,
    next_at      INTEGER NOT NULL,     -- when the next attempt may begin
    error        TEXT,
    created_at   INTEGER NOT NULL,
    finished_at  INTEGER
) STRICT;
CREATE INDEX deliveries_by_state ON deliveries (state, destination, id);
