//! A token pattern of Python's, compiled by the `regex` crate or refused.

use regex::Regex;
use regex_syntax::hir::{Hir, HirKind};

use crate::text::analysis::pattern::parse::{Piece, TOO_LARGE, parse};
use crate::text::analysis::pattern::stand_ins::StandIns;

/// A compiled token pattern.
#[derive(Debug, Clone)]
pub(in crate::text::analysis) struct Pattern {
    regex: Regex,
    /// The capture group that is the word; 0 is the whole match.
    group: usize,
    /// What characters are replaced by before matching, if the pattern asks for boundaries of words.
    stand_ins: Option<&'static StandIns>,
}

impl Pattern {
    /// Compiles a pattern of Python's, or says what is wrong with it or cannot be done.
    pub(in crate::text::analysis) fn new(pattern: &str) -> Result<Self, String> {
        let pieces = parse(pattern)?;
        let stand_ins = pieces.iter().any(Piece::is_word_boundary).then(StandIns::get);
        let mut translated = String::new();
        for piece in &pieces {
            piece.write(stand_ins, &mut translated)?;
        }
        let parsed = regex_syntax::parse(&translated).map_err(|_| "its parts do not fit together")?;
        check_emptiness(&parsed)?;
        let regex = Regex::new(&translated).map_err(|_| TOO_LARGE)?;
        match regex.captures_len() - 1 {
            group @ 0..=1 => Ok(Self { regex, group, stand_ins }),
            groups => {
                Err(format!("it has {groups} capture groups and can have one (`(?:…)` captures nothing)"))
            }
        }
    }

    /// Calls `see` with the bounds of each word of a text.
    pub(in crate::text::analysis) fn for_each(&self, text: &str, see: &mut impl FnMut(usize, usize)) {
        match self.stand_ins.and_then(|stand_ins| stand_ins.replace(text)) {
            None => self.for_each_match(text, see),
            Some(replaced) => self.for_each_match(&replaced.text, &mut |start, end| {
                see(replaced.position(start), replaced.position(end));
            }),
        }
    }

    fn for_each_match(&self, text: &str, see: &mut impl FnMut(usize, usize)) {
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

/// Refuses patterns that match the empty string, whole or over and over: Python goes on after an empty match, and out
/// of an empty round, in ways of its own.
fn check_emptiness(pattern: &Hir) -> Result<(), String> {
    if pattern.properties().minimum_len() == Some(0) {
        return Err("it matches the empty string, which is no word".to_owned());
    }
    if repeats_emptiness(pattern) {
        return Err("it repeats a part that matches the empty string".to_owned());
    }
    Ok(())
}

fn repeats_emptiness(pattern: &Hir) -> bool {
    match pattern.kind() {
        HirKind::Repetition(repetition) => {
            let repeats = repetition.max.is_none_or(|most| most > 1);
            repeats && repetition.sub.properties().minimum_len() == Some(0)
                || repeats_emptiness(&repetition.sub)
        }
        HirKind::Capture(capture) => repeats_emptiness(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(repeats_emptiness),
        _ => false,
    }
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
        assert!(problem.contains(expected), "{pattern}: {problem}");
    }

    #[test]
    fn patterns_find_words() {
        check(r"[a-z]+", "ab Cd-ef", &["ab", "d", "ef"]);
        check(r"(?u)\b[a-zA-Z]{3,}\b", "abc ab 3abc abcd", &["abc", "abcd"]);
        check(r"\S+", "a\u{1c}b c\u{85}d", &["a", "b", "c", "d"]);
        check(r"#(\w+)", "#aa bb #cc", &["aa", "cc"]);
        check(r"(a)?b", "ab b", &["a", ""]);
        check(r"(?:a|ab)(?:c|bcd)", "abcd", &["abcd"]);
        check(r"[]x-]+|[^\W\d_]{2,}?", "]x-abc1d", &["]x-", "ab"]);
        check(r"\x41\u00e9\.\-", "Aé.-", &["Aé.-"]);
        check(r"a{,2}b|c{}|d{1", "aab c{} d{1", &["aab", "c{}", "d{1"]);
        check(r"(?s)a.b", "a\nb", &["a\nb"]);
        check(r"(?m)^\w$", "a\nbb\nc", &["a", "c"]);
        check(r"\A\w|\w\Z", "ab", &["a", "b"]);
    }

    #[test]
    fn classes_and_boundaries_are_python_s() {
        check(r"\w+", "हिन्दी x²", &["ह", "न", "द", "x²"]);
        check(r"\d+", "1٣² ½", &["1٣"]);
        check(r"\b[a-z]+\b", "ab\u{301} x² cd Ⓐef\u{203f}gh", &["ab", "cd", "ef", "gh"]);
        check(r"\b\W+\b", "a\u{301}b½Ⓐ½\u{10fffd}x", &["\u{301}", "Ⓐ", "\u{10fffd}"]);
        check(r"\B\w", "ab½c Ⓐd", &["b", "½", "c"]);
        check(r"\bⒶ|½\b", "bⒶ ½", &["Ⓐ", "½"]);
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        check_error(r"a(?=b)", "look-around");
        check_error(r"(?<!a)b", "look-around");
        check_error(r"(a)\1", "back-reference");
        check_error(r"(?i)a", "flag `i`");
        check_error(r"(?P=name)", "not supported");
        check_error(r"(?>a)", "not supported");
        check_error(r"a++", "possessive");
        check_error(r"a$", r"`$`");
        check_error(r"\w*", "empty string");
        check_error(r"a(?:b*)*", "repeats a part");
        check_error(r"(a)(b)", "2 capture groups");
        check_error(r"\N{DIGIT ONE}", r"`\N`");
        check_error("\\b[\u{f0000}]", "private use");
    }

    #[test]
    fn what_costs_too_much_is_refused_before_it_is_compiled() {
        for part in [r"(?:[^\W]|\w)", r"[\w\d]", r"\w+\s"] {
            for times in [500, 20_000] {
                check_error(&part.repeat(times), "too large");
            }
        }
        check_error(&format!("[{}]", r"\w".repeat(5_000)), "too large");
        check_error(r"\w{1000}{1000}", "");
        check_error(r"\w{100000}", "too large");
        check_error(&"{".repeat(100_000), "too large");
        check_error(&"[a-zé]".repeat(20_000), "too large");
    }

    #[test]
    fn what_python_refuses_is_refused() {
        for pattern in [
            "(a", "a)", "[a", "*a", "a**", "a{2}{3}", "|*", r"\b*", r"\q", r"[\q]", "[z-a]", r"[\w-z]",
            "a{3,2}", "\\", r"\x4", "a(?u)", "(?",
        ] {
            check_error(pattern, "");
        }
    }
}
