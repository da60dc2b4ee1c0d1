//! The axis along which an asset's numbers are plotted: its versions, time, or its partitions.

use std::collections::BTreeMap;

use millwork_core::PartitionKey;
use serde::{Deserialize, Serialize};

use super::history::Made;

/// The axis of the plots of an asset's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HistoryAxis {
    /// The versions of each partition, at equal distances.
    Version,
    /// The moments at which the values were made.
    Time,
    /// The partitions, each with its newest value.
    Partition,
}

impl HistoryAxis {
    /// The axis that shows materializations best, which are given newest first.
    ///
    /// It is time, unless that would squeeze most of them together: the versions, if half or more of the pauses between one
    /// materialization of a partition and its next are at most a tenth of the average pause.
    pub(super) fn best(made: &[Made<'_>]) -> Self {
        let mut pauses = Vec::new();
        let mut later: BTreeMap<Option<&PartitionKey>, jiff::Timestamp> = BTreeMap::new();
        for (event, _) in made {
            if let Some(later) = later.insert(event.partition.as_ref(), event.at) {
                pauses.push(later.duration_since(event.at).as_secs_f64().max(0.0));
            }
        }
        let average = pauses.iter().sum::<f64>() / pauses.len().max(1) as f64;
        let short = pauses.iter().filter(|pause| **pause <= average / 10.0).count();
        if short > 0 && 2 * short >= pauses.len() { Self::Version } else { Self::Time }
    }

    /// The other axes; that of partitions if there are several on the page.
    pub(super) fn others(self, has_partitions: bool) -> Vec<Self> {
        let all = [Self::Version, Self::Time, Self::Partition];
        let is_other = |axis: &Self| *axis != self && (has_partitions || *axis != Self::Partition);
        all.into_iter().filter(is_other).collect()
    }

    /// The heading of the plots.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Self::Version => "Over versions",
            Self::Time => "Over time",
            Self::Partition => "Over partitions",
        }
    }

    /// The axis as it is written in the address of the page.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Time => "time",
            Self::Partition => "partition",
        }
    }
}

/// The version of each materialization, which are given newest first. One that has no number is taken for the one after the last that is
/// known of its partition.
pub(super) fn versions(made: &[Made<'_>]) -> Vec<u64> {
    let mut last: BTreeMap<Option<&PartitionKey>, u64> = BTreeMap::new();
    let mut versions: Vec<u64> = made
        .iter()
        .rev()
        .map(|(event, made)| {
            let last = last.entry(event.partition.as_ref()).or_default();
            *last = made.version.map_or(*last + 1, |version| u64::from(version.get()));
            *last
        })
        .collect();
    versions.reverse();
    versions
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use millwork_core::event::{Event, EventBody, Materialization, Provenance, StoredValue, ValueLocation};
    use millwork_core::version::VersionNumber;

    use super::super::history::materializations;
    use super::*;

    fn event((partition, second): &(Option<&str>, i64), version: Option<u32>) -> Event {
        let provenance = Provenance { code_version: "c".into(), inputs: Vec::new(), config: None };
        let stored =
            StoredValue { location: ValueLocation::Elsewhere, bytes: 1, format: String::new(), hash: None };
        let body = Materialization {
            version: version.and_then(VersionNumber::new),
            data_version: "d".into(),
            provenance,
            stored,
            metadata: Default::default(),
        };
        Event {
            sequence: 1,
            run: None,
            at: Timestamp::from_second(*second).expect("a time"),
            step: None,
            asset: Some("model".into()),
            partition: partition.map(Into::into),
            attempt: 0,
            body: EventBody::Materialized(body),
        }
    }

    fn check(made: &[(Option<&str>, i64)], axis: HistoryAxis, numbers: &[u64]) {
        let events: Vec<Event> = made.iter().rev().map(|made| event(made, None)).collect();
        let newest_first = materializations(&events);
        assert_eq!(HistoryAxis::best(&newest_first), axis, "{made:?}");
        let mut found = versions(&newest_first);
        found.reverse();
        assert_eq!(found, numbers, "{made:?}");
    }

    #[test]
    fn versions_are_those_of_the_events() {
        let events = [(None, 3), (None, 2), (None, 1)];
        let numbers = [None, Some(9), Some(4)];
        let events: Vec<Event> =
            events.iter().zip(numbers).map(|(made, number)| event(made, number)).collect();
        assert_eq!(versions(&materializations(&events)), [10, 9, 4]);
    }

    #[test]
    fn materializations_are_squeezed_by_pauses_of_another_size() {
        use HistoryAxis::{Time, Version};
        let day = 86_400;
        check(&[], Time, &[]);
        check(&[(None, 0)], Time, &[1]);
        check(&[(None, 0), (None, 5)], Time, &[1, 2]);
        check(&[(None, 0), (None, 0), (None, 0)], Version, &[1, 2, 3]);
        check(&[(None, 0), (None, 5), (None, 9), (None, 16)], Time, &[1, 2, 3, 4]);
        check(&[(None, 0), (None, 5), (None, day)], Version, &[1, 2, 3]);
        check(&[(None, 0), (None, day), (None, 2 * day), (None, 2 * day + 5)], Time, &[1, 2, 3, 4]);
        // A clock that was set back.
        check(&[(None, day), (None, 0), (None, 5)], Version, &[1, 2, 3]);
        let (a, b) = (Some("a"), Some("b"));
        check(&[(a, 0), (b, 5), (a, day), (b, day + 5)], Time, &[1, 1, 2, 2]);
        check(&[(a, 0), (b, 5), (b, 7), (b, 9), (a, day)], Version, &[1, 1, 2, 3, 2]);
    }
}
