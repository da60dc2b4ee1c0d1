//! Guesses which name was meant.

/// The known name that is most like `written`, if one is like it at all.
pub(crate) fn closest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let within = (written.chars().count() / 3).max(1);
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
        check("grup", &["group", "pool"], Some("group"));
        check("time_out", &["timeout", "tags"], Some("timeout"));
        check("kind", &["kinds", "tags"], Some("kinds"));
        check("xyz", &["group"], None);
    }
}
