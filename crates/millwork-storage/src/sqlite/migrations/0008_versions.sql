-- Version 8: materializations are numbered, and aliases point at them.

-- The number of each materialization; a row outlives its event, so that no number is given twice.
CREATE TABLE versions (
    asset     INTEGER NOT NULL,
    partition INTEGER NOT NULL, -- 0 for none
    version   INTEGER NOT NULL,
    sequence  INTEGER NOT NULL,
    PRIMARY KEY (asset, partition, version)
) STRICT, WITHOUT ROWID;

-- 15 is `materialized`.
INSERT INTO versions (asset, partition, version, sequence)
SELECT asset, partition, row_number() OVER (PARTITION BY asset, partition ORDER BY sequence), sequence
FROM events WHERE kind = 15 AND asset IS NOT NULL;

UPDATE events SET body = json_set(body, '$.version', versions.version)
FROM versions WHERE versions.sequence = events.sequence AND json_valid(events.body) AND json_type(events.body) = 'object';

-- Where aliases point, and where they have pointed: a projection of the events that move them.
CREATE TABLE aliases (
    asset        INTEGER NOT NULL,
    partition    INTEGER NOT NULL, -- 0 for none
    alias        TEXT NOT NULL,
    sequence     INTEGER NOT NULL, -- of the event that moved it here
    version      INTEGER NOT NULL,
    data_version TEXT,
    left_at      INTEGER,          -- when it moved on; NULL while it points here
    PRIMARY KEY (asset, partition, alias, sequence)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX aliases_current ON aliases (asset, partition, alias) WHERE left_at IS NULL;
