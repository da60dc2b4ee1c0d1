//! The partitions of an asset, as its definition has them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::key_space::Axis;
use super::{Dimension, Dimensions, KeyMoment, KeySpace, fixed};
use crate::id::PartitionKey;
use crate::problem::Problem;

/// The partitions of an asset: its [`Dimensions`], checked once. Copies share what was found of them.
///
/// ```
/// use millwork_core::PartitionsDefinition;
/// use millwork_core::partition::{KeyMoment, daily};
///
/// let days = PartitionsDefinition::from(daily("UTC").from("2024-01-01"));
/// let moment = KeyMoment::at("2024-01-03T12:00:00Z".parse().unwrap());
/// let keys: Vec<String> = days.keys(&moment).iter().map(ToString::to_string).collect();
/// assert_eq!(keys, ["2024-01-01", "2024-01-02"]);
/// ```
#[derive(Clone)]
pub struct PartitionsDefinition(Arc<Definition>);

struct Definition {
    dimensions: Dimensions,
    /// The values of each dimension, or at least one problem.
    axes: Result<Vec<(String, Axis)>, Vec<Problem>>,
    /// The keys that were asked for last, with the moment.
    last: Mutex<Option<(KeyMoment, Arc<KeySpace>)>>,
}

impl PartitionsDefinition {
    /// A fixed list of texts.
    pub fn fixed<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        fixed(texts).into()
    }

    /// The dimensions.
    pub fn dimensions(&self) -> &Dimensions {
        &self.0.dimensions
    }

    /// All that is wrong with the definition.
    pub fn problems(&self) -> &[Problem] {
        self.0.axes.as_ref().err().map_or(&[], Vec::as_slice)
    }

    /// The keys at a moment: none of a definition that is invalid.
    pub fn space(&self, moment: &KeyMoment) -> Arc<KeySpace> {
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = last.as_ref().filter(|(before, space)| {
            before.shares_texts(moment) && (before.now() == moment.now() || space.is_same_at(moment.now()))
        });
        if let Some((_, space)) = shared {
            return space.clone();
        }
        let space = Arc::new(self.new_space(moment));
        *last = Some((moment.clone(), space.clone()));
        space
    }

    fn new_space(&self, moment: &KeyMoment) -> KeySpace {
        let axes = self.0.axes.as_ref().map(Vec::as_slice).unwrap_or_default();
        let dynamic = |dimension: &Dimension, axis: &Axis| {
            let texts = dimension.is_dynamic().then(|| moment.texts(&dimension.name)).flatten();
            texts.cloned().map_or_else(|| axis.clone(), Axis::Texts)
        };
        let pairs = self.0.dimensions.iter().zip(axes);
        let axes = pairs.map(|(dimension, (name, axis))| (name.clone(), dynamic(dimension, axis)));
        KeySpace::new(axes.collect(), moment.now())
    }

    /// All keys at a moment, in order.
    pub fn keys(&self, moment: &KeyMoment) -> Vec<PartitionKey> {
        let space = self.space(moment);
        space.partition_keys(&space.all())
    }

    /// Whether it has only texts that are listed in it, so that its keys are always the same.
    pub fn is_fixed(&self) -> bool {
        self.0.dimensions.iter().all(Dimension::is_fixed)
    }
}

impl<D: Into<Dimensions>> From<D> for PartitionsDefinition {
    fn from(dimensions: D) -> Self {
        let dimensions = dimensions.into();
        let axes = dimensions.axes();
        Self(Arc::new(Definition { dimensions, axes, last: Mutex::default() }))
    }
}

impl PartialEq for PartitionsDefinition {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.dimensions == other.0.dimensions
    }
}

impl Eq for PartitionsDefinition {}

impl fmt::Debug for PartitionsDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.dimensions.fmt(f)
    }
}
