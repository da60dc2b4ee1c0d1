-- Version 2: schedules.

CREATE TABLE schedules (
    name    TEXT PRIMARY KEY,
    is_on   INTEGER, -- NULL: as it is defined
    cursor  TEXT
) STRICT;

CREATE TABLE ticks (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    schedule TEXT NOT NULL,
    due      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    outcome  TEXT NOT NULL -- JSON
) STRICT;
CREATE INDEX ticks_by_schedule ON ticks (schedule);
