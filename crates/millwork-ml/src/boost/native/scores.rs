//! The scores of a round, read from the library's line.

use crate::boost::native::error::NativeError;

/// Reads a line such as `[3]\t0-rmse:1.25000000000000000\t1-rmse:2.5`, in which evaluation sets are called by their
/// indices, as metrics and their values.
///
/// The library has no other way to ask for scores. It writes them with 17 digits after the point, which is all of a
/// value from 1 on, and keeps fewer significant digits the closer a score is to 0: at 1e-9 still eight.
pub(super) fn read_scores(line: &str) -> Result<Vec<(String, f64)>, NativeError> {
    let read = |field: &str| {
        let (_set, score) = field.split_once('-')?;
        // A metric's name may end with `-`, as in `ndcg@5-`, but never contains a colon.
        let (metric, value) = score.rsplit_once(':')?;
        Some((metric.to_owned(), value.parse().ok()?))
    };
    let scores: Option<_> = line.split('\t').skip(1).map(read).collect();
    scores.ok_or_else(|| NativeError::Answer { action: "evaluate a round", answer: line.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &[(&str, f64)]) {
        let found = read_scores(line).expect(line);
        let found: Vec<_> = found.iter().map(|(metric, value)| (metric.as_str(), *value)).collect();
        assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{line}");
    }

    #[test]
    fn each_score_has_a_metric_and_a_value() {
        check("[0]", &[]);
        check(
            "[3]\t0-rmse:1.25\t0-ndcg@5-:0.5\t1-error@0.3:0.1",
            &[("rmse", 1.25), ("ndcg@5-", 0.5), ("error@0.3", 0.1)],
        );
        check("[3]\t0-auc:nan\t1-logloss:-inf", &[("auc", f64::NAN), ("logloss", f64::NEG_INFINITY)]);
        check("[3]\t0-auc:-nan", &[("auc", -f64::NAN)]);
        for line in ["[3]\trmse:1", "[3]\t0-rmse", "[3]\t0-rmse:one"] {
            assert!(read_scores(line).is_err(), "{line}");
        }
    }
}
