//! A model that grows round by round.

use std::sync::Arc;

use millwork_boost::data::{Gradient, Labels};
use millwork_boost::grow::dart::{dropped_trees, normalize};
use millwork_boost::grow::sample::sample_rows;
use millwork_boost::grow::{self, Grow, Grown};
use millwork_boost::metric::measure;
use millwork_boost::model::{Model as Kernel, ModelLabels};
use millwork_boost::objective::Loss;
use millwork_boost::random::SplitMix64;

use crate::boost::embedded::rows::Rows;
use crate::boost::labels::labels;
use crate::boost::model::{Model, column_names};
use crate::boost::training::{Canceled, Custom, Observe, Rounds, Task, check_metrics};
use crate::boost::{BoostError, BoosterKind, BoosterParams, Dart, EvalMetric, Objective};
use crate::features::Features;

/// The increment of the seed from one round to the next: the golden ratio's bits, as in SplitMix64.
const ROUND: u64 = 0x9e37_79b9_7f4a_7c15;

/// A training on the threads that it is called on.
pub(in crate::boost) fn rounds<'a>(task: &Task<'a>) -> Result<Box<dyn Rounds + Send + 'a>, BoostError> {
    Ok(Box::new(EmbeddedRounds::new(task)?))
}

struct EmbeddedRounds<'a> {
    params: &'a BoosterParams,
    loss: Loss,
    custom: &'a Custom,
    metrics: Vec<EvalMetric>,
    grower: Box<dyn Grow + Send + 'a>,
    train: Rows<'a>,
    sets: Vec<Rows<'a>>,
    canceled: Canceled<'a>,
    /// The model before the first round, whose margins all others start from.
    base: Model,
    kernel: Kernel,
}

impl<'a> EmbeddedRounds<'a> {
    fn new(task: &Task<'a>) -> Result<Self, BoostError> {
        let (params, features) = (task.params, task.data.features());
        let loss = Loss::new(params);
        let train = labels(task.data)?;
        let sets = task.sets.iter().map(|(_, data)| labels(data)).collect::<Result<Vec<_>, _>>()?;
        check_labels(&loss, task, &train, &sets)?;
        check_metrics(&loss, task, &sets)?;
        let kernel = match task.start {
            Some(start) => continued(start, &loss, features)?,
            None => beginning(&loss, &train, task)?,
        };
        let evaluated = task.sets.iter().map(|(_, data)| data.rows()).sum();
        let grower = grow::grower(params, features.as_matrix(), &train, evaluated);
        let grower = grower.map_err(BoostError::Unsupported)?;
        let start = Model::new(kernel.clone());
        let sets = task.sets.iter().zip(sets).map(|((_, data), labels)| Rows::new(data, labels, &start));
        let metrics = match params.eval_metric.is_empty() {
            true => vec![loss.default_metric()],
            false => params.eval_metric.clone(),
        };
        Ok(Self {
            params,
            custom: task.custom,
            metrics,
            grower,
            train: Rows::new(task.data, train, &start),
            sets: sets.collect(),
            canceled: Arc::clone(task.canceled),
            base: start.up_to(0),
            kernel,
            loss,
        })
    }

    /// Adds the trees of a round, unless the training is canceled meanwhile: then `None`.
    fn grow(&mut self) -> Result<Option<()>, BoostError> {
        let round = self.kernel.rounds();
        let mut generator = SplitMix64::new(self.params.seed ^ (round as u64 + 1).wrapping_mul(ROUND));
        if let BoosterKind::Dart(dart) = self.params.booster {
            return self.grow_without_some(dart, &mut generator);
        }
        let Some(grown) = self.grow_trees(&mut generator)? else {
            return Ok(None);
        };
        for (output, grown) in &grown {
            self.train.add_leaves(*output, &grown.tree, &grown.leaves);
            self.sets.iter_mut().for_each(|set| set.add(*output, &grown.tree, 1.0));
        }
        self.append(grown);
        Ok(Some(()))
    }

    /// As [`grow`](Self::grow), while some of the trees are left out (DART), whose weights change with it.
    fn grow_without_some(
        &mut self,
        dart: Dart,
        generator: &mut SplitMix64,
    ) -> Result<Option<()>, BoostError> {
        let dropped = dropped_trees(dart, self.kernel.trees.len(), generator);
        if !dropped.is_empty() {
            set_margins(&mut self.train, &self.base, &self.kernel, &dropped);
        }
        let Some(grown) = self.grow_trees(generator)? else {
            return Ok(None);
        };
        let before = self.kernel.trees.len();
        let mut weights = self.kernel.tree_weights.take().unwrap_or_else(|| vec![1.0; before]);
        normalize(&mut weights, &dropped, grown.len(), self.params.eta);
        self.append(grown);
        self.kernel.tree_weights = Some(weights);
        for set in self.sets.iter_mut().chain([&mut self.train]) {
            set_margins(set, &self.base, &self.kernel, &[]);
        }
        Ok(Some(()))
    }

    fn append(&mut self, grown: Vec<(usize, Grown)>) {
        self.kernel.append(grown.into_iter().map(|(output, grown)| (output as u32, grown.tree)));
    }

    /// The trees of a round, each with its output.
    fn grow_trees(&mut self, generator: &mut SplitMix64) -> Result<Option<Vec<(usize, Grown)>>, BoostError> {
        let Some(gradients) = self.gradients()? else {
            return Ok(None);
        };
        let mut trees = Vec::new();
        for (output, gradients) in gradients.iter().enumerate() {
            for _ in 0..self.params.num_parallel_tree {
                let sampled = self.sampled(gradients, generator);
                let gradients = sampled.as_ref().unwrap_or(gradients);
                match self.grower.grow(gradients, generator, self.canceled.as_ref()) {
                    Some(grown) => trees.push((output, grown)),
                    None => return Ok(None),
                }
            }
        }
        Ok(Some(trees))
    }

    /// The gradients of the rows that a tree sees; `None` if it sees all.
    fn sampled(&self, gradients: &[Gradient], generator: &mut SplitMix64) -> Option<Vec<Gradient>> {
        if self.params.subsample >= 1.0 {
            return None;
        }
        let mut sampled = [gradients.to_vec()];
        sample_rows(self.params, &mut sampled, generator);
        let [sampled] = sampled;
        Some(sampled)
    }

    /// The gradients of a round, for each output; `None` if the training is canceled meanwhile.
    fn gradients(&self) -> Result<Option<Vec<Vec<Gradient>>>, BoostError> {
        let Rows { margins, labels, .. } = &self.train;
        let Some(custom) = &self.custom.loss else {
            let gradients = self.loss.gradients(margins, labels, self.canceled.as_ref());
            return gradients.map(|found| check_gradients(&found).map(|()| found)).transpose();
        };
        let derivatives = custom.derivatives(margins, &labels.targets, labels.weights.as_deref())?;
        let outputs = self.kernel.outputs;
        let of_output = |output| {
            let own = derivatives.iter().skip(output).step_by(outputs);
            own.map(|own| Gradient { first: own.first, second: own.second }).collect()
        };
        Ok(Some((0..outputs).map(of_output).collect()))
    }

    /// Every metric of each evaluation set, set by set.
    fn scores(&self) -> Vec<f64> {
        let mut scores = Vec::new();
        for Rows { margins, labels, .. } in &self.sets {
            let mut predictions = margins.clone();
            self.loss.evaluated(&mut predictions);
            scores
                .extend(self.metrics.iter().map(|metric| measure(*metric, &self.loss, &predictions, labels)));
            if let Some(own) = &self.custom.metric {
                scores.push(own.measure(&predictions, &labels.targets, labels.weights.as_deref()));
            }
        }
        scores
    }
}

impl Rounds for EmbeddedRounds<'_> {
    fn metrics(&self) -> Vec<String> {
        let named = self.metrics.iter().map(ToString::to_string);
        named.chain(self.custom.metric.as_ref().map(|own| own.name.clone())).collect()
    }

    fn train(&mut self, rounds: usize, observe: &mut Observe<'_>) -> Result<(), BoostError> {
        for _ in 0..rounds {
            if self.grow()?.is_none() || observe(&self.scores()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn model(&mut self) -> Result<Model, BoostError> {
        Ok(self.base.on_same_columns(self.kernel.clone()))
    }
}

/// Checks that no gradient of a loss of the parameters is NaN, from which every leaf would be NaN. (Infinite ones are XGBoost's.)
fn check_gradients(gradients: &[Vec<Gradient>]) -> Result<(), BoostError> {
    let is_nan = |gradient: &Gradient| gradient.first.is_nan() || gradient.second.is_nan();
    for (output, gradients) in gradients.iter().enumerate() {
        if let Some(row) = gradients.iter().position(is_nan) {
            let Gradient { first, second } = gradients[row];
            return Err(BoostError::Derivatives { row, output, first, second });
        }
    }
    Ok(())
}

/// Computes the margins of rows anew: the margins of a model without trees, and the trees that are not left out, in their order.
fn set_margins(rows: &mut Rows<'_>, base: &Model, kernel: &Kernel, dropped: &[usize]) {
    rows.margins = base.margins(rows.features);
    for (number, tree) in kernel.trees.iter().enumerate() {
        if dropped.binary_search(&number).is_err() {
            rows.add(kernel.tree_outputs[number] as usize, tree, kernel.tree_weight(number));
        }
    }
}

/// Checks the targets of all sets.
fn check_labels(loss: &Loss, task: &Task<'_>, train: &Labels, sets: &[Labels]) -> Result<(), BoostError> {
    let named = task.sets.iter().map(|(set, _)| *set).zip(sets);
    for (set, labels) in std::iter::once(("train", train)).chain(named) {
        let checked = loss.check(labels);
        checked
            .map_err(|problem| BoostError::Target { set: set.to_owned(), problem: problem.to_string() })?;
    }
    Ok(())
}

/// A model without trees.
fn beginning(loss: &Loss, labels: &Labels, task: &Task<'_>) -> Result<Kernel, BoostError> {
    let features = task.data.features();
    let base_scores = loss.base_scores(labels, task.canceled.as_ref()).map_err(BoostError::Intercept)?;
    let base_scores = base_scores.ok_or(BoostError::Canceled)?;
    Ok(Kernel {
        columns: features.columns(),
        outputs: loss.outputs(),
        objective: loss.name().to_owned(),
        objective_parameters: loss.file_parameters(),
        base_scores,
        round_offsets: vec![0],
        labels: column_labels(features),
        ..Kernel::default()
    })
}

/// The names of the columns, and XGBoost's types where some have categories.
fn column_labels(features: &Features) -> ModelLabels {
    let types = features.categorical().iter().map(|&is| if is { "c" } else { "float" }.to_owned());
    ModelLabels { names: column_names(features), types: types.collect(), ..ModelLabels::default() }
}

/// The model that a training continues from, whose columns are those of the features.
fn continued(start: &Model, loss: &Loss, features: &Features) -> Result<Kernel, BoostError> {
    let found = match Loss::of_model(start.kernel()) {
        Some(found) => described(found.name(), found.objective(), start.outputs()),
        None => start.objective().to_owned(),
    };
    let expected = described(loss.name(), loss.objective(), loss.outputs());
    if found != expected {
        return Err(BoostError::OtherObjective { found, expected });
    }
    let mut kernel = start.kernel().clone();
    let ModelLabels { names, types, .. } = column_labels(features);
    if kernel.labels.names.is_empty() {
        kernel.labels.names = names;
    }
    if kernel.labels.types.is_empty() {
        kernel.labels.types = types;
    }
    Ok(kernel)
}

/// An objective by its name and by what its outputs stand for: trees of one quantile don't add up with those of another.
fn described(name: &str, objective: &Objective, outputs: usize) -> String {
    if let Objective::Quantile { quantile_alpha } = objective {
        let quantiles: Vec<String> = quantile_alpha.iter().map(|&alpha| (alpha as f32).to_string()).collect();
        format!("{name} of {}", quantiles.join(", "))
    } else if outputs > 1 {
        format!("{name} of {outputs} outputs")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boost::{Booster, Objective, Training};
    use crate::features::{ColumnNames, LabelledFeatures};

    fn data(features: Features) -> LabelledFeatures {
        let targets = (0..features.rows()).map(|row| f64::from(row as u32 % 3)).collect();
        LabelledFeatures::new(features, targets).expect("a target per row")
    }

    fn column() -> Features {
        Features::from_dense(1, &(0..12).map(f64::from).collect::<Vec<_>>()).expect("12 rows")
    }

    fn params(objective: Objective) -> BoosterParams {
        BoosterParams { objective, nthread: Some(1), ..BoosterParams::default() }
    }

    /// Trains for an objective, continues for the next one and checks the error.
    fn check(start: Objective, next: Objective, expected: Option<&str>) {
        let data = data(column());
        let start = Booster::train(&params(start), 1, &data).expect("a model");
        let went_on = Training::new(&params(next), 1, &data).continue_from(&start).run();
        assert_eq!(went_on.err().map(|error| error.to_string()).as_deref(), expected);
    }

    #[test]
    fn a_training_goes_on_for_the_same_outputs_only() {
        let quantiles = |quantiles: &[f64]| Objective::Quantile { quantile_alpha: quantiles.to_vec() };
        check(quantiles(&[0.1, 0.9]), quantiles(&[0.1, 0.9]), None);
        let other = "the model to continue from has learned `reg:quantileerror of 0.1, 0.9`, not ";
        let quantile = |expected: &str| format!("{other}`reg:quantileerror of {expected}`");
        check(quantiles(&[0.1, 0.9]), quantiles(&[0.9, 0.1]), Some(&quantile("0.9, 0.1")));
        check(quantiles(&[0.1, 0.9]), quantiles(&[0.5]), Some(&quantile("0.5")));
        let classes = |num_class| Objective::Softprob { num_class };
        check(classes(3), classes(3), None);
        let other = "the model to continue from has learned `multi:softprob of 3 outputs`, not `multi:softprob of 4 outputs`";
        check(classes(3), classes(4), Some(other));
    }

    #[test]
    fn names_and_categories_are_learned_where_a_model_has_none() {
        // The second column is the same in all rows, so that no split shows what it holds.
        let values: Vec<f64> = (0..12).flat_map(|row| [f64::from(row), 1.0]).collect();
        let plain = Features::from_dense(2, &values).expect("12 rows");
        let start =
            Booster::train(&params(Objective::SquaredError), 1, &data(plain.clone())).expect("a model");
        let named =
            plain.with_names(ColumnNames::new(["hour", "site"]).expect("names")).expect("two columns");
        let named = data(named.with_categories(&[1]).expect("whole numbers"));
        let trained = Training::new(&params(Objective::SquaredError), 1, &named).continue_from(&start).run();
        let trained = trained.expect("it goes on");
        let labels = &trained.booster.model().kernel().labels;
        assert_eq!(
            (&labels.names[..], &labels.types[..]),
            (&["hour", "site"].map(str::to_owned)[..], &["float", "c"].map(str::to_owned)[..])
        );
    }

    #[test]
    fn a_loss_that_is_no_number_is_refused_with_its_row() {
        let params = params(Objective::Tweedie { tweedie_variance_power: 1.5 });
        let zeros = LabelledFeatures::new(column(), vec![0.0; 12]).expect("a target per row");
        let error = Booster::train(&params, 1, &zeros).expect_err("the logarithm of their mean is infinite");
        let expected = "the loss has the derivatives NaN and NaN for row 0, output 0, which must be finite";
        assert_eq!(error.to_string(), expected);
        let params = BoosterParams { base_score: Some(0.1), ..params };
        assert!(Booster::train(&params, 1, &zeros).is_ok());
    }
}
