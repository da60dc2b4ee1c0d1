//! What moves a prediction.

use crate::boost::BoostError;
use crate::boost::embedded::Model;
use crate::features::Features;

/// Numbers that are computed at once: the library answers for all columns, of which few contribute.
const BLOCK: usize = 1 << 22;

/// The contributions of columns to the margins of rows; columns without one are left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    outputs: usize,
    rows: Vec<RowContributions>,
}

/// The contributions to one margin: they add up to it, together with the bias.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RowContributions {
    /// The margin of an average row.
    pub bias: f32,
    /// The columns that move it, ascending, and by how much.
    pub columns: Vec<(u32, f32)>,
}

impl Contributions {
    pub(super) fn of(model: &Model, features: &Features) -> Result<Self, BoostError> {
        let (outputs, columns) = (model.outputs(), features.columns());
        let rows_at_once = (BLOCK / (outputs * (columns + 1))).max(1);
        let all: Vec<usize> = (0..features.rows()).collect();
        let mut rows = Vec::with_capacity(features.rows() * outputs);
        for block in all.chunks(rows_at_once) {
            let block = features.select(block).expect("rows of the matrix");
            let dense = model.contributions(&block)?;
            rows.extend(dense.chunks_exact(columns + 1).map(RowContributions::of));
        }
        Ok(Self { outputs, rows })
    }

    /// The contributions to an output of a row, or `None` past the last.
    pub fn get(&self, row: usize, output: usize) -> Option<&RowContributions> {
        if output < self.outputs { self.rows.get(row * self.outputs + output) } else { None }
    }
}

impl RowContributions {
    /// From a contribution per column, and the bias at the end.
    fn of(dense: &[f32]) -> Self {
        let (bias, columns) = dense.split_last().expect("the bias at least");
        let contributing =
            (0..).zip(columns.iter().copied()).filter(|(_, contribution)| *contribution != 0.0);
        Self { bias: *bias, columns: contributing.collect() }
    }
}

#[cfg(test)]
mod tests {
    use crate::boost::{Booster, BoosterParams, Objective};
    use crate::features::{Features, LabelledFeatures};

    fn check(objective: Objective, target: impl Fn(usize) -> f64) {
        let rows = 60;
        let indices = (0..rows).map(|row| (row % 3) as u32 + 1).collect();
        let values = (0..rows).map(|row| (row % 7) as f64).collect();
        let features = Features::new(5, (0..=rows).collect(), indices, values).expect("a valid matrix");
        let data = LabelledFeatures::new(features, (0..rows).map(target).collect()).expect("labelled");
        let params = BoosterParams { objective, ..BoosterParams::default() };
        let booster = Booster::train(&params, 5, &data).expect("a model");
        let margins = booster.predict_margin(data.features()).expect("margins");
        let contributions = booster.contributions(data.features()).expect("contributions");
        for (row, margins) in margins.rows().enumerate() {
            for (output, margin) in margins.iter().enumerate() {
                let of_row = contributions.get(row, output).expect("a row");
                let sum = of_row.bias + of_row.columns.iter().map(|(_, value)| value).sum::<f32>();
                assert!((sum - margin).abs() < 1e-4, "row {row}: {sum} is not {margin}");
                assert!(of_row.columns.iter().all(|(column, _)| (1..=3).contains(column)));
            }
        }
        assert!(contributions.get(rows, 0).is_none() && contributions.get(0, margins.width()).is_none());
    }

    #[test]
    fn contributions_add_up_to_the_margin() {
        check(Objective::SquaredError, |row| (row % 3 * 10 + row % 7) as f64);
        check(Objective::Softprob { num_class: 3 }, |row| (row % 3) as f64);
    }
}
