//! What moves predictions, as XGBoost lists it.

use millwork_ml::boost::{BoostError, Booster};
use millwork_ml::features::Features;

/// The contributions to each row: for each output all columns, and the bias at the end.
pub(crate) fn contributions(booster: &Booster, features: &Features) -> Result<Vec<f32>, BoostError> {
    let explained = booster.contributions(features)?;
    let mut all = Vec::new();
    for row in 0..features.rows() {
        for of_row in (0..).map_while(|output| explained.get(row, output)) {
            let mut dense = vec![0.0; features.columns()];
            of_row.columns.iter().for_each(|&(column, value)| dense[column as usize] = value);
            all.extend(dense);
            all.push(of_row.bias);
        }
    }
    Ok(all)
}
