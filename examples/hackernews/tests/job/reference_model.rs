//! The better models: their scores on the embedded sample, and the documented ones on the real stories.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use hackernews::pipeline::reference::comparison::Judged;

/// Runs the comparison in a new home and returns its result by the way of predicting.
fn compare(csv: Option<&Path>) -> HashMap<String, Judged> {
    let home = millwork_testing::folder();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_compare"));
        command.args(arguments).env("MILLWORK_HOME", home.path()).env_remove("HACKER_NEWS_URL");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let source = csv.map(|csv| format!("reference_stories.csv={}", csv.display()));
    let mut arguments = vec!["materialize"];
    arguments.extend(source.iter().flat_map(|source| ["--set", source]));
    let (_, log) = run(&arguments);
    assert!(log.contains("predicted by"), "{log}");
    let (value, _) = run(&["asset", "value", "model_comparison"]);
    let judged: Vec<Judged> = serde_json::from_str(&value).unwrap();
    judged.into_iter().map(|judged| (judged.by.clone(), judged)).collect()
}

#[test]
fn the_sample_s_signal_is_learned() {
    let judged = compare(None);
    assert!(judged["expected comments"].r_squared > judged["the mean"].r_squared);
    assert!(judged["typical comments"].mae < judged["the median"].mae);
}

/// The claims of `docs/reference-model.md`.
#[test]
fn the_models_do_better_on_real_stories() {
    let Some(csv) = millwork_testing::stories() else { return };
    let judged = compare(Some(&csv));
    let [mean, median, guide, expected, typical] =
        ["the mean", "the median", "the guide's model", "expected comments", "typical comments"]
            .map(|by| &judged[by]);
    assert!(guide.r_squared < Some(0.0) && guide.mae > median.mae, "{guide:?}");
    assert!(expected.r_squared > Some(0.02) && mean.r_squared < Some(0.0), "{expected:?}");
    for other in [mean, median, guide, typical] {
        assert!(expected.poisson_deviance < 0.95 * other.poisson_deviance, "{expected:?} {other:?}");
    }
    for other in [mean, median, guide, expected] {
        assert!(typical.mae < other.mae, "{typical:?} {other:?}");
    }
    assert!(guide.spearman < Some(0.1) && expected.spearman > Some(0.15) && typical.spearman > Some(0.15));
}
