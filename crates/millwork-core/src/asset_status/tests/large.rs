//! A million partitions, of which a few are made: what is kept follows those.

use jiff::Timestamp;

use crate::asset::{AssetDefinition, AssetStatus};
use crate::asset_status::{AssetStatuses, StatusFold};
use crate::definitions::{Definitions, Pipeline};
use crate::event::{
    EventBody, InputVersion, Materialization, NewEvent, Provenance, StoredValue, ValueLocation,
};
use crate::partition::mapping::all;
use crate::partition::{AssetPartition, KeyMoment, daily, hourly};

fn asset(key: &str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8))
}

/// Hours of 120 years, the same again, their days, and one of all.
fn pipeline() -> Pipeline {
    let hours = || hourly("UTC").from("1906-01-01");
    let gathering = |key: &str, upstream: &'static str| {
        asset(key).policy(move |computation| computation.requirements.partitions::<u8>(upstream))
    };
    let sum = asset("sum").policy(|computation| {
        computation.requirements.mapped(&all(), |requirements| requirements.partitions::<u8>("days"));
    });
    Definitions::new()
        .asset(asset("hours").partitions(hours()))
        .asset(asset("again").input::<u8>("hours").partitions(hours()))
        .asset(gathering("days", "again").partitions(daily("UTC").from("1906-01-01")))
        .asset(sum)
        .resolve()
        .unwrap()
}

struct Log {
    pipeline: Pipeline,
    moment: KeyMoment,
    fold: StatusFold,
    sequence: u64,
}

impl Log {
    /// Makes some partitions, by a set, of the code that there is or another one.
    fn makes(&mut self, key: &str, set: &str, upstream: Option<&str>, code_version: &str) {
        let graph = self.pipeline.graph();
        let space = graph.key_space(graph.index(key).unwrap(), &self.moment);
        for partition in space.partition_keys(&space.set(set).unwrap()) {
            self.sequence += 1;
            let inputs = upstream.map(|upstream| InputVersion {
                upstream: AssetPartition::new(upstream.into(), Some(partition.clone())),
                data_version: Some("d".into()),
                version: None,
                read_as: Default::default(),
            });
            let provenance = Provenance {
                code_version: code_version.into(),
                inputs: inputs.into_iter().collect(),
                config: None,
            };
            let stored = StoredValue {
                location: ValueLocation::Elsewhere,
                bytes: 0,
                format: String::new(),
                hash: None,
            };
            let made = Materialization {
                version: None,
                data_version: "d".into(),
                provenance,
                stored,
                metadata: Default::default(),
            };
            let event = NewEvent {
                run: None,
                at: Timestamp::UNIX_EPOCH,
                step: None,
                asset: Some(key.into()),
                partition: Some(partition),
                attempt: 0,
                body: EventBody::Materialized(made),
                value: None,
            };
            self.fold.apply(&event.at_sequence(self.sequence));
        }
    }

    fn check(&self, statuses: &AssetStatuses, key: &str, [fresh, stale, missing]: [u64; 3]) {
        let asset = self.pipeline.graph().index(key).unwrap();
        let sets = &statuses.of(asset).partitions;
        let counts = [AssetStatus::Fresh, AssetStatus::Stale, AssetStatus::Missing];
        assert_eq!(counts.map(|status| sets.count(status)), [fresh, stale, missing], "{key}");
        for keys in
            [sets.all(), sets.existing(), sets.behind(), &sets.fresh(), &sets.of(AssetStatus::Missing)]
        {
            assert!(keys.bytes() < 8_192, "{key}: {} bytes", keys.bytes());
        }
    }
}

#[test]
fn a_million_partitions_are_a_few_kilobytes() {
    let moment = KeyMoment::at("2026-01-01T00:00:00Z".parse().unwrap());
    let mut log =
        Log { pipeline: pipeline(), moment: moment.clone(), fold: StatusFold::default(), sequence: 0 };
    let (hours, days) = (1_051_920, 43_830);
    let statuses = AssetStatuses::default().updated(log.pipeline.graph(), &mut log.fold, &moment).unwrap();
    log.check(&statuses, "hours", [0, 0, hours]);
    log.check(&statuses, "sum", [0, 0, 1]);
    let first_day = "2025-01-01-00:00..2025-01-01-23:00";
    log.makes("hours", first_day, None, "1");
    log.makes("again", first_day, Some("hours"), "1");
    let statuses = statuses.updated(log.pipeline.graph(), &mut log.fold, &moment).unwrap();
    log.check(&statuses, "hours", [24, 0, hours - 24]);
    log.check(&statuses, "again", [24, 0, hours - 24]);
    log.check(&statuses, "days", [0, 0, days]);
    // Of other code: what follows from it is stale.
    log.makes("hours", "2025-01-01-00:00..2025-01-01-05:00", None, "0");
    let statuses = statuses.updated(log.pipeline.graph(), &mut log.fold, &moment).unwrap();
    log.check(&statuses, "hours", [18, 6, hours - 24]);
    log.check(&statuses, "again", [18, 6, hours - 24]);
    let again = log.pipeline.graph().index("again").unwrap();
    let health = statuses.of(again);
    assert_eq!(health.reasons()[0], "`hours` (2025-01-01-00:00) is itself not fresh");
    let listed = health.partitions.listed(8);
    let listed = statuses.partitions(log.pipeline.graph(), &log.fold, again, &listed);
    let words: Vec<String> = listed.iter().map(|partition| partition.status.to_string()).collect();
    assert_eq!(words, [["stale"; 6].as_slice(), &["missing"; 2]].concat());
}
