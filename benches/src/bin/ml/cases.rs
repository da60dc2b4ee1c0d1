//! The cases of the table: the input of each side.

use std::path::Path;

use anyhow::{Context as _, Result};
use millwork_core::AssetValue;
use millwork_ml::features::{LabelledFeatures, Npz};

use crate::Arguments;
use crate::data;
use crate::table::{Case, compare, print_head};

/// The backends that train.
const BACKENDS: [&str; 2] = ["embedded", "native"];

/// The number of threads of every training, ours and theirs.
const THREADS: &str = "2";

/// The number of rows to train on.
struct Shape<'a> {
    name: String,
    made: Box<dyn Fn() -> Result<LabelledFeatures> + 'a>,
    /// The numbers of rounds, one case for each.
    rounds: &'static [&'static str],
    /// The indices of categorical columns, with a comma between.
    categories: String,
}

/// Runs every selected case.
pub(crate) fn compare_all(arguments: &Arguments) -> Result<()> {
    if arguments.python.is_none() {
        println!(
            "the peers are left out: MILLWORK_PYTHON is not set: name an interpreter with scikit-learn, xgboost-cpu and lightgbm"
        );
    }
    let folder = tempfile::tempdir()?;
    print_head();
    for documents in [20_000, 200_000, 1_000_000] {
        vectorize(arguments, folder.path(), scaled(arguments, documents))?;
    }
    for shape in shapes(arguments) {
        boost(arguments, folder.path(), &shape)?;
    }
    for rows in [2_000, 10_000, 100_000] {
        paired(arguments, scaled(arguments, rows))?;
    }
    if arguments.stories.exists() {
        let values = [text(&arguments.stories)?];
        let peers = [("Python", &values[..])];
        let name = "the reference job's work";
        compare(arguments, &Case { name, part: "job", ours: &values, peers: &peers })?;
    }
    Ok(())
}

fn scaled(arguments: &Arguments, rows: usize) -> usize {
    ((rows as f64 * arguments.scale) as usize).max(100)
}

fn shapes(arguments: &Arguments) -> Vec<Shape<'_>> {
    let [dense, wide, long, categorical] =
        [100_000, 200_000, 1_000_000, 200_000].map(|rows| scaled(arguments, rows));
    let categories = data::CATEGORIES.map(|(column, _)| column.to_string()).join(",");
    vec![
        Shape {
            name: "titles".to_owned(),
            made: Box::new(|| data::titles(&arguments.stories)),
            rounds: &["20", "200"],
            categories: String::new(),
        },
        Shape {
            name: format!("dense {dense}x50"),
            made: Box::new(move || data::dense(dense, 50)),
            rounds: &["20", "200"],
            categories: String::new(),
        },
        Shape {
            name: format!("wide, {wide} titles"),
            made: Box::new(move || data::wide(wide)),
            rounds: &["20"],
            categories: String::new(),
        },
        Shape {
            name: format!("long {long}x30"),
            made: Box::new(move || data::dense(long, 30)),
            rounds: &["50"],
            categories: String::new(),
        },
        Shape {
            name: format!("categorical {categorical}x12"),
            made: Box::new(move || data::categorical(categorical)),
            rounds: &["50"],
            categories,
        },
    ]
}

fn vectorize(arguments: &Arguments, folder: &Path, documents: usize) -> Result<()> {
    let name = |threads: &str| format!("vectorize {documents}, {threads} thread(s)");
    let wanted: Vec<&str> =
        ["1", "2"].into_iter().filter(|threads| arguments.wants(&name(threads))).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let titles = folder.join("titles.txt");
    std::fs::write(&titles, data::zipf_titles(documents).join("\n"))?;
    for threads in wanted {
        let values = [text(&titles)?, threads];
        let peers = [("scikit-learn", &values[..])];
        compare(arguments, &Case { name: &name(threads), part: "vectorize", ours: &values, peers: &peers })?;
    }
    Ok(())
}

/// Compares two models on one thread, as SciPy does.
fn paired(arguments: &Arguments, rows: usize) -> Result<()> {
    let (name, rows) = (format!("paired bootstrap, {rows} rows"), rows.to_string());
    let values = [rows.as_str(), "1"];
    compare(arguments, &Case { name: &name, part: "paired", ours: &values, peers: &[("SciPy", &values)] })
}

/// Trains on a shape for each number of rounds, by each backend: the embedded one beside both peers, XGBoost's library
/// beside itself in Python.
fn boost(arguments: &Arguments, folder: &Path, shape: &Shape<'_>) -> Result<()> {
    let name = |rounds: &str, backend: &str| format!("{}, {rounds} rounds, {backend}", shape.name);
    let cases = shape.rounds.iter().flat_map(|rounds| BACKENDS.map(|backend| (*rounds, backend)));
    let has_backend = |backend| backend != "native" || arguments.python.is_some();
    let wanted: Vec<(&str, &str)> = cases
        .filter(|(rounds, backend)| has_backend(*backend) && arguments.wants(&name(rounds, backend)))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let path = folder.join("data.npz");
    let mut bytes = Vec::new();
    AssetValue::<Npz>::encode(&(shape.made)()?, &mut bytes).map_err(|error| anyhow::anyhow!(error))?;
    std::fs::write(&path, bytes)?;
    let path = text(&path)?;
    for (rounds, backend) in wanted {
        let of = |library| [path, THREADS, rounds, library, shape.categories.as_str()];
        let (xgboost, lightgbm) = (of("xgboost"), of("lightgbm"));
        let peers = [("XGBoost", &xgboost[..]), ("LightGBM", &lightgbm[..])];
        let peers = if backend == "native" { &peers[..1] } else { &peers };
        let name = name(rounds, backend);
        compare(arguments, &Case { name: &name, part: "boost", ours: &of(backend), peers })?;
    }
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path is not Unicode")
}
