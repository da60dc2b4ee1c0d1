//! Prerequisites of a test that a machine may lack.

/// The prerequisite of a test; `None`, with a printed line that states why the test is skipped, if the machine lacks it.
///
/// ```
/// use millwork_testing::require;
///
/// assert_eq!(require(Some(1), || "there is no number".to_owned()), Some(1));
/// ```
///
/// # Panics
///
/// Under `CI`, where every prerequisite has to be installed.
#[track_caller]
pub fn require<T>(found: Option<T>, missing: impl FnOnce() -> String) -> Option<T> {
    require_where(std::env::var_os("CI").is_some(), found, missing)
}

#[track_caller]
fn require_where<T>(is_ci: bool, found: Option<T>, missing: impl FnOnce() -> String) -> Option<T> {
    if found.is_none() {
        let missing = missing();
        assert!(!is_ci, "{missing}");
        println!("skipped: {missing}");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_taken() {
        assert_eq!(require_where(true, Some(1), || unreachable!()), Some(1));
    }

    #[test]
    fn what_is_missing_is_skipped() {
        assert_eq!(require_where::<u8>(false, None, || "no such thing".to_owned()), None);
    }

    #[test]
    #[should_panic(expected = "no such thing")]
    fn what_is_missing_under_ci_fails() {
        let _ = require_where::<u8>(true, None, || "no such thing".to_owned());
    }
}
