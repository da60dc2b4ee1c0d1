//! Times the machine-learning kernels beside scikit-learn and XGBoost: one table, one machine, one run.
//!
//! `just bench-ml` builds this in release mode and runs it. Every peer runs as a process of its own on the same data, and
//! reports the median of its own timings without its start; the peak memory is that of the process. A peer that is
//! not installed is left out and said so. Without the stories of `../shared/data`, titles are generated.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use millwork_core::AssetValue;
use millwork_ml::boost::{Booster, BoosterParams};
use millwork_ml::features::{Features, LabelledFeatures, Npz};
use millwork_ml::text::{CountParams, TfidfParams, TfidfVectorizer};
use millwork_ml::{metrics, split};
use serde::Deserialize;

/// Times the machine-learning kernels beside their peers.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// Time each case so many times; the median is shown
    #[arg(long, default_value_t = 3, global = true)]
    runs: usize,
    /// The interpreter with scikit-learn and xgboost
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
    /// Trains by a backend, and predicts the same rows
    Boost { data: PathBuf, threads: usize, rounds: usize, backend: String },
    /// The reference job's work: reads stories, splits, vectorizes, trains, scores
    Job { stories: PathBuf },
}

/// What a process measured: seconds by name, and its peak memory in bytes.
#[derive(Debug, Deserialize)]
struct Measured {
    seconds: Vec<(String, f64)>,
    memory: u64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match &arguments.part {
        Some(Part::Vectorize { titles, threads }) => vectorize(titles, *threads, arguments.runs),
        Some(Part::Boost { data, threads, rounds, backend }) => {
            let backend = serde_json::from_value(serde_json::json!(backend))?;
            let params = BoosterParams { backend, nthread: Some(*threads), ..BoosterParams::default() };
            boost(data, &params, *rounds, arguments.runs)
        }
        Some(Part::Job { stories }) => job(stories, arguments.runs),
        None => compare(&arguments),
    }
}

fn compare(arguments: &Arguments) -> Result<()> {
    let folder = tempfile::tempdir()?;
    if arguments.python.is_none() {
        println!(
            "the peers are left out: MILLWORK_PYTHON is not set: name an interpreter with scikit-learn and xgboost-cpu"
        );
    }
    println!("{:<34} {:>12} {:>12} {:>7} {:>9} {:>9}", "case", "ours", "theirs", "ratio", "MB", "their MB");
    for documents in [20_000, 200_000, 1_000_000] {
        let titles = folder.path().join(format!("{documents}.txt"));
        std::fs::write(&titles, zipf_titles(documents).join("\n"))?;
        for threads in ["1", "2"] {
            let case = format!("vectorize {documents}, {threads} thread(s)");
            compare_case(arguments, &case, "vectorize", &[text(&titles)?, threads])?;
        }
    }
    for (name, data, rounds) in [
        ("titles", titles_data(&arguments.stories)?, &["20", "200"][..]),
        ("dense", dense_data()?, &["20", "200"]),
        ("wide", wide_data()?, &["20"]),
    ] {
        let path = folder.path().join(format!("{name}.npz"));
        let mut bytes = Vec::new();
        AssetValue::<Npz>::encode(&data, &mut bytes).map_err(|error| anyhow::anyhow!(error))?;
        std::fs::write(&path, bytes)?;
        for rounds in rounds {
            let case = format!("{name} {}x{}, {rounds} rounds", data.rows(), data.features().columns());
            compare_case(arguments, &case, "boost", &[text(&path)?, "2", rounds, "embedded"])?;
            let case = format!("{name}, {rounds} rounds, native");
            if arguments.python.is_some() {
                compare_case(arguments, &case, "boost", &[text(&path)?, "2", rounds, "native"])?;
            }
        }
    }
    if arguments.stories.exists() {
        compare_case(arguments, "the reference job's work", "job", &[text(&arguments.stories)?])?;
    }
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path is not Unicode")
}

/// Runs our part and the peer's, and prints a line per figure.
fn compare_case(arguments: &Arguments, case: &str, part: &str, values: &[&str]) -> Result<()> {
    let runs = arguments.runs.to_string();
    let ours =
        measured(Command::new(std::env::current_exe()?).arg(part).args(values).args(["--runs", &runs]))?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/bench_ml.py");
    let theirs = match &arguments.python {
        Some(python) => Some(measured(Command::new(python).arg(script).arg(part).args(values).arg(&runs))?),
        None => None,
    };
    for (figure, ours_seconds) in &ours.seconds {
        let peer = theirs.as_ref().and_then(|theirs| {
            let found = theirs.seconds.iter().find(|(name, _)| name == figure);
            found.map(|(_, seconds)| (*seconds, theirs.memory))
        });
        let (their_seconds, ratio, memory) = match peer {
            Some((seconds, memory)) => (
                format!("{:.2} ms", seconds * 1e3),
                format!("{:.1}x", seconds / ours_seconds),
                format!("{}", memory / 1_000_000),
            ),
            None => ("-".to_owned(), "-".to_owned(), "-".to_owned()),
        };
        let ours_text = format!("{:.2} ms", ours_seconds * 1e3);
        let ours_memory = ours.memory / 1_000_000;
        println!(
            "{case:<34} {ours_text:>12} {their_seconds:>12} {ratio:>7} {ours_memory:>9} {memory:>9}  {figure}"
        );
    }
    Ok(())
}

fn measured(command: &mut Command) -> Result<Measured> {
    let output = command.output().with_context(|| format!("failed to start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("{command:?} gave no figures"))
}

fn vectorize(titles: &Path, threads: usize, runs: usize) -> Result<()> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let titles = std::fs::read_to_string(titles)?;
    let titles: Vec<&str> = titles.lines().collect();
    let seconds = median(runs, || Ok(TfidfVectorizer::fit_transform(&titles)?.1.entries()))?;
    report(&[("fit_transform", seconds)])
}

fn boost(data: &Path, params: &BoosterParams, rounds: usize, runs: usize) -> Result<()> {
    rayon::ThreadPoolBuilder::new().num_threads(params.nthread.unwrap_or(0)).build_global()?;
    let data: LabelledFeatures =
        AssetValue::<Npz>::decode(&std::fs::read(data)?).map_err(|error| anyhow::anyhow!(error))?;
    let train = median(runs, || Ok(Booster::train(params, rounds, &data)?.rounds()))?;
    let booster = Booster::train(params, rounds, &data)?;
    let predict = median(runs * 3, || Ok(booster.predict(data.features())?.len()))?;
    let (columns, values) = data.features().row(0).context("no rows")?;
    let row = median(runs * 300, || Ok(booster.predict_row(columns, values)?.is_finite()))?;
    report(&[("train", train), ("predict all rows", predict), ("predict one row", row)])
}

/// What the reference job computes, from a file of stories to the score, without the orchestrator.
fn job(stories: &Path, runs: usize) -> Result<()> {
    let all = median(runs, || {
        let (titles, comments) = stories_of(stories)?;
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
    report(&[("all of it", all)])
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

fn report(seconds: &[(&str, f64)]) -> Result<()> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
    println!(
        "{}",
        serde_json::to_string(
            &serde_json::json!({ "seconds": seconds, "memory": peak.unwrap_or(0) * 1024 })
        )?
    );
    Ok(())
}

/// Random numbers, the same ones each time.
struct Numbers(u64);

impl Numbers {
    /// From 0 on and below 1.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Short titles: about eight words each, by Zipf's law out of a vocabulary that grows with the number of titles.
fn zipf_titles(documents: usize) -> Vec<String> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let vocabulary = 180.0 * (documents as f64).sqrt();
    let word = |numbers: &mut Numbers| {
        let rank = vocabulary.powf(numbers.next()) as u64;
        let letters = (0..4 + rank % 5)
            .map(|place| char::from(b'a' + ((rank >> (place * 3)) + place * 7 + rank) as u8 % 26));
        format!("{}{rank}", letters.collect::<String>())
    };
    (0..documents)
        .map(|_| {
            (0..5 + (numbers.next() * 7.0) as usize).map(|_| word(&mut numbers)).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

/// The titles of a file of stories, and their numbers of comments.
fn stories_of(stories: &Path) -> Result<(Vec<String>, Vec<f64>)> {
    #[derive(Deserialize)]
    struct Story {
        title: String,
        num_comments: f64,
    }
    let rows: Vec<Story> = csv::Reader::from_path(stories)?.deserialize().collect::<Result<_, _>>()?;
    Ok(rows.into_iter().map(|story| (story.title, story.num_comments)).unzip())
}

/// The TF-IDF of the stories' titles, the first four fifths, with their numbers of comments.
fn titles_data(stories: &Path) -> Result<LabelledFeatures> {
    let (titles, comments): (Vec<String>, Vec<f64>) = if stories.exists() {
        stories_of(stories)?
    } else {
        println!("there is no `{}`: the titles are generated", stories.display());
        let mut numbers = Numbers(7);
        zipf_titles(20_100).into_iter().map(|title| (title, (1.0 / (numbers.next() + 0.002)).floor())).unzip()
    };
    let rows = titles.len() * 4 / 5;
    let features = TfidfVectorizer::fit_transform(&titles[..rows])?.1;
    Ok(LabelledFeatures::new(features, comments[..rows].to_vec())?)
}

/// 100,000 rows of 50 numbers; five of them matter.
fn dense_data() -> Result<LabelledFeatures> {
    let (rows, columns) = (100_000, 50);
    let mut numbers = Numbers(88_172_645_463_325_252);
    let values: Vec<f64> = (0..rows * columns).map(|_| numbers.next()).collect();
    let target =
        |x: &[f64]| 10.0 * (x[0] * x[1] * 3.0).sin() + 20.0 * (x[2] - 0.5).powi(2) + 10.0 * x[3] + 5.0 * x[4];
    let targets = values.chunks(columns).map(target).collect();
    Ok(LabelledFeatures::new(Features::from_dense(columns, &values)?, targets)?)
}

/// The TF-IDF of 200,000 generated titles, its 50,000 most frequent terms.
fn wide_data() -> Result<LabelledFeatures> {
    let counts = CountParams { max_features: Some(50_000), ..CountParams::default() };
    let params = TfidfParams { counts, ..TfidfParams::default() };
    let (_, features) = params.fit_transform(&zipf_titles(200_000))?;
    let mut numbers = Numbers(11);
    let target = |(columns, values): (&[u32], &[f64])| {
        let signal: f64 =
            columns.iter().zip(values).map(|(&column, value)| value * f64::from(column % 7)).sum();
        signal + numbers.next()
    };
    let targets = features.iter().map(target).collect();
    Ok(LabelledFeatures::new(features, targets)?)
}
