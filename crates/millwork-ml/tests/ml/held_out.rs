//! Held-out rows: what a model knows of them, in memory and from its files.

use std::collections::BTreeSet;

use millwork_core::AssetValue;
use millwork_ml::boost::{Booster, BoosterParams, Training, XgboostJson};
use millwork_ml::features::{Features, LabelledFeatures, RowKeys};
use millwork_ml::held_out::{HeldOut, HeldOutError, KeySet, Unknown};
use millwork_ml::search::{Candidates, Found, Goal, Search, Space};
use proptest::prelude::*;

fn data(rows: usize) -> LabelledFeatures {
    let values: Vec<f64> = (0..rows).map(|row| (row * 7 % 11) as f64).collect();
    let features = Features::from_dense(1, &values).expect("one column");
    LabelledFeatures::new(features, values).expect("a target per row")
}

fn keyed(keys: &[i64]) -> LabelledFeatures {
    data(keys.len()).with_row_keys(keys.iter().copied()).expect("a key per row")
}

fn params() -> BoosterParams {
    BoosterParams { max_depth: 2, nthread: Some(1), ..BoosterParams::default() }
}

fn json(booster: &Booster) -> Vec<u8> {
    let mut bytes = Vec::new();
    AssetValue::<XgboostJson>::encode(booster, &mut bytes).expect("encoding to memory");
    bytes
}

/// The same model from each of its files.
fn loaded(booster: &Booster) -> [Booster; 2] {
    let of_json = <Booster as AssetValue<XgboostJson>>::decode(&json(booster)).expect("what was written");
    [of_json, Booster::from_ubjson(&booster.to_ubjson().expect("a model")).expect("what was written")]
}

/// What a model and its copies from files all know of rows.
fn known(booster: &Booster, keys: &[i64]) -> Result<HeldOut, HeldOutError> {
    let keys = RowKeys::new(keys.iter().copied());
    let known = booster.check_held_out(Some(&keys));
    for loaded in loaded(booster) {
        assert_eq!(loaded.check_held_out(Some(&keys)), known);
    }
    known
}

fn unknown(unknown: Unknown) -> Result<HeldOut, HeldOutError> {
    Ok(HeldOut::Unknown(unknown))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_overlap_is_that_of_the_keys(
        fitted in prop::collection::vec(0..30_i64, 1..20),
        watched in prop::collection::vec(0..30_i64, 1..10),
        held_out in prop::collection::vec(0..30_i64, 0..20),
    ) {
        let (train, validation) = (keyed(&fitted), keyed(&watched));
        let params = params();
        let training = Training::new(&params, 2, &train).evaluate("validation", &validation).early_stopping(1);
        let booster = training.run().expect("a model").booster;
        let of = |keys: &[i64]| keys.iter().copied().collect::<BTreeSet<i64>>();
        let (fitted, watched) = (of(&fitted), of(&watched));
        let count = |set: &BTreeSet<i64>| held_out.iter().filter(|key| set.contains(key)).count();
        match known(&booster, &held_out) {
            Err(HeldOutError::Fitted(overlap)) => {
                prop_assert!(overlap.rows > 0);
                prop_assert_eq!((overlap.rows, overlap.held_out), (count(&fitted), held_out.len()));
                prop_assert!(overlap.keys.iter().all(|key| fitted.contains(&key.parse().expect("an integer"))));
            }
            Ok(HeldOut::Selected(overlap)) => {
                prop_assert!(overlap.rows > 0);
                prop_assert_eq!((count(&fitted), overlap.rows), (0, count(&watched)));
            }
            Ok(HeldOut::Unseen { rows }) => {
                prop_assert_eq!((count(&fitted), count(&watched), rows), (0, 0, held_out.len()));
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }
}

#[test]
fn sets_that_only_measure_decide_nothing() {
    let (train, test, validation) = (keyed(&[1, 2, 3]), keyed(&[4]), keyed(&[5]));
    let params = params();
    let measured = Training::new(&params, 2, &train).evaluate("test", &test).run().expect("a model");
    assert_eq!(known(&measured.booster, &[4]), Ok(HeldOut::Unseen { rows: 1 }));
    let stopped = Training::new(&params, 2, &train)
        .evaluate("test", &test)
        .evaluate("validation", &validation)
        .early_stopping(1)
        .run()
        .expect("a model");
    assert_eq!(known(&stopped.booster, &[4]), Ok(HeldOut::Unseen { rows: 1 }));
    assert!(
        matches!(known(&stopped.booster, &[4, 5]), Ok(HeldOut::Selected(overlap)) if overlap.keys == ["5"])
    );
}

#[test]
fn what_has_no_keys_is_not_known() {
    let (plain, train) = (data(6), keyed(&[1, 2, 3]));
    let params = params();
    let without = Booster::train(&params, 2, &plain).expect("a model");
    assert_eq!(known(&without, &[1]), unknown(Unknown::Record));
    assert!(!String::from_utf8(json(&without)).expect("JSON").contains("millwork_"), "the file is as before");
    let with = Booster::train(&params, 2, &train).expect("a model");
    assert_eq!(with.check_held_out(plain.row_keys()), unknown(Unknown::HeldOutKeys));
    let stopped = Training::new(&params, 2, &train).evaluate("validation", &plain).early_stopping(1).run();
    assert_eq!(known(&stopped.expect("a model").booster, &[9]), unknown(Unknown::SelectionKeys));
    let chosen = Training::new(&params, 2, &train).chosen_on(None).run().expect("a model").booster;
    assert_eq!(known(&chosen, &[9]), unknown(Unknown::SelectionKeys));
    assert!(known(&chosen, &[1]).is_err());
}

#[test]
fn a_model_that_went_on_knows_the_rows_of_both_trainings() {
    let (first, more, plain) = (keyed(&[1, 2, 3]), keyed(&[3, 4]), data(4));
    let params = params();
    let start = Booster::train(&params, 2, &first).expect("a model");
    let on = |start: &Booster, data: &LabelledFeatures| {
        Training::new(&params, 2, data).continue_from(start).run().expect("a model").booster
    };
    let both = on(&start, &more);
    assert_eq!((both.rounds(), both.used_rows().expect("a record").fitted().len()), (4, 4));
    assert_eq!(known(&both, &[5]), Ok(HeldOut::Unseen { rows: 1 }));
    assert!(known(&both, &[1]).is_err() && known(&both, &[4]).is_err());
    assert!(known(&both.up_to(1), &[4]).is_err(), "rounds that are taken away leave the record");
    let partly = on(&start, &plain);
    assert_eq!(known(&partly, &[5]), unknown(Unknown::FittedKeys));
    assert!(known(&partly, &[1]).is_err());
    let unknown_start = Booster::train(&params, 2, &plain).expect("a model");
    assert_eq!(known(&on(&unknown_start, &more), &[5]), unknown(Unknown::FittedKeys));
}

#[test]
fn keys_change_nothing_else() {
    let plain = data(40);
    let keys: Vec<i64> = (0..40).collect();
    let keyed = keyed(&keys);
    let train = |data: &LabelledFeatures| Booster::train(&params(), 5, data).expect("a model");
    let predicted = |booster: &Booster| booster.predict(plain.features()).expect("predictions");
    assert_eq!(predicted(&train(&plain)), predicted(&train(&keyed)));
    let stored = |data: &LabelledFeatures| {
        let mut bytes = Vec::new();
        data.encode(&mut bytes).expect("encoding to memory");
        LabelledFeatures::decode(&bytes).expect("what was written")
    };
    assert_eq!(json(&train(&stored(&keyed))), json(&train(&keyed)));
}

#[test]
fn the_rows_of_a_search_are_stored_with_it() {
    let candidates =
        Candidates::grid(&params(), &Space::new().choices("eta", [0.1, 0.3])).expect("candidates");
    let score = |search: Search<'_, BoosterParams>| -> Found<BoosterParams> {
        let found = search.run(|trial| Ok::<_, String>(trial.params.eta)).expect("the best");
        let stored = serde_json::to_string(&found).expect("JSON");
        let loaded: Found<BoosterParams> = serde_json::from_str(&stored).expect("what was written");
        assert_eq!(loaded.scored_on, found.scored_on);
        found
    };
    let search = || Search::new(&candidates, Goal::Minimize);
    let (one, two) = (RowKeys::new([1, 2]), RowKeys::new([2, 3]));
    let both = score(search().scored_on(Some(&one)).scored_on(Some(&two))).scored_on;
    assert_eq!(both, Some(KeySet::of(&RowKeys::new([1, 2, 3]))));
    assert_eq!(score(search().scored_on(Some(&one)).scored_on(None)).scored_on, None);
    assert_eq!(score(search()).scored_on, None);
}

#[test]
fn a_damaged_record_is_an_error() {
    let file =
        String::from_utf8(json(&Booster::train(&params(), 1, &keyed(&[1])).expect("a model"))).expect("JSON");
    let damaged = file.replace("\"all:", "\"most:");
    assert_ne!(damaged, file);
    let error = <Booster as AssetValue<XgboostJson>>::decode(damaged.as_bytes()).expect_err("damaged");
    let cause = error.source().expect("a cause").to_string();
    assert_eq!(
        (error.to_string().as_str(), cause.as_str()),
        (
            "failed to read the model file",
            "the attribute `millwork_fitted_rows` is damaged: it begins neither with `all:` nor with `some:`"
        )
    );
}
