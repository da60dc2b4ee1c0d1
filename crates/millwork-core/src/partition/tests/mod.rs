//! Tests of partitions: windows against a clock that is looked at every minute, sets against naive ones.

mod changes;
mod clock_changes;
mod definitions;
mod key_sets;
mod keys;
mod minute_by_minute;
mod numbers;
mod random_changes;
mod set_texts;
mod support;
mod typed_key;
