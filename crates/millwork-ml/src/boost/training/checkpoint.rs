//! A training's state on disk, from which it continues after a crash.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::boost::model::Model;
use crate::boost::training::rounds::Task;
use crate::boost::{BoostError, BoosterParams};
use crate::features::{Features, LabelledFeatures};
use millwork_boost::file::FileFormat;

/// Where a training's state is kept.
#[derive(Debug, Clone)]
pub(super) struct Checkpoint {
    pub(super) file: PathBuf,
    /// Rounds from one checkpoint to the next.
    pub(super) every: usize,
}

/// The checkpoints of a certain training, if any are kept.
pub(super) struct Checkpoints {
    kept: Option<Checkpoint>,
    fingerprint: u64,
}

/// What an earlier run of the same training has completed.
#[derive(Default)]
pub(super) struct Saved {
    pub(super) model: Option<Model>,
    /// The scores of each round.
    pub(super) scores: Vec<Vec<f64>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    /// The identity of the training: another training starts anew.
    fingerprint: u64,
    /// What the scores and the model hash to, so that damage is noticed; the first checkpoints had none.
    #[serde(default)]
    checksum: Option<u64>,
    /// The scores of each round, as bits: JSON has no `NaN`.
    scores: Vec<Vec<u64>>,
    /// The model so far, as XGBoost's JSON.
    model: String,
}

impl Checkpoints {
    /// The checkpoints of a training of `rounds` rounds.
    pub(super) fn new(kept: Option<Checkpoint>, task: &Task<'_>, rounds: usize) -> Result<Self, BoostError> {
        let fingerprint = if kept.is_some() { fingerprint(task, rounds)? } else { 0 };
        Ok(Self { kept, fingerprint })
    }

    pub(super) fn are_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// How many of the remaining rounds to train before the next checkpoint.
    pub(super) fn next(&self, remaining: usize) -> usize {
        self.kept.as_ref().map_or(remaining, |kept| kept.every.min(remaining))
    }

    /// The state that an earlier run of this training has saved; the empty state if it was another training or the file is damaged.
    pub(super) fn read(&self) -> Result<Saved, BoostError> {
        let Some(kept) = &self.kept else { return Ok(Saved::default()) };
        let bytes = match fs::read(&kept.file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Saved::default()),
            Err(error) => return Err(kept.failed("read", error)),
        };
        Ok(self.decode(&bytes).unwrap_or_default())
    }

    fn decode(&self, bytes: &[u8]) -> Option<Saved> {
        let document: Document = serde_json::from_slice(bytes).ok()?;
        let is_damaged = document.checksum.is_some_and(|checksum| checksum != document.content());
        if document.fingerprint != self.fingerprint || is_damaged {
            return None;
        }
        let model = Model::decode(document.model.as_bytes(), FileFormat::Json).ok()?;
        let scores = |bits: Vec<u64>| bits.into_iter().map(f64::from_bits).collect();
        Some(Saved { model: Some(model), scores: document.scores.into_iter().map(scores).collect() })
    }

    /// Replaces the file by the completed rounds. A crash leaves the old file or the new one.
    pub(super) fn write(&self, model: &Model, scores: &[Vec<f64>]) -> Result<(), BoostError> {
        let Some(kept) = &self.kept else { return Ok(()) };
        let model = String::from_utf8_lossy(&model.encode(FileFormat::Json)?).into_owned();
        let bits = |scores: &Vec<f64>| scores.iter().map(|score| score.to_bits()).collect();
        let scores = scores.iter().map(bits).collect();
        let mut document = Document { fingerprint: self.fingerprint, checksum: None, scores, model };
        document.checksum = Some(document.content());
        let bytes = serde_json::to_vec(&document).map_err(BoostError::file("write a checkpoint"))?;
        kept.replace(&bytes).map_err(|error| kept.failed("write", error))
    }

    /// Removes the file, if it is there.
    pub(super) fn remove(&self) -> Result<(), BoostError> {
        let Some(kept) = &self.kept else { return Ok(()) };
        match fs::remove_file(&kept.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(kept.failed("remove", error)),
            _ => Ok(()),
        }
    }
}

impl Document {
    /// What its scores and its model hash to.
    fn content(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.scores, &self.model).hash(&mut hasher);
        hasher.finish()
    }
}

impl Saved {
    /// Whether each round has `scores` scores, and the model as many rounds more than the one to start from.
    pub(super) fn fits(&self, scores: usize, start: Option<&Model>) -> bool {
        let rounds = self.model.as_ref().or(start).map_or(0, Model::rounds);
        let is_whole = self.scores.iter().all(|round| round.len() == scores);
        is_whole && rounds == start.map_or(0, Model::rounds) + self.scores.len()
    }
}

impl Checkpoint {
    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut name = self.file.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let new = folder.join(name);
        let written = File::create(&new).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        let replaced = written.and_then(|()| fs::rename(&new, &self.file));
        if replaced.is_err() {
            let _ = fs::remove_file(&new);
        }
        replaced
    }

    fn failed(&self, action: &'static str, source: io::Error) -> BoostError {
        BoostError::Checkpoint { action, file: self.file.clone(), source }
    }
}

/// A number for what a task trains: its parameters (threads aside, which change nothing), data, sets and start.
/// Functions of the user's own are not part of it.
fn fingerprint(task: &Task<'_>, rounds: usize) -> Result<u64, BoostError> {
    let mut hasher = DefaultHasher::new();
    let params = BoosterParams { nthread: None, ..task.params.clone() };
    let params = serde_json::to_string(&params).map_err(BoostError::file("describe the training"))?;
    (params, rounds, task.sets.len()).hash(&mut hasher);
    task.start.map(|start| start.encode(FileFormat::Json)).transpose()?.hash(&mut hasher);
    hash_data(task.data, &mut hasher);
    for (set, data) in task.sets {
        set.hash(&mut hasher);
        hash_data(data, &mut hasher);
    }
    Ok(hasher.finish())
}

fn hash_data(data: &LabelledFeatures, hasher: &mut DefaultHasher) {
    hash_features(data.features(), hasher);
    hash_numbers(data.targets(), hasher);
    hash_numbers(data.weights().unwrap_or_default(), hasher);
    data.groups().hash(hasher);
}

fn hash_features(features: &Features, hasher: &mut DefaultHasher) {
    features.columns().hash(hasher);
    features.categorical().hash(hasher);
    features.row_offsets().hash(hasher);
    features.indices().hash(hasher);
    hash_numbers(features.values(), hasher);
}

fn hash_numbers(numbers: &[f64], hasher: &mut DefaultHasher) {
    numbers.len().hash(hasher);
    numbers.iter().for_each(|number| number.to_bits().hash(hasher));
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::boost::{Backend, Ending, Trained, Training};

    fn data(scale: f64) -> LabelledFeatures {
        let values: Vec<f64> = (0..120).map(|row| f64::from(row * 7 % 31)).collect();
        let features = Features::from_dense(2, &values).expect("a matrix");
        LabelledFeatures::new(features, (0..60).map(|row| f64::from(row % 9) * scale).collect())
            .expect("a target per row")
    }

    struct Run<'a> {
        params: &'a BoosterParams,
        data: &'a LabelledFeatures,
        file: &'a Path,
        /// The round after which the training is interrupted, as a crash would.
        crash: Option<usize>,
    }

    fn run(run: &Run<'_>) -> Trained {
        let trained = Training::new(run.params, 23, run.data)
            .evaluate("train", run.data)
            .early_stopping(20)
            .checkpoint(run.file, 5)
            .on_round(|round| {
                if Some(round.index) == run.crash {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
            .run();
        trained.expect("a model")
    }

    #[test]
    fn an_interrupted_training_goes_on_where_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("below/training.json");
        let params = BoosterParams { subsample: 0.7, seed: 3, ..BoosterParams::default() };
        let data = data(1.0);
        let whole = run(&Run { params: &params, data: &data, file: &file, crash: None });
        assert!(!file.exists(), "a finished training leaves no checkpoint");

        let first = run(&Run { params: &params, data: &data, file: &file, crash: Some(12) });
        assert_eq!((first.ending, first.resumed_rounds), (Ending::Interrupted, 0));
        let second = run(&Run { params: &params, data: &data, file: &file, crash: None });
        assert_eq!((second.ending, second.resumed_rounds, second.best), (Ending::Completed, 13, whole.best));
        assert_eq!(second.history, whole.history);
        let bytes = |trained: &Trained| trained.booster.to_ubjson().expect("a model");
        assert!(bytes(&second) == bytes(&whole));
        assert_eq!(fs::read_dir(file.parent().expect("a folder")).expect("a folder").count(), 0);
    }

    #[test]
    fn another_training_starts_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("training.json");
        let (params, one, two) = (BoosterParams::default(), data(1.0), data(2.0));
        let other = BoosterParams { eta: 0.1, ..params.clone() };
        let threads = BoosterParams { nthread: Some(2), ..params.clone() };
        for (params, data, resumed) in [(&other, &one, 0), (&params, &two, 0), (&threads, &one, 4)] {
            run(&Run { params: &BoosterParams::default(), data: &one, file: &file, crash: Some(3) });
            let trained = run(&Run { params, data, file: &file, crash: None });
            assert_eq!(trained.resumed_rounds, resumed, "{params:?}");
        }
        fs::write(&file, "half a checkpo").expect("a file");
        assert_eq!(run(&Run { params: &params, data: &one, file: &file, crash: None }).resumed_rounds, 0);
    }

    #[test]
    fn a_damaged_checkpoint_starts_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("training.json");
        let (params, data) = (BoosterParams::default(), data(1.0));
        let saved = || -> serde_json::Value {
            run(&Run { params: &params, data: &data, file: &file, crash: Some(4) });
            serde_json::from_slice(&fs::read(&file).expect("a checkpoint")).expect("JSON")
        };
        let resumed = |document: &serde_json::Value| {
            fs::write(&file, document.to_string()).expect("a file");
            run(&Run { params: &params, data: &data, file: &file, crash: None }).resumed_rounds
        };
        let mut other_score = saved();
        other_score["scores"][0][0] = 1.into();
        assert_eq!(resumed(&other_score), 0);
        // As the first checkpoints were, which are read as well.
        let mut unchecked = saved();
        unchecked.as_object_mut().expect("an object").remove("checksum");
        assert_eq!(resumed(&unchecked), 5);
        for part in ["/scores", "/scores/1"] {
            let mut shorter = saved();
            shorter.as_object_mut().expect("an object").remove("checksum");
            shorter.pointer_mut(part).and_then(serde_json::Value::as_array_mut).expect("a list").pop();
            assert_eq!(resumed(&shorter), 0, "{part}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("training.json");
        fs::create_dir(&file).expect("a folder in the file's place");
        let (params, data) =
            (BoosterParams { backend: Backend::Embedded, ..BoosterParams::default() }, data(1.0));
        let error = Training::new(&params, 3, &data).checkpoint(&file, 1).run().expect_err("a folder");
        assert!(error.to_string().contains("the checkpoint `"), "{error}");
    }
}
