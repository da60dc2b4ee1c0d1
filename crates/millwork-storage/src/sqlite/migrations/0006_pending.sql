-- Version 6: what an instigator asked for that couldn't be done yet, and functions that don't return.

CREATE TABLE pending (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    instigator TEXT NOT NULL,
    work       TEXT NOT NULL,      -- JSON
    state      TEXT NOT NULL,      -- waiting or given_up
    reason     TEXT NOT NULL,
    attempts   INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX pending_by_instigator ON pending (instigator);

ALTER TABLE schedules ADD COLUMN stuck_since INTEGER; -- since when its function hasn't returned
