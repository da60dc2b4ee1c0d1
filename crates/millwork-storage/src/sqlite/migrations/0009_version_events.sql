-- What happens to versions is looked for in the whole log, of which it is a small part. SQLite uses this index where the condition is
-- written as here: `KindSet::VERSIONS`.
CREATE INDEX events_of_versions ON events (asset, partition) WHERE kind IN (22, 23, 24, 27);
