-- What people call a partition whose name is an identity, as it was called first. NULL where the name is what people know.
ALTER TABLE names ADD COLUMN label TEXT;

-- Changes of dynamic partitions are read from the whole log, of which they are a small part. SQLite uses this index where the condition is
-- written as here: `KindSet::of(&[EventKind::PartitionsChanged])`.
CREATE INDEX events_of_partitions ON events (kind) WHERE kind IN (29);
