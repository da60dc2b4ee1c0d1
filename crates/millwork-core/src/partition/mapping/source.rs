//! Where the values of an upstream dimension come from.

use serde::{Deserialize, Serialize};

use super::link::Link;
use crate::partition::key_space::SpaceDimension;
use crate::partition::{IndexSet, KeySet, KeySpace, KeyValue};

/// Where the values of an upstream dimension come from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    /// All that there are.
    All,
    /// The last window that there is.
    Latest,
    /// Some texts.
    Only(Vec<String>),
    /// Those of a downstream dimension, which no other upstream dimension follows from.
    From {
        /// Its place.
        place: usize,
        /// How they follow.
        link: Link,
    },
}

/// What a product of downstream indexes takes.
struct Taken {
    /// The upstream indexes of a dimension.
    indexes: IndexSet,
    /// The downstream keys that need something which there isn't.
    lacking: KeySet,
}

impl Source {
    fn upstream_of(&self, product: &[IndexSet], from: &KeySpace, up: &SpaceDimension) -> Taken {
        let none_lacks = || KeySet::empty(product.len());
        let all_lack = |lacks: bool| {
            if lacks { KeySet::product(product.iter().cloned()) } else { none_lacks() }
        };
        match self {
            Self::All => Taken { indexes: up.present().clone(), lacking: none_lacks() },
            Self::Latest => {
                let last = up.present().last();
                let indexes = last.map(|last| IndexSet::from(last..=last)).unwrap_or_default();
                Taken { indexes, lacking: all_lack(last.is_none()) }
            }
            Self::Only(texts) => {
                let indexes = present(texts, up);
                let lacks = indexes.count() < texts.len() as u64;
                Taken { indexes, lacking: all_lack(lacks) }
            }
            Self::From { place, link } => {
                let Some((down, own)) = from.dimensions.get(*place).zip(product.get(*place)) else {
                    return Taken { indexes: IndexSet::default(), lacking: all_lack(true) };
                };
                let linked = link.upstream_of(own, down, up);
                let lacking = product
                    .iter()
                    .enumerate()
                    .map(|(at, indexes)| if at == *place { linked.lacking.clone() } else { indexes.clone() });
                Taken { lacking: KeySet::product(lacking), indexes: linked.indexes }
            }
        }
    }

    /// Whether what is taken whatever the downstream key has some of a set of upstream indexes; `None` if it follows from a key.
    fn takes_any(&self, indexes: &IndexSet, up: &SpaceDimension) -> Option<bool> {
        match self {
            Self::All => Some(!indexes.intersection(up.present()).is_empty()),
            Self::Latest => Some(up.present().last().is_some_and(|last| indexes.contains(last))),
            Self::Only(texts) => Some(!indexes.intersection(&present(texts, up)).is_empty()),
            Self::From { .. } => None,
        }
    }
}

/// The indexes of texts that there are.
fn present(texts: &[String], up: &SpaceDimension) -> IndexSet {
    let index = |text: &String| up.index(&KeyValue::Text(text.as_str().into()));
    texts.iter().filter_map(index).collect::<IndexSet>().intersection(up.present())
}

/// The upstream keys that a set of downstream keys takes, and those of the set that need some which there isn't.
pub(super) fn upstream_of(
    sources: &[Source],
    keys: &KeySet,
    from: &KeySpace,
    to: &KeySpace,
) -> (KeySet, KeySet) {
    let (mut taken, mut lacking) = (KeySet::empty(to.dimensions.len()), KeySet::empty(from.dimensions.len()));
    for product in keys.products() {
        let mut indexes = Vec::with_capacity(sources.len());
        for (source, up) in sources.iter().zip(&to.dimensions) {
            let of_source = source.upstream_of(&product, from, up);
            lacking = lacking.union(&of_source.lacking);
            indexes.push(of_source.indexes);
        }
        taken = taken.union(&KeySet::product(indexes));
    }
    (taken, lacking)
}

/// The downstream keys that take some of a set of upstream keys.
pub(super) fn downstream_of(sources: &[Source], keys: &KeySet, from: &KeySpace, to: &KeySpace) -> KeySet {
    let mut taking = KeySet::empty(from.dimensions.len());
    for product in keys.products() {
        let mut indexes: Vec<IndexSet> =
            from.dimensions.iter().map(|dimension| dimension.present().clone()).collect();
        let mut is_taken = true;
        for ((source, up), own) in sources.iter().zip(&to.dimensions).zip(&product) {
            is_taken = is_taken && source.takes_any(own, up).unwrap_or(true);
            if let Source::From { place, link } = source
                && let Some(down) = from.dimensions.get(*place)
            {
                indexes[*place] = link.downstream_of(own, down, up);
            }
        }
        if is_taken {
            taking = taking.union(&KeySet::product(indexes));
        }
    }
    taking
}
