//! Rounds that the library trains.

use std::ffi::{CStr, CString, c_int};

use serde_json::Value;

use crate::boost::labels::labels;
use crate::boost::model::{Model, column_names};
use crate::boost::native::error::NativeError;
use crate::boost::native::library::{BoosterHandle, Library, MatrixHandle};
use crate::boost::native::matrix::{matrix, text};
use crate::boost::native::scores::read_scores;
use crate::boost::training::{Custom, CustomLoss, Observe, Rounds, Task, check_metrics};
use crate::boost::{BoostError, BoosterParams, Device};
use crate::features::LabelledFeatures;
use millwork_boost::file::FileFormat;
use millwork_boost::objective::Loss;

/// The output of a model in training: its predictions, and its margins (with `dart`, without the dropped trees).
const PREDICTIONS: &CStr =
    c"{\"type\":0,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,\"strict_shape\":true}";
const MARGINS: &CStr =
    c"{\"type\":1,\"training\":true,\"iteration_begin\":0,\"iteration_end\":0,\"strict_shape\":true}";

/// A training by XGBoost's own library.
pub(in crate::boost) fn rounds<'a>(task: &Task<'a>) -> Result<Box<dyn Rounds + Send + 'a>, BoostError> {
    let labels = task.sets.iter().map(|(_, data)| labels(data)).collect::<Result<Vec<_>, _>>()?;
    check_metrics(&Loss::new(task.params), task, &labels)?;
    let library = Library::get()?;
    check_device(library, task.params.device)?;
    let threads = rayon::current_num_threads();
    let rows = |data: &'a LabelledFeatures| Ok(Rows { matrix: matrix(library, data, threads)?, data });
    let train = rows(task.data)?;
    let sets = task.sets.iter().map(|&(_, data)| rows(data)).collect::<Result<Vec<_>, NativeError>>()?;
    let settings = settings(task.params, task.data.features().columns(), threads);
    try_out(library, &settings, task.data)?;
    let mut metrics = metric_names(library, &settings, &sets)?;
    metrics.extend(task.custom.metric.as_ref().map(|metric| metric.name.clone()));

    let cached: Vec<&MatrixHandle> = sets.iter().chain([&train]).map(|rows| &rows.matrix).collect();
    let mut handle = BoosterHandle::create(library, &cached)?;
    if let Some(start) = task.start {
        handle.load(&start.encode(FileFormat::Json)?)?;
    }
    set(&mut handle, &settings)?;
    let first_round = task.start.map_or(0, Model::rounds);
    let device = task.params.device;
    Ok(Box::new(NativeRounds {
        handle,
        train,
        sets,
        metrics,
        custom: task.custom,
        round: first_round,
        device,
    }))
}

/// A data set, here and in the library's memory.
struct Rows<'a> {
    matrix: MatrixHandle,
    data: &'a LabelledFeatures,
}

struct NativeRounds<'a> {
    handle: BoosterHandle,
    train: Rows<'a>,
    sets: Vec<Rows<'a>>,
    metrics: Vec<String>,
    custom: &'a Custom,
    /// The number of the next round, over all that the model has.
    round: usize,
    device: Device,
}

impl NativeRounds<'_> {
    fn update(&mut self) -> Result<(), BoostError> {
        let round = c_int::try_from(self.round).unwrap_or(c_int::MAX);
        match &self.custom.loss {
            Some(loss) => self.update_by(loss, round)?,
            None => self.handle.update(round, &self.train.matrix)?,
        }
        if self.device != Device::Cpu {
            check_trained_on(&self.handle, self.device)?;
        }
        self.round += 1;
        Ok(())
    }

    /// Trains a round on the derivatives of a loss of the user's own.
    fn update_by(&mut self, loss: &CustomLoss, round: c_int) -> Result<(), BoostError> {
        let margins = self.handle.predict(&self.train.matrix, MARGINS)?;
        let (targets, weights) = single(self.train.data);
        let derivatives = loss.derivatives(&margins, &targets, weights.as_deref())?;
        let gradient: Vec<f32> = derivatives.iter().map(|derivatives| derivatives.first).collect();
        let hessian: Vec<f32> = derivatives.iter().map(|derivatives| derivatives.second).collect();
        let outputs = margins.len() / targets.len();
        Ok(self.handle.boost(round, &self.train.matrix, outputs, (&gradient, &hessian))?)
    }

    /// Every metric of each evaluation set, set by set.
    fn scores(&mut self) -> Result<Vec<f64>, NativeError> {
        if self.sets.is_empty() {
            return Ok(Vec::new());
        }
        let scores = evaluate(&mut self.handle, &self.sets)?;
        let Some(metric) = &self.custom.metric else {
            return Ok(scores.into_iter().map(|(_, value)| value).collect());
        };
        let mut values = Vec::with_capacity(self.metrics.len() * self.sets.len());
        for (set, of_set) in self.sets.iter().zip(scores.chunks(self.metrics.len() - 1)) {
            values.extend(of_set.iter().map(|(_, value)| value));
            let predictions = self.handle.predict(&set.matrix, PREDICTIONS)?;
            let (targets, weights) = single(set.data);
            values.push(metric.measure(&predictions, &targets, weights.as_deref()));
        }
        Ok(values)
    }
}

impl Rounds for NativeRounds<'_> {
    fn metrics(&self) -> Vec<String> {
        self.metrics.clone()
    }

    fn train(&mut self, rounds: usize, observe: &mut Observe<'_>) -> Result<(), BoostError> {
        for _ in 0..rounds {
            self.update()?;
            if observe(&self.scores()?).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn model(&mut self) -> Result<Model, BoostError> {
        let mut kernel = millwork_boost::file::read(&self.handle.save()?, FileFormat::Json)
            .map_err(BoostError::file("read what the library trained"))?;
        kernel.labels.names = column_names(self.train.data.features());
        Ok(Model::new(kernel))
    }
}

/// Parameters by XGBoost's names; the metrics may be several of the same name.
fn settings(params: &BoosterParams, columns: usize, threads: usize) -> Vec<(CString, CString)> {
    let mut settings = vec![(text("nthread"), text(threads.to_string()))];
    for (name, value) in params.settings(columns) {
        if name == "eval_metric"
            && let Value::Array(metrics) = &value
        {
            settings.extend(metrics.iter().map(|metric| (text(&name), text(plain(metric)))));
        } else {
            settings.push((text(name), text(plain(&value))));
        }
    }
    settings
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn set(handle: &mut BoosterHandle, settings: &[(CString, CString)]) -> Result<(), NativeError> {
    settings.iter().try_for_each(|(name, value)| handle.set_parameter(name, value))
}

/// The most rows of a trial.
const TRIAL_ROWS: usize = 32;

/// Trains a round on a few rows, hands the model over and reads it: what cannot be read afterwards is not trained for hours
/// first.
fn try_out(
    library: &'static Library,
    settings: &[(CString, CString)],
    data: &LabelledFeatures,
) -> Result<(), BoostError> {
    let group = data.groups().and_then(|groups| groups.first().copied()).unwrap_or(data.rows());
    let rows: Vec<usize> = (0..group.min(TRIAL_ROWS)).collect();
    let few = data.select(&rows).expect("the first rows of the first group");
    let matrix = matrix(library, &few, 1)?;
    let mut handle = BoosterHandle::create(library, &[&matrix])?;
    set(&mut handle, settings)?;
    handle.update(0, &matrix)?;
    Model::decode(&handle.save()?, FileFormat::Json).map(drop)
}

/// What the library measures by these settings, found out by a model without rounds.
fn metric_names(
    library: &'static Library,
    settings: &[(CString, CString)],
    sets: &[Rows<'_>],
) -> Result<Vec<String>, NativeError> {
    let Some(first) = sets.first() else { return Ok(Vec::new()) };
    let mut handle = BoosterHandle::create(library, &[&first.matrix])?;
    set(&mut handle, settings)?;
    Ok(evaluate(&mut handle, &sets[..1])?.into_iter().map(|(metric, _)| metric).collect())
}

/// The metrics of each set and their values.
fn evaluate(handle: &mut BoosterHandle, sets: &[Rows<'_>]) -> Result<Vec<(String, f64)>, NativeError> {
    let named: Vec<_> =
        sets.iter().enumerate().map(|(set, rows)| (&rows.matrix, text(set.to_string()))).collect();
    read_scores(&handle.evaluate(0, &named)?)
}

/// The targets and weights in the precision that the library computes in.
fn single(data: &LabelledFeatures) -> (Vec<f32>, Option<Vec<f32>>) {
    let single = |numbers: &[f64]| numbers.iter().map(|&number| number as f32).collect::<Vec<f32>>();
    (single(data.targets()), data.weights().map(single))
}

/// The library would train on the processor and only warn.
fn check_device(library: &Library, device: Device) -> Result<(), NativeError> {
    if device == Device::Cpu || library.has_cuda() {
        return Ok(());
    }
    Err(NativeError::NoCuda { device: device.to_string(), path: library.path().to_owned() })
}

fn check_trained_on(handle: &BoosterHandle, device: Device) -> Result<(), NativeError> {
    let config: Value = serde_json::from_slice(&handle.config()?).unwrap_or_default();
    let found = config["learner"]["generic_param"]["device"].as_str().unwrap_or_default();
    if found.starts_with("cpu") {
        return Err(NativeError::NoDevice { device: device.to_string(), found: found.to_owned() });
    }
    Ok(())
}
