//! The reference job on real titles: how many comments will a story get?

use millwork_ml::boost::{BoosterParams, EvalMetric, Training};
use millwork_ml::features::LabelledFeatures;
use millwork_ml::text::TfidfVectorizer;
use millwork_ml::{metrics, split};

use crate::support::Stories;

fn check<T: Copy + PartialOrd + std::fmt::Debug>(
    name: &str,
    found: T,
    expected: std::ops::RangeInclusive<T>,
) {
    println!("{name}: {found:?}");
    assert!(expected.contains(&found), "{name} is {found:?}, not in {expected:?}");
}

fn check_seed(stories: &Stories, seed: u64) {
    let parts = split::random(stories.titles.len(), 0.2, seed).expect("a split");
    let (train_comments, test_comments) = (stories.comments(&parts.train), stories.comments(&parts.test));
    let (vectorizer, features) =
        TfidfVectorizer::fit_transform(&stories.titles(&parts.train)).expect("a vocabulary");
    check("terms", vectorizer.terms().len(), 18_200..=18_330);

    let features_of_test = vectorizer.transform(&stories.titles(&parts.test));
    let train = LabelledFeatures::new(features, train_comments).expect("labelled features");
    let test = LabelledFeatures::new(features_of_test, test_comments).expect("labelled features");
    let params = BoosterParams { eval_metric: vec![EvalMetric::Mae], ..BoosterParams::default() };
    let trained = Training::new(&params, 20, &train).evaluate("test", &test).run().expect("a model");

    let on_train = trained.booster.predict(train.features()).expect("predictions");
    let on_test = trained.booster.predict(test.features()).expect("predictions");
    check("R² on train", metrics::r_squared(train.targets(), &on_train).expect("R²"), 0.19..=0.24);
    check("R² on test", metrics::r_squared(test.targets(), &on_test).expect("R²"), -0.05..=0.01);
    let error = metrics::mean_absolute_error(test.targets(), &on_test).expect("MAE");
    check("MAE on test", error, 30.0..=34.0);
    let curve = trained.history.get("test", EvalMetric::Mae).expect("a curve");
    assert!((curve[19] - error).abs() < 1e-4, "the curve ends with {}", curve[19]);
}

#[test]
fn a_random_split_gives_the_expected_scores() {
    let Some(stories) = Stories::load() else { return };
    check_seed(&stories, 42);
}
