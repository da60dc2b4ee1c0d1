//! Searches: what is tried, in what order, and what is found.

use std::sync::atomic::{AtomicUsize, Ordering};

use millwork_core::{Advice as _, MetadataValue};
use millwork_ml::boost::{Booster, BoosterParams};
use millwork_ml::features::{Features, LabelledFeatures};
use millwork_ml::search::{Candidates, Found, Goal, Halving, Score, Search, SearchError, Space};

fn space() -> Space {
    Space::new().choices("max_depth", [2, 4, 6]).choices("eta", [0.1, 0.3])
}

/// A loss whose best parameters are depth 4 and eta 0.3, less clearly so with few resources.
fn loss(params: &BoosterParams, resource: Option<usize>) -> f64 {
    let distance = (params.max_depth as f64 - 4.0).abs() + (0.3 - params.eta).abs();
    distance + 1.0 / resource.unwrap_or(1) as f64
}

fn search<'a>(candidates: &'a Candidates<BoosterParams>) -> Search<'a, BoosterParams> {
    Search::new(candidates, Goal::Minimize)
}

#[test]
fn a_grid_tries_every_combination() {
    let candidates = Candidates::grid(&BoosterParams::default(), &space()).expect("candidates");
    let tried: Vec<(usize, f64)> = candidates.iter().map(|params| (params.max_depth, params.eta)).collect();
    assert_eq!(tried, [(2, 0.1), (2, 0.3), (4, 0.1), (4, 0.3), (6, 0.1), (6, 0.3)]);
    let found = search(&candidates).run(|trial| Ok::<_, String>(loss(trial.params, None))).expect("the best");
    assert_eq!((found.best, found.best_params.max_depth, found.best_params.eta), (3, 4, 0.3));

    let worst =
        Search::new(&candidates, Goal::Maximize).run(|trial| Ok::<_, String>(loss(trial.params, None)));
    assert_eq!(worst.expect("the worst").best, 0, "the first of equals");
}

#[test]
fn random_points_are_in_their_ranges_and_repeat() {
    let space = Space::new()
        .uniform("subsample", 0.5, 0.9)
        .log_uniform("eta", 0.001, 1.0)
        .integer("max_depth", 2, 5)
        .choices("objective", ["count:poisson", "reg:squarederror"]);
    let draw = |trials, seed| {
        let candidates =
            Candidates::random(&BoosterParams::default(), &space, trials, seed).expect("candidates");
        candidates.iter().cloned().collect::<Vec<BoosterParams>>()
    };
    let drawn = draw(400, 7);
    assert!(drawn.iter().all(|params| (0.5..=0.9).contains(&params.subsample)));
    assert!(drawn.iter().all(|params| (0.001..=1.0).contains(&params.eta)));
    let small = drawn.iter().filter(|params| params.eta < 0.01).count();
    assert!((80..190).contains(&small), "a third of the orders of magnitude, not {small} of 400");
    for depth in 2..=5 {
        assert!(drawn.iter().filter(|params| params.max_depth == depth).count() > 50);
    }
    assert_eq!(draw(10, 7), drawn[..10]);
    assert_ne!(draw(10, 8), drawn[..10]);
}

#[test]
fn halving_spends_most_on_the_best() {
    let candidates = Candidates::grid(&BoosterParams::default(), &space()).expect("candidates");
    let halving = Halving { from: 10, to: 100, factor: 3 };
    let found = search(&candidates)
        .halving(halving)
        .run(|trial| Ok::<_, String>(loss(trial.params, trial.resource)))
        .expect("the best");
    let spent: Vec<_> = found.trials.iter().map(|trial| (trial.candidate, trial.resource)).collect();
    let all = (0..6).map(|candidate| (candidate, Some(10)));
    let expected: Vec<_> = all.chain([(2, Some(30)), (3, Some(30)), (3, Some(90))]).collect();
    assert_eq!((spent, found.best), (expected, 3));
    assert_eq!(found.best_trial().and_then(|trial| trial.resource), Some(90));
    for halving in
        [Halving { from: 0, ..halving }, Halving { to: 9, ..halving }, Halving { factor: 1, ..halving }]
    {
        let error =
            search(&candidates).halving(halving).run(|_| Ok::<_, String>(1.0)).expect_err("impossible");
        assert!(matches!(error, SearchError::Halving { .. }), "{error}");
    }
}

#[test]
fn threads_change_nothing_and_failures_are_recorded() {
    let candidates = Candidates::random(&BoosterParams::default(), &space(), 40, 1).expect("candidates");
    let found = |threads: usize| -> Found<BoosterParams> {
        let seen = AtomicUsize::new(0);
        let found = search(&candidates)
            .threads(threads)
            .on_trial(|_| {
                seen.fetch_add(1, Ordering::Relaxed);
            })
            .run(|trial| match (trial.params.max_depth, trial.params.eta) {
                (2, _) => Err("too shallow".to_owned()),
                (6, _) => Ok(Score::from(f64::NAN)),
                (_, eta) => {
                    Ok(Score { value: eta, curve: vec![1.0, eta, f64::INFINITY, 0.0], ..Score::default() })
                }
            })
            .expect("the best");
        assert_eq!(seen.load(Ordering::Relaxed), 40);
        found
    };
    let one = serde_json::to_value(found(1)).expect("JSON");
    assert_eq!(serde_json::to_value(found(4)).expect("JSON"), one);
    let found: Found<BoosterParams> = serde_json::from_value(one).expect("what was written");
    let errors: Vec<_> = found.trials.iter().filter_map(|trial| trial.error.as_deref()).collect();
    assert!(errors.contains(&"too shallow") && errors.contains(&"the score is NaN"));
    let scored = 40 - errors.len();
    assert_eq!((found.scores().x.len(), found.curves().y.len()), (scored, scored));
    let MetadataValue::Table(table) = MetadataValue::from(&found) else { panic!("a table") };
    let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["candidate", "eta", "max_depth", "score", "spread", "resource", "seconds", "error"]);
    assert_eq!(table.rows.len(), 40);
}

#[test]
fn trainings_with_threads_of_their_own_run_no_more_at_a_time_than_asked() {
    let values: Vec<f64> = (0..5_000).map(f64::from).collect();
    let targets = values.iter().map(|value| value.sin()).collect();
    let features = Features::from_dense(1, &values).expect("one column");
    let train = LabelledFeatures::new(features, targets).expect("a target per row");
    let base = BoosterParams { nthread: Some(1), ..BoosterParams::default() };
    let seeds = Space::new().integer("seed", 0, 1_000);
    let candidates = Candidates::random(&base, &seeds, 24, 1).expect("candidates");
    for threads in [1, 2] {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let found = search(&candidates).threads(threads).run(|trial| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let rounds = Booster::train(trial.params, 10, &train).map(|booster| booster.rounds() as f64);
            running.fetch_sub(1, Ordering::SeqCst);
            rounds
        });
        assert_eq!(found.expect("the best").trials.len(), 24);
        assert!(most.load(Ordering::SeqCst) <= threads, "{most:?} at a time with {threads} threads");
    }
}

#[test]
fn the_best_trial_has_a_score() {
    let candidates = Candidates::grid(&BoosterParams::default(), &space()).expect("candidates");
    let found = search(&candidates).halving(Halving { from: 1, to: 2, factor: 2 }).run(|trial| {
        if trial.resource == Some(2) { Err("out of memory") } else { Ok(loss(trial.params, None)) }
    });
    let found = found.expect("the best of the first stage");
    let best = found.best_trial().expect("a trial");
    assert_eq!((best.candidate, best.resource, best.error.as_deref()), (3, Some(1), None));
}

#[test]
fn a_canceled_search_keeps_its_trials() {
    let candidates = Candidates::grid(&BoosterParams::default(), &space()).expect("candidates");
    let asked = AtomicUsize::new(0);
    let found = search(&candidates)
        .cancel_when(|| asked.fetch_add(1, Ordering::Relaxed) >= 2)
        .run(|trial| Ok::<_, String>(loss(trial.params, None)));
    let found = found.expect("two trials");
    assert_eq!((found.trials.len(), found.canceled), (2, true));
    let error =
        search(&candidates).cancel_when(|| true).run(|_| Ok::<_, String>(1.0)).expect_err("nothing tried");
    assert!(matches!(error, SearchError::Canceled), "{error}");
}

fn check_error(space: &Space, expected: &str) {
    let base = BoosterParams::default();
    let error = Candidates::random(&base, space, 3, 0).expect_err(expected).one_line();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn what_cannot_be_searched_is_an_error() {
    let new = Space::new;
    check_error(&new().choices("depth", [1]), "there is no parameter `depth`; hint: there are `alpha`, ");
    check_error(&new().choices("eta.x", [1]), "there is no parameter `eta.x`; hint: there are none here");
    check_error(&new().choices("max_depth", [-1]), r#"the parameters {"max_depth":-1} are invalid"#);
    check_error(&new().choices::<f64>("eta", []), "the distribution of `eta` is invalid: it has no values");
    check_error(
        &new().uniform("eta", 2.0, 1.0),
        "the distribution of `eta` is invalid: its range does not ascend",
    );
    check_error(
        &new().log_uniform("eta", 0.0, 1.0),
        "the distribution of `eta` is invalid: its range does not ascend from",
    );
    check_error(
        &new().integer("eta", 1, 2).integer("eta", 1, 2),
        "the distribution of `eta` is invalid: it is there twice",
    );
    let base = BoosterParams::default();
    assert!(matches!(
        Candidates::grid(&base, &new().uniform("eta", 0.1, 0.2)),
        Err(SearchError::NotAGrid { .. })
    ));
    assert!(matches!(Candidates::random(&base, &new(), 0, 0), Err(SearchError::NoCandidates)));
    let thousand = |space: Space, parameter: &str| space.choices(parameter, 1..=1000);
    let large = ["max_depth", "max_leaves", "max_bin"].into_iter().fold(new(), thousand);
    let error = Candidates::grid(&base, &large).expect_err("too many").one_line();
    assert_eq!(
        error,
        "there are 1000000000 combinations of parameters to try, and a search has 1000000 at most; hint: search at random, or with fewer values"
    );
    assert!(matches!(
        Candidates::random(&base, &large, usize::MAX, 0),
        Err(SearchError::TooManyCandidates { .. })
    ));
    let candidates = Candidates::grid(&base, &space()).expect("candidates");
    let error = search(&candidates).run(|_| Err::<f64, _>("no rows")).expect_err("all failed").to_string();
    assert_eq!(error, "all 6 trials failed; the first one: no rows");
}
