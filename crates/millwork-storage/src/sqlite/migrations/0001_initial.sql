-- Version 1. Released migrations never change; what comes later is another file.

-- "mlwk", so that `file` can tell what this is.
PRAGMA application_id = 0x6D6C776B;

-- Steps, assets and partitions by number: an event names up to three of them, and a name is long.
CREATE TABLE names (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Numbers are never used again (AUTOINCREMENT), because processes remember them.
CREATE TABLE runs (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           BLOB NOT NULL UNIQUE,
    status       TEXT NOT NULL,
    epoch        INTEGER NOT NULL,
    created_at   INTEGER NOT NULL, -- microseconds since 1970, like all times
    started_at   INTEGER,
    finished_at  INTEGER,
    reason       TEXT,
    holder       TEXT,             -- JSON
    leased_until INTEGER,
    request      TEXT NOT NULL     -- JSON; last, because it can be long
) STRICT;
CREATE INDEX runs_by_status ON runs (status);

CREATE TABLE run_tags (
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    run   INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    PRIMARY KEY (key, value, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_tags_by_run ON run_tags (run);

CREATE TABLE events (
    sequence  INTEGER PRIMARY KEY AUTOINCREMENT,
    run       INTEGER REFERENCES runs (number),
    at        INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    step      INTEGER,
    asset     INTEGER,
    partition INTEGER NOT NULL, -- 0 for none: two NULLs would never be equal in `events_success`
    attempt   INTEGER NOT NULL,
    format    INTEGER NOT NULL,
    body      TEXT,             -- JSON
    value     BLOB              -- last, so that reading an event doesn't touch it
) STRICT;
CREATE INDEX events_by_run ON events (run) WHERE run IS NOT NULL;
CREATE INDEX events_by_asset ON events (asset) WHERE asset IS NOT NULL;
-- A step succeeds once in a run, whoever says so. 11 is `step_succeeded`.
CREATE UNIQUE INDEX events_success ON events (run, step, partition) WHERE kind = 11;

-- What is latest of each asset and partition: a projection of the events, written in the same transaction.
CREATE TABLE latest (
    asset           INTEGER NOT NULL,
    partition       INTEGER NOT NULL, -- 0 for none
    materialization INTEGER,
    verdict         INTEGER NOT NULL,
    PRIMARY KEY (asset, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE slots (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    pool         TEXT NOT NULL,
    holder_id    TEXT NOT NULL,
    holder       TEXT NOT NULL,       -- JSON
    leased_until INTEGER NOT NULL
) STRICT;
CREATE INDEX slots_by_pool ON slots (pool);
CREATE INDEX slots_by_holder ON slots (holder_id);
