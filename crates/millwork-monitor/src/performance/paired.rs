//! The outcomes of two versions on the same keys: of the one in use, and of the one in shadow beside it.

use millwork_core::version::VersionNumber;

use super::Performance;
use super::group::Group;
use super::join::seek;
use super::table::Table;
use crate::{MakePredictions, MonitorError, Role, RowKey};

/// What two versions have predicted for the same keys, and what came later: a row for each key, in the order of windows and keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PairedOutcomes {
    /// What came later.
    pub truth: Vec<f64>,
    /// The predictions of the version in use.
    pub champion: Vec<f64>,
    /// The predictions of the version in shadow.
    pub challenger: Vec<f64>,
}

impl PairedOutcomes {
    /// The number of outcomes.
    pub fn len(&self) -> usize {
        self.truth.len()
    }

    /// Whether there are no outcomes.
    pub fn is_empty(&self) -> bool {
        self.truth.is_empty()
    }

    /// The losses of both versions, as `Comparison::paired` of `millwork-ml` takes them: first those of the version in use. `loss` is given
    /// a prediction and what came later.
    pub fn losses(&self, loss: impl Fn(f64, f64) -> f64) -> (Vec<f64>, Vec<f64>) {
        let of = |predictions: &[f64]| -> Vec<f64> {
            predictions.iter().zip(&self.truth).map(|(prediction, truth)| loss(*prediction, *truth)).collect()
        };
        (of(&self.champion), of(&self.challenger))
    }

    /// The absolute errors of both versions, first those of the version in use.
    pub fn absolute_errors(&self) -> (Vec<f64>, Vec<f64>) {
        self.losses(|prediction, truth| (prediction - truth).abs())
    }
}

impl<K: RowKey> Performance<K> {
    /// The outcomes of two versions on the same keys in the windows that are open: of the one in use, and of the one in shadow. What is final
    /// has no rows any more, so `matures` bounds for how long outcomes are gathered.
    ///
    /// # Errors
    ///
    /// When a version has no number.
    pub fn paired(
        &self,
        champion: &impl MakePredictions,
        challenger: &impl MakePredictions,
    ) -> Result<PairedOutcomes, MonitorError> {
        Ok(self.paired_versions(champion.version()?, challenger.version()?))
    }

    fn paired_versions(&self, champion: VersionNumber, challenger: VersionNumber) -> PairedOutcomes {
        let mut paired = PairedOutcomes::default();
        let in_shadow = self
            .groups
            .iter()
            .filter(|((_, model), _)| model.version == challenger && model.role == Role::shadow());
        for ((start, _), of_challenger) in in_shadow {
            let beside = self.groups.iter().filter(|((of, model), _)| {
                of == start && model.version == champion && model.role != Role::shadow()
            });
            for (_, of_champion) in beside {
                paired.add(of_champion, of_challenger, &self.truth);
            }
        }
        paired
    }
}

impl PairedOutcomes {
    /// Adds the outcomes of a window.
    fn add<K: RowKey>(&mut self, champion: &Group<K>, challenger: &Group<K>, truth: &Table<K>) {
        let (mut of_champion, mut of_truth) = (0, 0);
        for (row, key) in challenger.table.keys.iter().enumerate() {
            of_champion = seek(&champion.table.keys, of_champion, 1, key);
            of_truth = seek(&truth.keys, of_truth, 1, key);
            if of_champion == champion.table.len() || of_truth == truth.len() {
                break;
            }
            if champion.table.keys[of_champion] == *key && truth.keys[of_truth] == *key {
                self.truth.push(truth.values[of_truth]);
                self.champion.push(champion.table.values[of_champion]);
                self.challenger.push(challenger.table.values[row]);
            }
        }
    }
}
