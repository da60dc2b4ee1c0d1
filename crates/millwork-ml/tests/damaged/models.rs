//! Damaged model files: an error or a model that answers, never a panic, and no more memory than the file's size allows.
//!
//! Bytes are damaged, which mostly breaks the syntax, and values of documents, which mostly breaks what they mean. The
//! mutations are the same ones each time. `MILLWORK_MUTATIONS` sets their number, for a long run:
//! `MILLWORK_MUTATIONS=1000000 cargo test --release -p millwork-ml --test damaged -- models`.

use std::path::Path;

use millwork_core::AssetValue;
use millwork_ml::boost::{
    Booster, BoosterKind, BoosterParams, Dart, Importance, Objective, TreeMethod, XgboostJson,
};
use millwork_ml::features::{Features, LabelledFeatures};
use serde_json::Value;

use crate::mutations::{self, Numbers, alone, altered, damaged, with_own_peak};

/// How many mutations are tried by default.
const USUAL: usize = 20_000;

/// How many columns a model may have for rows of that many to be made.
const COLUMNS: usize = 1 << 22;

fn data() -> LabelledFeatures {
    let rows = 24;
    let values = (0..rows * 2).map(|entry| (entry * 5 % 11) as f64).collect();
    let indices = (0..rows).flat_map(|row| [(row % 2) as u32, 2]).collect();
    let features =
        Features::new(3, (0..=rows).map(|row| row * 2).collect(), indices, values).expect("a matrix");
    LabelledFeatures::new(features, (0..rows).map(|row| (row % 3) as f64).collect())
        .and_then(|data| data.with_row_keys(0..rows))
        .expect("labelled features")
}

/// What stands in documents for XGBoost's `NaN`, which isn't JSON.
const NOT_A_NUMBER: &str = "\"not a number\"";

/// A small model as files.
struct Model {
    name: String,
    json: Vec<u8>,
    ubjson: Vec<u8>,
    document: Value,
}

impl Model {
    fn new(name: &str, json: Vec<u8>, ubjson: Vec<u8>) -> Self {
        let text = str::from_utf8(&json).expect("text").replace("NaN", NOT_A_NUMBER);
        let document = serde_json::from_str(&text).expect("JSON");
        Self { name: name.to_owned(), json, ubjson, document }
    }

    /// The document altered, as a file.
    fn altered(&self, numbers: &mut Numbers) -> Vec<u8> {
        altered(&self.document, numbers).to_string().replace(NOT_A_NUMBER, "NaN").into_bytes()
    }

    /// Why the undamaged files can't be read.
    fn problems(&self) -> Vec<String> {
        let files = [(&self.json, Format::Json), (&self.ubjson, Format::Ubjson)];
        let read = |(file, format): (&Vec<u8>, Format)| {
            let error = decoded(file, format).err()?;
            Some(format!("{} as {format:?}: {error}", self.name))
        };
        files.into_iter().filter_map(read).collect()
    }
}

/// Small models of several kinds: our own, and those of `tests/models`, which `tests/python/xgboost_damaged.py` wrote.
fn models(data: &LabelledFeatures) -> Vec<Model> {
    let dart = BoosterKind::Dart(Dart { rate_drop: 0.5, ..Dart::default() });
    let with = |objective| BoosterParams { objective, max_depth: 3, ..BoosterParams::default() };
    let ours = [
        with(Objective::SquaredError),
        with(Objective::Softprob { num_class: 3 }),
        BoosterParams { booster: dart, ..with(Objective::Poisson) },
        BoosterParams { tree_method: TreeMethod::Exact, ..with(Objective::AbsoluteError) },
        with(Objective::Quantile { quantile_alpha: vec![0.2, 0.8] }),
    ];
    let ours = ours.iter().map(|params| {
        let booster = Booster::train(params, 2, data).expect("a model");
        Model::new(params.objective.name(), encoded(&booster), booster.to_ubjson().expect("a model"))
    });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let read = |path: &Path| std::fs::read(path).expect("a file");
    let theirs = files
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| Model::new(&path.display().to_string(), read(path), read(&path.with_extension("ubj"))));
    ours.chain(theirs).collect()
}

fn encoded(booster: &Booster) -> Vec<u8> {
    let mut bytes = Vec::new();
    AssetValue::<XgboostJson>::encode(booster, &mut bytes).expect("encoding to memory");
    bytes
}

/// What a file is read as.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Format {
    Json,
    Ubjson,
}

fn decoded(file: &[u8], format: Format) -> Result<Booster, String> {
    match format {
        Format::Json => {
            <Booster as AssetValue<XgboostJson>>::decode(file).map_err(|error| chain(error.as_ref()))
        }
        Format::Ubjson => Booster::from_ubjson(file).map_err(|error| chain(&error)),
    }
}

/// An error and its causes.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Rows with a model's number of columns.
fn rows_for(booster: &Booster, features: &Features) -> Option<Features> {
    let columns = booster.columns();
    if columns > COLUMNS {
        return None;
    }
    let within = |&(column, _): &(u32, f64)| (column as usize) < columns;
    let (mut offsets, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for (row_columns, row_values) in features.iter() {
        for (column, value) in row_columns.iter().copied().zip(row_values.iter().copied()).filter(within) {
            indices.push(column);
            values.push(value);
        }
        offsets.push(indices.len());
    }
    Some(Features::new(columns, offsets, indices, values).expect("fewer entries"))
}

/// The numbers of a list, as bits: what isn't a number is equal to itself.
fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Asks a model for everything, and writes and reads it.
fn ask(booster: &Booster, rows: &Features, mutation: usize) {
    let predictions = booster.predict_outputs(rows);
    let margins = booster.predict_margin(rows);
    let _ = booster.predict_row(&[0, 2], &[1.0, 3.0]);
    let _ = booster.predict_leaf(rows);
    let _ = booster.importance(Importance::Gain);
    if rows.columns() < 100 {
        let _ = booster.contributions(rows);
    }
    let compact = booster.to_ubjson();
    let mut json = Vec::new();
    let written = AssetValue::<XgboostJson>::encode(booster, &mut json);
    for (file, format) in [(written.ok().map(|()| json), Format::Json), (compact.ok(), Format::Ubjson)] {
        let Some(file) = file else { continue };
        let again = decoded(&file, format);
        let again = again.unwrap_or_else(|error| panic!("mutation {mutation}: what was written: {error}"));
        if let (Ok(margins), Ok(predictions)) = (&margins, &predictions) {
            let of = |again: &Booster| {
                let margins = again.predict_margin(rows).map(|margins| bits(margins.values()));
                let predictions = again.predict_outputs(rows).map(|outputs| bits(outputs.values()));
                (margins.ok(), predictions.ok())
            };
            let before = (Some(bits(margins.values())), Some(bits(predictions.values())));
            assert_eq!(of(&again), before, "mutation {mutation}, {format:?}");
        }
    }
}

/// What reading a model, or asking it, may allocate, by the size of its file: a tree of JSON values takes most of it.
fn allowed(bytes: usize) -> usize {
    (1 << 20) + bytes * 200
}

/// One mutation: whether what comes of it is a model.
fn is_a_model(models: &[Model], rows: &Features, mutation: usize) -> bool {
    let mut numbers = Numbers(mutation as u64 * 0x9e37_79b9 + 3);
    // The first numbers of near seeds are near each other.
    (0..4).for_each(|_| {
        numbers.below(2);
    });
    let model = &models[numbers.below(models.len())];
    let other = &models[numbers.below(models.len())];
    let (file, format) = match mutation % 3 {
        0 => (damaged(&model.json, &other.json, &mut numbers), Format::Json),
        1 => (damaged(&model.ubjson, &other.ubjson, &mut numbers), Format::Ubjson),
        _ => (model.altered(&mut numbers), Format::Json),
    };
    let allowed = allowed(file.len());
    let (booster, peak) = with_own_peak(|| decoded(&file, format));
    assert!(peak <= allowed, "mutation {mutation}: reading takes {peak} bytes for {}", file.len());
    let Ok(booster) = booster else { return false };
    if let Some(rows) = rows_for(&booster, rows) {
        // Each row of a dense matrix has a number for each column.
        let allowed = allowed + rows.columns() * 16;
        let ((), peak) = with_own_peak(|| ask(&booster, &rows, mutation));
        assert!(peak <= allowed, "mutation {mutation}: asking takes {peak} bytes for {}", file.len());
    }
    true
}

#[test]
fn damaged_models_are_errors_or_models() {
    let _alone = alone();
    let mutations = mutations::mutations(USUAL);
    let data = data();
    let models = models(&data);
    let unreadable: Vec<String> = models.iter().flat_map(Model::problems).collect();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let read: usize = std::thread::scope(|scope| {
        let share = |thread: usize| {
            let (models, rows) = (&models, data.features());
            let each = (thread..mutations).step_by(threads);
            scope.spawn(move || each.filter(|&mutation| is_a_model(models, rows, mutation)).count())
        };
        let running: Vec<_> = (0..threads).map(share).collect();
        running.into_iter().map(|thread| thread.join().expect("no mutation panics")).sum()
    });
    println!("{read} of {mutations} damaged files are models all the same");
    assert!(read > 0 && read < mutations, "{read} of {mutations}");
    assert!(unreadable.is_empty(), "undamaged files can't be read:\n{}", unreadable.join("\n"));
}
