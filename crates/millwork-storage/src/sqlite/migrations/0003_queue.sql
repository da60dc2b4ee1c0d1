-- Version 3: retries of runs, weighted slots, values that were forgotten.

ALTER TABLE runs ADD COLUMN class TEXT;         -- of the failure
ALTER TABLE runs ADD COLUMN not_before INTEGER; -- for a run that is tried again
CREATE INDEX runs_by_finish ON runs (finished_at) WHERE finished_at IS NOT NULL;

ALTER TABLE slots ADD COLUMN slots INTEGER NOT NULL DEFAULT 1;

-- Materializations whose stored values were removed by a retention rule.
CREATE TABLE removed_values (
    sequence INTEGER PRIMARY KEY
) STRICT;

ALTER TABLE ticks ADD COLUMN micros INTEGER; -- how long the evaluation took
CREATE INDEX ticks_by_time ON ticks (at);
