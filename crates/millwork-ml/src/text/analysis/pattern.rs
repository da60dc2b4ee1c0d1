//! Words by a regular expression of the `regex` crate.
//!
//! scikit-learn's default pattern and its kin (`\w\w+`, `\b\w{3,}\b`) don't come here: they are runs of word characters, which
//! [`runs`](super::runs) finds as Python's `re` does. Any other pattern has the meaning of the `regex` crate, whose classes
//! are Unicode's own (UTS #18): to `\w` and `\b` combining marks and circled letters are parts of words, and `²` and `½` are not, which
//! Python has the other way about.
//!
//! Earlier versions read all patterns as Python does. So a vectorizer that they stored is only taken for what it was if its pattern
//! means the same to both.

use regex::Regex;

/// The most bytes of a pattern. A class such as `\w` is two of them, and some 750 ranges of characters once it is read.
const LONGEST: usize = 1 << 12;

/// The problem of a pattern that costs too much.
const TOO_LARGE: &str = "it is too large";

/// A compiled token pattern.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    regex: Regex,
    /// The capture group that is the word; 0 is the whole match.
    group: usize,
}

impl Pattern {
    /// Compiles a pattern, or returns its problem.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        if pattern.len() > LONGEST {
            return Err(TOO_LARGE.to_owned());
        }
        let parsed = regex_syntax::parse(pattern).map_err(|error| problem(&error))?;
        if parsed.properties().minimum_len() == Some(0) {
            return Err("it matches the empty string, which is not a word".to_owned());
        }
        let regex = Regex::new(pattern).map_err(|_| TOO_LARGE)?;
        match regex.captures_len() - 1 {
            group @ 0..=1 => Ok(Self { regex, group }),
            groups => {
                Err(format!("it has {groups} capture groups and can have one (`(?:…)` captures nothing)"))
            }
        }
    }

    /// Calls `see` with the bounds of each word of a text.
    pub(super) fn for_each(&self, text: &str, see: &mut dyn FnMut(usize, usize)) {
        if self.group == 0 {
            return self.regex.find_iter(text).for_each(|found| see(found.start(), found.end()));
        }
        let mut groups = self.regex.capture_locations();
        let mut position = 0;
        while let Some(found) = self.regex.captures_read_at(&mut groups, text, position) {
            // A group that takes no part in the match is an empty word, as in Python.
            let (start, end) = groups.get(self.group).unwrap_or((0, 0));
            see(start, end);
            position = found.end();
        }
    }
}

/// The syntax error of a pattern, in one line.
fn problem(error: &regex_syntax::Error) -> String {
    match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        // An enum of the crate's, which may get other variants.
        other => other.to_string(),
    }
}

/// Whether a pattern surely means the same to Python's `re`: literals, sets of them, groups and repetitions, and no class, boundary,
/// flag or operation of sets.
pub(super) fn is_same_in_python(pattern: &str) -> bool {
    let pattern = pattern.strip_prefix("(?u)").unwrap_or(pattern);
    let bytes = pattern.as_bytes();
    let escapes_punctuation =
        |pair: &[u8]| pair[0] != b'\\' || pair[1].is_ascii_punctuation() && !matches!(pair[1], b'<' | b'>');
    let is_bounds = |after: &str| {
        let bounds = after.split_once('}').map_or("", |(bounds, _)| bounds);
        bounds.starts_with(|first: char| first.is_ascii_digit())
            && bounds.bytes().all(|byte| byte.is_ascii_digit() || byte == b',')
    };
    let holds_one_set = |after: &str| after.find('[').unwrap_or(after.len()) >= after.find(']').unwrap_or(0);
    let all_after = |opening: char, holds: &dyn Fn(&str) -> bool| {
        pattern.match_indices(opening).all(|(at, _)| holds(&pattern[at + 1..]))
    };
    bytes.windows(2).all(escapes_punctuation)
        && !["&&", "--", "~~", "[]", "[^]"].iter().any(|other| pattern.contains(other))
        && all_after('{', &is_bounds)
        && all_after('[', &holds_one_set)
        && all_after('?', &|after| {
            !pattern[..pattern.len() - after.len()].ends_with("(?") || after.starts_with(':')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expected: &[&str]) {
        let compiled = Pattern::new(pattern).unwrap_or_else(|problem| panic!("{pattern}: {problem}"));
        let mut words = Vec::new();
        compiled.for_each(text, &mut |start, end| words.push(&text[start..end]));
        assert_eq!(words, expected, "{pattern} {text:?}");
    }

    fn check_error(pattern: &str, expected: &str) {
        let problem = Pattern::new(pattern).map(|_| ()).expect_err(pattern);
        assert!(problem.contains(expected) && !problem.contains('\n'), "{pattern}: {problem}");
    }

    #[test]
    fn patterns_find_words() {
        check(r"[a-z]+", "ab Cd-ef", &["ab", "d", "ef"]);
        check(r"(?u)\b[a-zA-Z]{3,}\b", "abc ab 3abc abcd", &["abc", "abcd"]);
        check(r"\S+", "ab c\u{85}d", &["ab", "c", "d"]);
        check(r"#(\w+)", "#aa bb #cc", &["aa", "cc"]);
        check(r"(a)?b", "ab b", &["a", ""]);
        check(r"(?:a|ab)(?:c|bcd)", "abcd", &["abcd"]);
        check(r"[]x-]+|[a-c]{2,}?", "]x-abc1d", &["]x-", "ab"]);
        check(r"(?i)a|\x42", "aAB", &["a", "A", "B"]);
        check(r"\w+", "हिन्दी x²", &["हिन्दी", "x"]);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        check_error(r"a(?=b)", "look-around");
        check_error(r"(a)\1", "backreferences");
        check_error(r"\w*", "empty string");
        check_error(r"(a)(b)", "2 capture groups");
        check_error(r"\Z", "escape");
        check_error("(a", "unclosed group");
        check_error("*a", "repetition");
        check_error("[z-a]", "range");
    }

    #[test]
    fn what_costs_too_much_is_refused() {
        check_error(&r"[\w\d]".repeat(500), "too large");
        check_error(&r"\w+\s".repeat(20_000), "too large");
        check_error(r"\w{100000}", "too large");
        check_error(r"\w{1000}{1000}", "too large");
        check_error(&format!("{}a{}", "(?:".repeat(1_000), ")".repeat(1_000)), "nest");
    }

    fn check_same(pattern: &str, expected: bool) {
        assert_eq!(is_same_in_python(pattern), expected, "{pattern}");
    }

    #[test]
    fn patterns_of_literals_are_the_same_in_python() {
        for pattern in [
            "[a-z]+",
            "(?u)[a-zA-Z]{3,}",
            "ab|cd?",
            "(?:ab)+c",
            "(ab)c",
            r"\$[0-9.]+",
            "[^a-z]b",
            "a.{2}c",
            "été*?",
            "[a-z]+(?:['’-][a-z]+)*",
        ] {
            check_same(pattern, true);
        }
        for pattern in [
            r"\w\W",
            r"\S+",
            r"\b[a-z]+\b",
            r"[^\W\d_]+",
            "a{,2}b",
            "c{}",
            "d{1",
            "[a&&b]",
            "[a--b]",
            "[[a]",
            "[]a]",
            "(?i)a",
            "(?P<a>b)",
            "(?s).",
            r"\<a",
            r"\Z",
            r"\\d",
        ] {
            check_same(pattern, false);
        }
    }
}
