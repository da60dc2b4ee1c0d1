-- What the statuses of assets follow from, as of an event: a reader goes on from there, and reads everything again if there is nothing here.

CREATE TABLE statuses (
    asset TEXT PRIMARY KEY,
    body  TEXT NOT NULL -- JSON
) STRICT;

CREATE TABLE statuses_until (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    until  INTEGER NOT NULL, -- the sequence number of the last event that is included
    writer TEXT NOT NULL     -- who wrote them: no other may write only those that have changed
) STRICT;

-- The last evaluations of checks are found among all events. SQLite uses this index where the condition is written as here:
-- `KindSet::of(&[EventKind::CheckEvaluated])`.
CREATE INDEX events_of_checks ON events (kind) WHERE kind IN (19);
