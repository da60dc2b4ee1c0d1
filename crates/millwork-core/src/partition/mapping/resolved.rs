//! Mappings of valid definitions: the upstream keys of downstream ones, and back.

use serde::{Deserialize, Serialize};

use super::function::{FunctionIndex, KeyFunction};
use super::link::Link;
use super::missing;
use super::source::{self, Source};
use super::windows::Offsets;
use crate::partition::{KeySet, KeySpace};
use crate::problem::Problem;

/// Which upstream partitions each downstream one takes, of definitions that fit together.
///
/// Sets go both ways: `u` is among the upstream keys of `d` if and only if `d` is among the downstream keys of `u`. Both are computed
/// from runs of indexes where the mapping allows it: the same windows, some before or after, those that overlap and all cost the
/// same for one window and for a million. Tables, other texts and functions are looked up one by one.
///
/// An asset without partitions has the space [`KeySpace::unpartitioned`], with one key.
///
/// It can be stored unless it [calls a function](Self::calls_function).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolvedMapping {
    pub(super) relation: Relation,
    pub(super) is_single: bool,
    pub(super) tolerates_missing: bool,
    pub(super) words: String,
}

/// What the upstream keys of a downstream one are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Relation {
    /// Every key with a value of each source, one for each upstream dimension.
    Product(Vec<Source>),
    /// What a function says.
    #[serde(skip)]
    Function(KeyFunction),
}

/// The upstream keys of some downstream ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedKeys {
    /// The upstream keys, of those that there are.
    pub keys: KeySet,
    /// The downstream keys, of those asked about, that need an upstream key which there isn't: it is before the first window, hasn't
    /// ended, is excluded, or is a text that upstream hasn't. Of a mapping that
    /// [tolerates it](ResolvedMapping::tolerates_missing) they take what there is. All that there are, even none, is nothing missing.
    pub lacking: KeySet,
}

impl ResolvedMapping {
    /// The upstream keys that a set of downstream keys takes. `from` is the space of the downstream asset, `to` that of the
    /// upstream one at the same moment.
    pub fn upstream_of(&self, keys: &KeySet, from: &KeySpace, to: &KeySpace) -> MappedKeys {
        match &self.relation {
            Relation::Product(sources) => {
                let (keys, lacking) = source::upstream_of(sources, keys, from, to);
                MappedKeys { keys, lacking }
            }
            Relation::Function(function) => function.upstream_of(keys, from, to),
        }
    }

    /// The downstream keys, of those that there are, that take some of a set of upstream keys.
    ///
    /// A function without an inverse is called with every downstream key: for several sets, make an
    /// [index](Self::function_index) first.
    pub fn downstream_of(&self, keys: &KeySet, from: &KeySpace, to: &KeySpace) -> KeySet {
        match &self.relation {
            Relation::Product(sources) => source::downstream_of(sources, keys, from, to),
            Relation::Function(function) => function.downstream_of(keys, from, to),
        }
    }

    /// The downstream keys of every upstream key, for a function of whole keys whose inverse isn't given; `None` for any other
    /// mapping, of which [`downstream_of`](Self::downstream_of) needs no index.
    pub fn function_index(&self, from: &KeySpace, to: &KeySpace) -> Option<FunctionIndex> {
        match &self.relation {
            Relation::Function(function) if !function.has_inverse() => {
                Some(FunctionIndex::new(function, from, to))
            }
            Relation::Function(_) | Relation::Product(_) => None,
        }
    }

    /// Whether each downstream key takes exactly one upstream key, so that its value can be taken by reference. Otherwise a step
    /// gathers several.
    pub fn is_single(&self) -> bool {
        self.is_single
    }

    /// Whether every downstream key takes the same upstream ones.
    pub fn is_the_same_for_all(&self) -> bool {
        match &self.relation {
            Relation::Product(sources) => sources.iter().all(|source| match source {
                Source::All | Source::Latest | Source::Only(_) => true,
                Source::From { .. } => false,
            }),
            Relation::Function(_) => false,
        }
    }

    /// Whether each key takes the one with its own index and no other. Both spaces must be [alike](KeySpace::is_like).
    pub fn is_same_key(&self, from: &KeySpace, to: &KeySpace) -> bool {
        let is_same = |(place, source): (usize, &Source)| match source {
            Source::From { place: down, link: Link::SameText } => *down == place,
            Source::From { place: down, link: Link::Windows(offsets) } => {
                *down == place && *offsets == Offsets::OVERLAP
            }
            Source::From { link: Link::Table(_) | Link::Function(_), .. }
            | Source::Latest
            | Source::Only(_) => false,
            // Neither asset has partitions.
            Source::All => from.all().count() == 1,
        };
        match &self.relation {
            Relation::Product(sources) => from.is_like(to) && sources.iter().enumerate().all(is_same),
            Relation::Function(_) => false,
        }
    }

    /// Whether it calls a function of the author, so that it can't be stored.
    pub fn calls_function(&self) -> bool {
        let calls = |source: &Source| match source {
            Source::From { link: Link::Function(_), .. } => true,
            Source::From { link: Link::SameText | Link::Table(_) | Link::Windows(_), .. }
            | Source::All
            | Source::Latest
            | Source::Only(_) => false,
        };
        match &self.relation {
            Relation::Product(sources) => sources.iter().any(calls),
            Relation::Function(_) => true,
        }
    }

    /// Whether a downstream key may be made though an upstream one is missing: there is no such key, or it has no value.
    pub fn tolerates_missing(&self) -> bool {
        self.tolerates_missing
    }

    /// The same mapping, which tolerates what is missing.
    pub(crate) fn tolerant(self) -> Self {
        Self { tolerates_missing: true, ..self }
    }

    /// What it is called, such as `the 7 windows up to it`.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// What a downstream key needs and upstream hasn't, in words: ``no `time` before `2024-01-01` ``. Empty if it has all.
    pub fn missing(&self, key: &[i64], from: &KeySpace, to: &KeySpace) -> Vec<String> {
        missing::of_key(&self.relation, key, from, to)
    }

    /// Why the given inverse of a function isn't one, as far as a thousand keys of either side show; `None` if it is, or if there is
    /// no such function.
    pub fn inverse_problem(&self, from: &KeySpace, to: &KeySpace) -> Option<Problem> {
        match &self.relation {
            Relation::Product(sources) => {
                sources.iter().zip(&to.dimensions).find_map(|(source, up)| match source {
                    Source::From { place, link: Link::Function(function) } => {
                        let (from, to) = (from.only(from.dimensions.get(*place)?), to.only(up));
                        function.inverse_problem(&from, &to)
                    }
                    Source::From { link: Link::SameText | Link::Table(_) | Link::Windows(_), .. }
                    | Source::All
                    | Source::Latest
                    | Source::Only(_) => None,
                })
            }
            Relation::Function(function) => function.inverse_problem(from, to),
        }
    }
}
