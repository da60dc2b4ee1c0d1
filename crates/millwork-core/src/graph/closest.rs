//! Suggests the known name closest to a misspelt one.

/// The known name that is most like `written`, if one is like it at all.
pub fn closest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = written.chars().count();
    let within = length.div_ceil(3).min(length.saturating_sub(1));
    known
        .map(|name| (strsim::levenshtein(written, name), name))
        .filter(|(distance, _)| *distance <= within)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(written: &str, known: &[&str], expected: Option<&str>) {
        assert_eq!(closest(written, known.iter().copied()), expected, "{written}");
    }

    #[test]
    fn guesses() {
        check("stroies", &["stories", "scores"], Some("stories"));
        check("training_dta", &["test_data", "training_data"], Some("training_data"));
        check("xyz", &["stories"], None);
        check("x", &["a"], None);
        check("", &[], None);
    }
}
