//! A model as the rest of this module has it: the kernel's, with what its objective means and its trees laid out for prediction.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use millwork_boost::file::{self, FileFormat};
use millwork_boost::model::Model as Kernel;
use millwork_boost::objective::Loss;
use millwork_boost::predict::{self, Forest, RowContributions, contributions};
use millwork_boost::tree::Condition;

use crate::boost::{BoostError, ColumnKind, Importance};
use crate::features::{ColumnNames, Features};
use crate::held_out::UsedRows;

/// A trained model. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Model {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    kernel: Kernel,
    /// What the objective makes of margins; absent where it is not known here.
    loss: Option<Loss>,
    /// The names of the columns, if the model knows them.
    names: Option<ColumnNames>,
    /// Made when the first prediction is asked for.
    forest: OnceLock<Forest>,
}

impl Model {
    pub(super) fn new(kernel: Kernel) -> Self {
        let named = kernel.columns > 0 && kernel.labels.names.len() == kernel.columns;
        let names = named.then(|| ColumnNames::new(&kernel.labels.names).ok()).flatten();
        Self::with_names(kernel, names)
    }

    /// A model on the same columns as this one, whose names it shares.
    pub(super) fn on_same_columns(&self, kernel: Kernel) -> Self {
        Self::with_names(kernel, self.shared.names.clone())
    }

    fn with_names(kernel: Kernel, names: Option<ColumnNames>) -> Self {
        let loss = Loss::of_model(&kernel);
        Self { shared: Arc::new(Shared { kernel, loss, names, forest: OnceLock::new() }) }
    }

    /// Reads XGBoost's model file, of any version.
    pub(super) fn decode(bytes: &[u8], format: FileFormat) -> Result<Self, BoostError> {
        let kernel = file::read(bytes, format).map_err(BoostError::file("read the model file"))?;
        // Checked here, so that a model that was read has a record that can be read.
        UsedRows::read(&kernel.labels.attributes).map_err(BoostError::file("read the model file"))?;
        Ok(Self::new(kernel))
    }

    /// XGBoost's model file, which its versions from 1.7 on read.
    pub(super) fn encode(&self, format: FileFormat) -> Result<Vec<u8>, BoostError> {
        file::write(self.kernel(), format).map_err(BoostError::file("write the model file"))
    }

    /// The rows that the model was made by, if its attributes have a record of them.
    pub(super) fn used_rows(&self) -> Option<UsedRows> {
        UsedRows::read(&self.kernel().labels.attributes).ok().flatten()
    }

    /// The same model with this record in place of the one that it had.
    pub(super) fn with_used_rows(self, rows: &UsedRows) -> Self {
        let shared = Arc::try_unwrap(self.shared);
        let (mut kernel, names) = match shared {
            Ok(Shared { kernel, names, .. }) => (kernel, names),
            Err(shared) => (shared.kernel.clone(), shared.names.clone()),
        };
        rows.write(&mut kernel.labels.attributes);
        Self::with_names(kernel, names)
    }

    pub(super) fn kernel(&self) -> &Kernel {
        &self.shared.kernel
    }

    /// The names of the columns that it was trained on, if it knows them.
    pub(super) fn names(&self) -> Option<&ColumnNames> {
        self.shared.names.as_ref()
    }

    /// What each column holds: by its type, else by its splits; `None` if it has neither.
    pub(super) fn column_kinds(&self) -> Vec<Option<ColumnKind>> {
        let mut kinds = vec![None; self.columns()];
        let nodes = self.kernel().trees.iter().flat_map(|tree| &tree.nodes);
        for split in nodes.filter_map(|node| node.split.as_ref()) {
            if let Some(kind) = kinds.get_mut(split.column as usize) {
                *kind = Some(match split.condition {
                    Condition::Below(_) => ColumnKind::Numbers,
                    Condition::NotIn(_) => ColumnKind::Categories,
                });
            }
        }
        for (kind, name) in kinds.iter_mut().zip(&self.kernel().labels.types) {
            match name.as_str() {
                "" => {}
                "c" => *kind = Some(ColumnKind::Categories),
                _ => *kind = Some(ColumnKind::Numbers),
            }
        }
        kinds
    }

    /// The margins of each row (rows × outputs).
    pub(super) fn margins(&self, features: &Features) -> Vec<f32> {
        self.forest().margins(features.as_matrix())
    }

    /// The margins of one row.
    pub(super) fn row_margins(&self, indices: &[u32], values: &[f64]) -> Vec<f32> {
        self.forest().row_margins(indices, values)
    }

    /// The predictions that margins stand for (rows × [`width`](Self::width)).
    pub(super) fn predictions(&self, margins: Vec<f32>) -> Result<Vec<f32>, BoostError> {
        if let Some(loss) = &self.shared.loss {
            return Ok(loss.predictions(margins));
        }
        let unknown = || BoostError::UnknownObjective { objective: self.objective().to_owned() };
        self.kernel().linked(margins).ok_or_else(unknown)
    }

    /// What moves each margin, row after row (rows × outputs).
    pub(super) fn contributions(&self, features: &Features) -> Vec<RowContributions> {
        contributions(self.kernel(), &self.kernel().base_margins(), features.as_matrix())
    }

    /// The number of the leaf that each row comes to in each tree (rows × trees).
    pub(super) fn leaves(&self, features: &Features) -> Vec<u32> {
        self.forest().leaves(features.as_matrix())
    }

    /// The model of its first `rounds` rounds.
    pub(super) fn up_to(&self, rounds: usize) -> Self {
        self.on_same_columns(self.kernel().up_to(rounds))
    }

    pub(super) fn objective(&self) -> &str {
        &self.kernel().objective
    }

    pub(super) fn columns(&self) -> usize {
        self.kernel().columns
    }

    pub(super) fn rounds(&self) -> usize {
        self.kernel().rounds()
    }

    /// How many trees there are.
    pub(super) fn trees(&self) -> usize {
        self.kernel().trees.len()
    }

    /// How many margins a row has.
    pub(super) fn outputs(&self) -> usize {
        self.kernel().outputs
    }

    /// How many numbers are predicted per row.
    pub(super) fn width(&self) -> usize {
        self.shared.loss.as_ref().map_or(self.outputs(), Loss::width)
    }

    pub(super) fn importance(&self, importance: Importance) -> BTreeMap<usize, f64> {
        let importance = predict::importance(self.kernel(), importance);
        importance.into_iter().map(|(column, value)| (column as usize, f64::from(value))).collect()
    }

    fn forest(&self) -> &Forest {
        self.shared.forest.get_or_init(|| Forest::new(self.kernel(), self.kernel().base_margins()))
    }
}

/// The names of the columns as a model keeps them; empty if they have none.
pub(super) fn column_names(features: &Features) -> Vec<String> {
    features.names().map(|names| names.iter().map(str::to_owned).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use millwork_boost::model::ModelLabels;

    use super::*;

    #[test]
    fn models_on_the_same_columns_share_their_names() {
        let labels = ModelLabels { names: vec!["hour".to_owned()], ..ModelLabels::default() };
        let model = Model::new(Kernel { columns: 1, outputs: 1, labels, ..Kernel::default() });
        let text = |model: &Model| model.names().and_then(|names| names.get(0)).map(str::as_ptr);
        assert!(text(&model).is_some());
        for other in [model.up_to(0), model.on_same_columns(model.kernel().clone())] {
            assert_eq!(text(&other), text(&model));
        }
    }
}
