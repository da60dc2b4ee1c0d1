//! Damaged model files: an error or a model that answers, never a panic.
//!
//! The mutations are the same ones each time. `MILLWORK_MUTATIONS` sets their number, for a long run.

use millwork_core::AssetValue;
use millwork_ml::boost::{Booster, BoosterKind, BoosterParams, Dart, Objective, XgboostJson};
use millwork_ml::features::{Features, LabelledFeatures};

/// Random numbers, the same ones each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// What replaces a number, a name or a length.
const TOKENS: [&[u8]; 14] = [
    b"-1",
    b"4294967295",
    b"9223372036854775807",
    b"1e39",
    b"0",
    b"null",
    b"[",
    b"}",
    b"\"\"",
    b"\"x\"",
    b"\xff\xff\xff\x7f",
    b"\x00\x00\x00\x00",
    b"L\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"[[[[[[[[[[[[[[[[",
];

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

fn mutate(file: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    let position = numbers.below(file.len());
    match numbers.below(6) {
        0 => file[position] ^= 1 << numbers.below(8),
        1 => file.truncate(position),
        2 => {
            let token = TOKENS[numbers.below(TOKENS.len())];
            let digits = file[position..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            file.splice(position..position + digits, token.iter().copied());
        }
        3 => {
            let end = (position + numbers.below(64)).min(file.len());
            let copied: Vec<u8> = file[position..end].to_vec();
            let place = numbers.below(file.len());
            file.splice(place..place, copied);
        }
        4 => {
            let end = (position + numbers.below(32)).min(file.len());
            file.drain(position..end);
        }
        _ => {
            let start = numbers.below(other.len());
            let end = (start + numbers.below(64)).min(other.len());
            let place = (position + numbers.below(64)).min(file.len());
            file.splice(position..place, other[start..end].iter().copied());
        }
    }
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

#[test]
fn damaged_models_are_errors_or_models() {
    let mutations =
        std::env::var("MILLWORK_MUTATIONS").map_or(20_000, |count| count.parse().expect("a number"));
    let data = data();
    let models = models(&data);
    let mut numbers = Numbers(3);
    let mut read = 0_usize;
    for mutation in 0..mutations {
        let (json, ubjson) = &models[numbers.below(models.len())];
        let (other_json, other_ubjson) = &models[numbers.below(models.len())];
        let json_turn = mutation % 2 == 0;
        let (mut file, other) =
            if json_turn { (json.clone(), other_json) } else { (ubjson.clone(), other_ubjson) };
        for _ in 0..=numbers.below(3) {
            if !file.is_empty() {
                mutate(&mut file, other, &mut numbers);
            }
        }
        let booster = if json_turn {
            <Booster as AssetValue<XgboostJson>>::decode(&file).map_err(|error| error.to_string())
        } else {
            Booster::from_ubjson(&file).map_err(|error| error.to_string())
        };
        read += usize::from(is_a_model(booster, data.features()));
    }
    println!("{read} of {mutations} damaged files are models all the same");
    assert!(read > 0 && read < mutations, "{read} of {mutations}");
}
