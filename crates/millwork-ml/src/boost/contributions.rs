//! Contributions of columns to a prediction.

use millwork_boost::predict::RowContributions;

/// The contributions of columns to the margins of rows; columns without one are left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    outputs: usize,
    rows: Vec<RowContributions>,
}

impl Contributions {
    /// Those of each margin, row after row (rows × outputs).
    pub(super) fn new(rows: Vec<RowContributions>, outputs: usize) -> Self {
        Self { outputs, rows }
    }

    /// The contributions to an output of a row, or `None` past the last.
    pub fn get(&self, row: usize, output: usize) -> Option<&RowContributions> {
        if output < self.outputs { self.rows.get(row * self.outputs + output) } else { None }
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
