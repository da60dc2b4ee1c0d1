//! Times the machine-learning kernels beside scikit-learn, XGBoost and LightGBM: one table, one machine, one run.
//!
//! `just bench-ml` builds this in release mode and runs it. Every peer runs as a process of its own on the same data, and reports the
//! median of its own timings without its start; the peak memory is that of the process, for boosting from when its data are loaded. A peer
//! that is not installed is skipped with a message. Without the stories of `../shared/data`, titles are generated.

mod cases;
mod data;
mod table;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use millwork_core::AssetValue;
use millwork_ml::boost::{Booster, BoosterParams};
use millwork_ml::comparison::{Comparison, PairedBootstrap};
use millwork_ml::features::{LabelledFeatures, Npz};
use millwork_ml::search::Goal;
use millwork_ml::text::TfidfVectorizer;
use millwork_ml::{metrics, split};

/// Times the machine-learning kernels beside their peers.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// Runs of each case; the median is shown
    #[arg(long, default_value_t = 3, global = true)]
    runs: usize,
    /// Only cases whose names have this text
    #[arg(long)]
    only: Option<String>,
    /// A share of the rows, to try the bench
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// The interpreter with scikit-learn, xgboost and lightgbm
    #[arg(long, env = "MILLWORK_PYTHON")]
    python: Option<PathBuf>,
    /// The stories whose titles are trained on
    #[arg(long, default_value = "../shared/data/hackernews/hacker_news.csv")]
    stories: PathBuf,
}

/// One process of ours.
#[derive(Debug, Subcommand)]
enum Part {
    /// Fits a vectorizer on the lines of a file and transforms them
    Vectorize { titles: PathBuf, threads: usize },
    /// Trains by a backend, and predicts the same rows; some columns may be categories
    Boost {
        data: PathBuf,
        threads: usize,
        rounds: usize,
        backend: String,
        #[arg(value_delimiter = ',')]
        categories: Vec<String>,
    },
    /// Computes metrics of two models, and compares the models by them
    Paired { rows: usize, threads: usize },
    /// The reference job's work: reads stories, splits, vectorizes, trains, scores
    Job { stories: PathBuf },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match &arguments.part {
        Some(Part::Vectorize { titles, threads }) => vectorize(titles, *threads, arguments.runs),
        Some(Part::Boost { data, threads, rounds, backend, categories }) => {
            let backend = serde_json::from_value(serde_json::json!(backend))?;
            let params = BoosterParams { backend, nthread: Some(*threads), ..BoosterParams::default() };
            boost(&rows_of(data, categories)?, &params, *rounds, arguments.runs)
        }
        Some(Part::Paired { rows, threads }) => paired(*rows, *threads, arguments.runs),
        Some(Part::Job { stories }) => job(stories, arguments.runs),
        None => cases::compare_all(&arguments),
    }
}

impl Arguments {
    fn wants(&self, case: &str) -> bool {
        self.only.as_ref().is_none_or(|only| case.contains(only.as_str()))
    }
}

fn vectorize(titles: &Path, threads: usize, runs: usize) -> Result<()> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let titles = std::fs::read_to_string(titles)?;
    let titles: Vec<&str> = titles.lines().collect();
    let seconds = median(runs, || Ok(TfidfVectorizer::fit_transform(&titles)?.1.entries()))?;
    report(&[("fit_transform", seconds)], None)
}

/// The rows of a file, some of whose columns hold categories.
fn rows_of(file: &Path, categories: &[String]) -> Result<LabelledFeatures> {
    let data: LabelledFeatures =
        AssetValue::<Npz>::decode(&std::fs::read(file)?).map_err(|error| anyhow::anyhow!(error))?;
    let columns = categories.iter().filter(|column| !column.is_empty()).map(|column| column.parse());
    let columns: Vec<u32> = columns.collect::<Result<_, _>>()?;
    if columns.is_empty() {
        return Ok(data);
    }
    let (features, targets) = data.into_parts();
    Ok(LabelledFeatures::new(features.with_categories(&columns)?, targets)?)
}

fn boost(data: &LabelledFeatures, params: &BoosterParams, rounds: usize, runs: usize) -> Result<()> {
    // The data are loaded: Linux counts the peak memory from here on.
    std::fs::write("/proc/self/clear_refs", "5").ok();
    rayon::ThreadPoolBuilder::new().num_threads(params.nthread.unwrap_or(0)).build_global()?;
    let train = median(runs, || Ok(Booster::train(params, rounds, data)?.rounds()))?;
    let booster = Booster::train(params, rounds, data)?;
    let predict = median(runs * 3, || Ok(booster.predict(data.features())?.len()))?;
    let (columns, values) = data.features().row(0).context("no rows")?;
    let row = median(runs * 300, || Ok(booster.predict_row(columns, values)?.is_finite()))?;
    let loss = metrics::root_mean_squared_error(data.targets(), &booster.predict(data.features())?)?;
    report(&[("train", train), ("predict all rows", predict), ("predict one row", row)], Some(loss))
}

/// A gate's work: the metrics of champion and challenger, and the intervals of their differences.
fn paired(rows: usize, threads: usize, runs: usize) -> Result<()> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let [targets, champion, challenger] = data::predictions(rows);
    let errors = |predictions: &[f64]| -> Vec<f64> {
        targets.iter().zip(predictions).map(|(target, prediction)| (target - prediction).abs()).collect()
    };
    let metrics = median(runs * 30, || {
        let of = |predictions: &[f64]| metrics::mean_absolute_error(&targets, predictions);
        Ok((of(&champion)?, of(&challenger)?))
    })?;
    let losses = median(runs, || Ok(Comparison::paired(&errors(&champion), &errors(&challenger))?))?;
    let bootstrap = PairedBootstrap::of_predictions(&targets, &champion, &challenger);
    let r_squared = median(runs, || Ok(bootstrap.compare("R²", Goal::Maximize, metrics::r_squared)?))?;
    let figures = [("both MAE", metrics), ("MAE, 10000 draws", losses), ("R², 2000 draws", r_squared)];
    report(&figures, None)
}

/// The computation of the reference job, from a file of stories to the score, without the orchestrator.
fn job(stories: &Path, runs: usize) -> Result<()> {
    let all = median(runs, || {
        let (titles, comments) = data::stories_of(stories)?;
        let parts = split::random(titles.len(), 0.2, 42)?;
        let of = |rows: &[usize]| -> (Vec<&str>, Vec<f64>) {
            rows.iter().map(|&row| (titles[row].as_str(), comments[row])).unzip()
        };
        let ((train_titles, train_comments), (test_titles, test_comments)) =
            (of(&parts.train), of(&parts.test));
        let (vectorizer, features) = TfidfVectorizer::fit_transform(&train_titles)?;
        let train = LabelledFeatures::new(features, train_comments)?;
        let booster = Booster::train(&BoosterParams::default(), 20, &train)?;
        let predictions = booster.predict(&vectorizer.transform(&test_titles))?;
        Ok(metrics::r_squared(&test_comments, &predictions)?)
    })?;
    report(&[("all of it", all)], None)
}

fn median<T>(runs: usize, mut run: impl FnMut() -> Result<T>) -> Result<f64> {
    let mut seconds = Vec::with_capacity(runs);
    for _ in 0..runs {
        let start = Instant::now();
        std::hint::black_box(run()?);
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[seconds.len() / 2])
}

fn report(seconds: &[(&str, f64)], loss: Option<f64>) -> Result<()> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
    println!(
        "{}",
        serde_json::to_string(
            &serde_json::json!({ "seconds": seconds, "memory": peak.unwrap_or(0) * 1024, "loss": loss })
        )?
    );
    Ok(())
}
