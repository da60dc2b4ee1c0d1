//! How the values of an upstream dimension follow from those of a downstream one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::function::KeyFunction;
use super::windows::{self, Offsets, WindowAxis};
use crate::partition::key_space::SpaceDimension;
use crate::partition::{Axis, IndexSet, Key, KeyValue};

/// How the values of an upstream dimension follow from those of a downstream one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Link {
    /// The same text.
    SameText,
    /// The texts of a table.
    Table(BTreeMap<String, Vec<String>>),
    /// Windows that overlap, or lie some before or after.
    Windows(Offsets),
    /// What a function says, of keys with one value.
    #[serde(skip)]
    Function(KeyFunction),
}

/// What some downstream indexes take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Linked {
    /// The upstream indexes, of those that there are.
    pub(super) indexes: IndexSet,
    /// The downstream indexes that need something which there isn't.
    pub(super) lacking: IndexSet,
}

impl Link {
    /// The upstream indexes that some downstream ones take.
    pub(super) fn upstream_of(
        &self,
        indexes: &IndexSet,
        down: &SpaceDimension,
        up: &SpaceDimension,
    ) -> Linked {
        match self {
            Self::Windows(offsets) => match (window_axis(down), window_axis(up)) {
                (Some(down), Some(up)) => windows::upstream_of(*offsets, indexes, down, up),
                (None, _) | (_, None) => Linked { lacking: indexes.clone(), ..Linked::default() },
            },
            Self::SameText | Self::Table(_) | Self::Function(_) => {
                let (mut taken, mut lacking) = (Vec::new(), Vec::new());
                for index in indexes.iter() {
                    let needed = self.needed(index, down, up);
                    lacking.extend(needed.contains(&None).then_some(index));
                    taken.extend(needed.into_iter().flatten());
                }
                Linked { indexes: taken.into_iter().collect(), lacking: lacking.into_iter().collect() }
            }
        }
    }

    /// The downstream indexes, of those that there are, that take some of the upstream ones that there are.
    pub(super) fn downstream_of(
        &self,
        indexes: &IndexSet,
        down: &SpaceDimension,
        up: &SpaceDimension,
    ) -> IndexSet {
        let indexes = indexes.intersection(up.present());
        let found: IndexSet = match self {
            Self::Windows(offsets) => match (window_axis(down), window_axis(up)) {
                (Some(down), Some(up)) => windows::downstream_of(*offsets, &indexes, down, up),
                (None, _) | (_, None) => IndexSet::default(),
            },
            Self::SameText => indexes.iter().filter_map(|index| down.index(&up.value(index)?)).collect(),
            Self::Table(rows) => {
                let is_taken = |text: &String| up.index(&value(text)).is_some_and(|up| indexes.contains(up));
                let taking = rows.iter().filter(|(_, taken)| taken.iter().any(is_taken));
                taking.filter_map(|(text, _)| down.index(&value(text))).collect()
            }
            Self::Function(function) => {
                let taking = |index| function.downstream_of_key(&Key::new([up.value(index)?]));
                let inverse: Option<Vec<Vec<Key>>> = indexes.iter().map(taking).collect();
                match inverse {
                    Some(keys) => keys.iter().flatten().filter_map(|key| index_of(key, down)).collect(),
                    None => {
                        let takes = |index: &i64| {
                            self.needed(*index, down, up).iter().flatten().any(|up| indexes.contains(*up))
                        };
                        down.present().iter().filter(takes).collect()
                    }
                }
            }
        };
        found.intersection(down.present())
    }

    /// The upstream indexes that a downstream one needs, `None` for each that there isn't. Windows are searched for otherwise.
    fn needed(&self, index: i64, down: &SpaceDimension, up: &SpaceDimension) -> Vec<Option<i64>> {
        let Some(own) = down.value(index) else { return vec![None] };
        let there = |index: Option<i64>| index.filter(|index| up.present().contains(*index));
        match self {
            Self::SameText => vec![there(up.index(&own))],
            Self::Table(rows) => match rows.get(own.text()) {
                Some(texts) => texts.iter().map(|text| there(up.index(&value(text)))).collect(),
                None => vec![None],
            },
            Self::Function(function) => {
                let keys = function.upstream_of_key(&Key::new([own]));
                keys.iter().map(|key| there(index_of(key, up))).collect()
            }
            Self::Windows(_) => {
                let linked = self.upstream_of(&IndexSet::from(index..=index), down, up);
                let lacks = (!linked.lacking.is_empty()).then_some(None);
                linked.indexes.iter().map(Some).chain(lacks).collect()
            }
        }
    }
}

/// A text as a value.
fn value(text: &str) -> KeyValue {
    KeyValue::Text(text.into())
}

/// The index of the only value of a key; `None` if it has several, or one that the dimension never had.
fn index_of(key: &Key, dimension: &SpaceDimension) -> Option<i64> {
    match key.values() {
        [value] => dimension.index(value),
        _ => None,
    }
}

/// The windows of a dimension; `None` if it has texts.
pub(super) fn window_axis(dimension: &SpaceDimension) -> Option<WindowAxis<'_>> {
    match &dimension.axis {
        Axis::Windows(calendar) => Some(WindowAxis { calendar, present: dimension.present() }),
        Axis::Texts(_) => None,
    }
}
