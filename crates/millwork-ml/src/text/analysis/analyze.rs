//! One document taken apart: by words, by characters, or by the characters of words.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::text::analysis::batch::{Batch, Bounds};
use crate::text::analysis::pattern::{Pattern, is_same_in_python};
use crate::text::analysis::preprocess::{Preprocess, Text};
use crate::text::analysis::{ngrams, runs};
use crate::text::params::{Analyzer, StripAccents};
use crate::text::terms::{Term, Terms};
use crate::text::vocabulary::Vocabulary;

/// The parameters of an analysis, before they are checked.
pub(in crate::text) struct AnalysisParams<'a> {
    pub(in crate::text) lowercase: bool,
    pub(in crate::text) strip_accents: StripAccents,
    pub(in crate::text) analyzer: Analyzer,
    pub(in crate::text) ngram_range: (usize, usize),
    pub(in crate::text) stop_words: &'a [String],
    pub(in crate::text) token_pattern: &'a str,
}

/// How a document is taken apart.
#[derive(Debug, Clone)]
pub(in crate::text) struct Analysis {
    preprocess: Preprocess,
    unit: Unit,
    ngrams: RangeInclusive<usize>,
}

/// What a term is a sequence of.
#[derive(Debug, Clone)]
enum Unit {
    Words(Words),
    Characters,
    CharactersOfWords,
}

/// What a word is, and which words are dropped.
#[derive(Debug, Clone)]
struct Words {
    tokens: Tokens,
    stop_words: Option<Vocabulary>,
}

#[derive(Debug, Clone)]
enum Tokens {
    /// Runs of at least this number of word characters.
    Runs(usize),
    Pattern(Box<Pattern>),
}

/// Buffers that are used again from document to document.
#[derive(Default)]
pub(in crate::text) struct Scratch {
    /// The document in lower case and without accents, padded.
    text: Text,
    /// Where the words are in `text`.
    words: Vec<(usize, usize)>,
    ngrams: ngrams::Buffers,
    bounds: Bounds,
}

impl AnalysisParams<'_> {
    /// The analysis, unless there are problems, which are added to `problems`.
    pub(in crate::text) fn prepare(self, problems: &mut Vec<String>) -> Option<Analysis> {
        let (least, most) = self.ngram_range;
        if least == 0 || least > most {
            problems.push(format!("`ngram_range` is {least} to {most} and must ascend from 1 or above"));
        }
        let unit = match self.analyzer {
            Analyzer::Char => Unit::Characters,
            Analyzer::CharWb => Unit::CharactersOfWords,
            Analyzer::Word => match Tokens::of(self.token_pattern) {
                Ok(tokens) => Unit::Words(Words { tokens, stop_words: self.table_of_stop_words() }),
                Err(problem) => {
                    problems.push(format!("`token_pattern` is `{}`: {problem}", self.token_pattern));
                    return None;
                }
            },
        };
        let preprocess = Preprocess { lowercase: self.lowercase, strip_accents: self.strip_accents };
        Some(Analysis { preprocess, unit, ngrams: least..=most })
    }

    fn table_of_stop_words(&self) -> Option<Vocabulary> {
        (!self.stop_words.is_empty()).then(|| Vocabulary::new(Arc::from(self.stop_words)))
    }
}

impl Analysis {
    /// Calls `see` with the terms of a document, repetitions included, by and by and in an order that means nothing.
    #[inline]
    pub(in crate::text) fn for_terms(
        &self,
        document: &str,
        scratch: &mut Scratch,
        mut see: impl FnMut(Terms<'_>),
    ) {
        let Scratch { text, words, ngrams, bounds } = scratch;
        self.preprocess.write(document, text);
        match &self.unit {
            Unit::Words(Words { tokens: Tokens::Runs(least), stop_words: None })
                if *self.ngrams.end() == 1 =>
            {
                let mut batch = Batch::new(text.padded(), bounds, &mut see);
                runs::for_each(text, *least, |start, end| batch.push(start, end));
                batch.finish();
            }
            Unit::Words(unit) => {
                unit.find(text, words);
                ngrams::of_words(text.padded(), words, &self.ngrams, ngrams, bounds, &mut see);
            }
            Unit::Characters => ngrams::of_characters(text.as_str(), &self.ngrams, ngrams, bounds, &mut see),
            Unit::CharactersOfWords => {
                ngrams::within_words(text.as_str(), &self.ngrams, ngrams, bounds, &mut see);
            }
        }
    }

    /// The words that stop words are taken apart into and that are no stop words.
    pub(in crate::text) fn words_of_stop_words(&self, stop_words: &[String]) -> Vec<String> {
        let Unit::Words(unit) = &self.unit else { return Vec::new() };
        let (mut text, mut words) = (Text::default(), Vec::new());
        let mut found = Vec::new();
        for stop_word in stop_words {
            self.preprocess.write(stop_word, &mut text);
            unit.find(&text, &mut words);
            found.extend(words.iter().map(|&(start, end)| text.as_str()[start..end].to_owned()));
        }
        found
    }
}

impl Words {
    /// Writes where the words of a text are over `words`.
    fn find(&self, text: &Text, words: &mut Vec<(usize, usize)>) {
        words.clear();
        let mut push = |start, end| {
            let is_stop_word =
                |stop_words: &Vocabulary| stop_words.column(Term::new(text.padded(), start, end)).is_some();
            if !self.stop_words.as_ref().is_some_and(is_stop_word) {
                words.push((start, end));
            }
        };
        match &self.tokens {
            Tokens::Runs(least) => runs::for_each(text, *least, push),
            Tokens::Pattern(pattern) => pattern.for_each(text.as_str(), &mut push),
        }
    }
}

/// Whether earlier versions, which read token patterns as Python's `re` does, found the same words by a pattern.
pub(in crate::text) fn had_the_same_words(pattern: &str) -> bool {
    runs::least_length(pattern).is_some() || is_same_in_python(pattern)
}

impl Tokens {
    /// The tokens of a pattern: by the fast way if it only asks for runs of word characters.
    fn of(pattern: &str) -> Result<Self, String> {
        match runs::least_length(pattern) {
            Some(least) => Ok(Self::Runs(least)),
            None => Ok(Self::Pattern(Box::new(Pattern::new(pattern)?))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::CountParams;

    fn terms(params: &CountParams, document: &str) -> Vec<String> {
        let analysis = params.check().expect("valid parameters");
        let mut terms = Vec::new();
        let text = |term: Term<'_>| String::from_utf8(term.bytes().to_vec()).expect("whole characters");
        analysis.for_terms(document, &mut Scratch::default(), |found| terms.extend(found.iter().map(text)));
        terms
    }

    fn check(document: &str, expected: &[&str]) {
        assert_eq!(terms(&CountParams::default(), document), expected, "{document:?}");
    }

    fn check_params(params: &str, document: &str, expected: &[&str]) {
        let read = serde_json::from_str(params).expect("parameters");
        assert_eq!(terms(&read, document), expected, "{params} {document:?}");
    }

    #[test]
    fn terms_are_runs_of_two_or_more_word_characters() {
        check("", &[]);
        check("a b c !", &[]);
        check("Show HN: A Rust crate", &["show", "hn", "rust", "crate"]);
        check("it's 3.14 or 27", &["it", "14", "or", "27"]);
        check("snake_case __ _ _x", &["snake_case", "__", "_x"]);
        check("C++ \\in -2000 &ndash;", &["in", "2000", "ndash"]);
        check("\0ab\0cd\u{7f}", &["ab", "cd"]);
        check("ab`ab@AB[ab{ab^ab/ab:ab", &["ab"; 8]);
    }

    #[test]
    fn terms_may_lie_across_the_words_and_blocks_of_the_scan() {
        for length in [7, 8, 9, 63, 64, 65, 127, 128, 129, 200] {
            let (term, gap) = ("x".repeat(length), " ".repeat(length));
            check(&term, &[&term]);
            check(&format!("{gap}{term}{gap}{term}"), &[&term, &term]);
            check(&format!("{term} é{term}"), &[&term, &format!("é{term}")]);
        }
    }

    #[test]
    fn word_characters_are_python_s() {
        check("日本語 한국어 日", &["日本語", "한국어"]);
        check("x² ½½ ⅯⅮ ①②", &["x²", "½½", "ⅿⅾ", "①②"]);
        check("Ⓐⓑ", &[]);
        check("e\u{301}e\u{301}", &[]);
        check("हिन्दी", &[]);
        check("ภาษาไทย", &["ภาษาไทย"]);
        check("ab\u{200d}cd 🦀🦀 ef\u{85}gh", &["ab", "cd", "ef", "gh"]);
        check("PokÃ©mon a\u{300}", &["pokã", "mon"]);
    }

    #[test]
    fn lower_case_is_python_s() {
        check("ΟΔΥΣΣΕΥΣ ΣΣ", &["οδυσσευς", "σς"]);
        check("İİ Straße ẞẞ", &["straße", "ßß"]);
        check_params(r#"{"lowercase": false}"#, "Straße ÉÉ AB", &["Straße", "ÉÉ", "AB"]);
    }

    #[test]
    fn accents_are_stripped() {
        check_params(
            r#"{"strip_accents": "unicode"}"#,
            "Été Straße ﬁn e\u{301}e",
            &["ete", "straße", "fin", "ee"],
        );
        check_params(r#"{"strip_accents": "ascii"}"#, "Été Straße ﬁn 日本", &["ete", "strae", "fin"]);
        check_params(r#"{"strip_accents": "ascii"}"#, "plain Text", &["plain", "text"]);
    }

    #[test]
    fn words_are_joined() {
        check_params(r#"{"ngram_range": [1, 2]}"#, "aa bb cc", &["aa", "bb", "cc", "aa bb", "bb cc"]);
        check_params(r#"{"ngram_range": [2, 4]}"#, "aa - bb\ncc", &["aa bb", "bb cc", "aa bb cc"]);
        check_params(r#"{"ngram_range": [2, 2]}"#, "aa", &[]);
        check_params(r#"{"ngram_range": [1, 2], "stop_words": ["bb"]}"#, "aa BB cc", &["aa", "cc", "aa cc"]);
    }

    #[test]
    fn characters_are_joined() {
        check_params(
            r#"{"analyzer": "char", "ngram_range": [2, 3]}"#,
            "aé \t b",
            &["aé", "é ", " b", "aé ", "é b"],
        );
        check_params(r#"{"analyzer": "char"}"#, "a\nb \u{1c}\u{a0}", &["a", "\n", "b", " "]);
        check_params(r#"{"analyzer": "char", "ngram_range": [4, 9]}"#, "abc", &[]);
        check_params(
            r#"{"analyzer": "char_wb", "ngram_range": [2, 3]}"#,
            " é\u{1f}bc",
            &[" é", "é ", " é ", " b", "bc", "c ", " bc", "bc "],
        );
        check_params(
            r#"{"analyzer": "char_wb", "ngram_range": [4, 9]}"#,
            "a bcd",
            &[" a ", " bcd", "bcd ", " bcd "],
        );
    }
}
