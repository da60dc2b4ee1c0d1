-- Calls in shadow are looked for in the whole log, of which they are a small part. SQLite uses this index where the condition is written
-- as here: `KindSet::of(&[EventKind::ShadowCalled])`.
CREATE INDEX events_in_shadow ON events (asset, partition) WHERE kind IN (28);
