//! Damaged model files: an error or a model that answers, never a panic.
//!
//! The mutations are the same ones each time. `MILLWORK_MUTATIONS` sets their number, for a long run.

mod mutations;

use millwork_core::AssetValue;
use millwork_ml::boost::{Booster, BoosterKind, BoosterParams, Dart, Objective, XgboostJson};
use millwork_ml::features::{Features, LabelledFeatures};

use mutations::{Counting, Numbers, alone, damaged, with_peak};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn data() -> LabelledFeatures {
    let rows = 24;
    let values = (0..rows * 2).map(|entry| (entry * 5 % 11) as f64).collect();
    let indices = (0..rows).flat_map(|row| [(row % 2) as u32, 2]).collect();
    let features =
        Features::new(3, (0..=rows).map(|row| row * 2).collect(), indices, values).expect("a matrix");
    LabelledFeatures::new(features, (0..rows).map(|row| (row % 3) as f64).collect())
        .expect("labelled features")
}

/// Small models of several kinds, as files: JSON, then UBJSON.
fn models(data: &LabelledFeatures) -> Vec<(Vec<u8>, Vec<u8>)> {
    let dart = BoosterKind::Dart(Dart { rate_drop: 0.5, ..Dart::default() });
    let kinds = [
        (Objective::SquaredError, BoosterKind::GbTree),
        (Objective::Softprob { num_class: 3 }, BoosterKind::GbTree),
        (Objective::Poisson, dart),
    ];
    let file = |(objective, booster)| {
        let params = BoosterParams { objective, booster, max_depth: 3, ..BoosterParams::default() };
        let booster = Booster::train(&params, 2, data).expect("a model");
        let mut json = Vec::new();
        AssetValue::<XgboostJson>::encode(&booster, &mut json).expect("encoding to memory");
        (json, booster.to_ubjson().expect("a model"))
    };
    kinds.into_iter().map(file).collect()
}

/// Reads a file; a model that comes of it is asked for predictions.
fn is_a_model(read: Result<Booster, String>, features: &Features) -> bool {
    let Ok(booster) = read else { return false };
    if booster.columns() == features.columns() {
        let _ = booster.predict_outputs(features);
        let _ = booster.predict_row(&[0, 2], &[1.0, 3.0]);
    }
    true
}

/// What reading a model may allocate, by the size of its file: a tree of JSON values takes most of it.
fn allowed(bytes: usize) -> usize {
    (1 << 20) + bytes * 200
}

#[test]
fn damaged_models_are_errors_or_models() {
    let _alone = alone();
    let mutations = mutations::mutations(20_000);
    let data = data();
    let models = models(&data);
    let mut numbers = Numbers(3);
    let mut read = 0_usize;
    for mutation in 0..mutations {
        let (json, ubjson) = &models[numbers.below(models.len())];
        let (other_json, other_ubjson) = &models[numbers.below(models.len())];
        let is_json = mutation % 2 == 0;
        let (file, other) = if is_json { (json, other_json) } else { (ubjson, other_ubjson) };
        let file = damaged(file, other, &mut numbers);
        let (booster, peak) = with_peak(|| {
            if is_json {
                <Booster as AssetValue<XgboostJson>>::decode(&file).map_err(|error| error.to_string())
            } else {
                Booster::from_ubjson(&file).map_err(|error| error.to_string())
            }
        });
        assert!(peak <= allowed(file.len()), "{peak} bytes for {}: mutation {mutation}", file.len());
        read += usize::from(is_a_model(booster, data.features()));
    }
    println!("{read} of {mutations} damaged files are models all the same");
    assert!(read > 0 && read < mutations, "{read} of {mutations}");
}
