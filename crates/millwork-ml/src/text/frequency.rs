//! In how many documents each term occurs.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::text::token::{lower, terms};

/// Documents per unit of parallel work.
pub(super) const CHUNK: usize = 512;

/// A term's count, and the document that counted last, so that a repetition within a document counts once.
struct Frequency {
    documents: u64,
    last_document: usize,
}

/// The terms of all documents in code point order, and in how many documents each occurs.
pub(super) fn document_frequencies(documents: &[impl AsRef<str> + Sync]) -> (Vec<String>, Vec<u64>) {
    let counts = documents.par_chunks(CHUNK).map(count).reduce(HashMap::new, merge);
    let mut counts: Vec<(String, u64)> =
        counts.into_iter().map(|(term, frequency)| (term, frequency.documents)).collect();
    counts.par_sort_unstable();
    counts.into_iter().unzip()
}

fn count(documents: &[impl AsRef<str>]) -> HashMap<String, Frequency> {
    let mut counts: HashMap<String, Frequency> = HashMap::new();
    let mut lowered = String::new();
    for (document, text) in documents.iter().enumerate() {
        lower(text.as_ref(), &mut lowered);
        for term in terms(&lowered) {
            match counts.get_mut(term) {
                Some(frequency) => frequency.see(document),
                None => {
                    counts.insert(term.to_owned(), Frequency { documents: 1, last_document: document });
                }
            }
        }
    }
    counts
}

impl Frequency {
    fn see(&mut self, document: usize) {
        if self.last_document != document {
            self.documents += 1;
            self.last_document = document;
        }
    }
}

/// Adds the counts of two disjoint sets of documents, the smaller into the larger.
fn merge(left: HashMap<String, Frequency>, right: HashMap<String, Frequency>) -> HashMap<String, Frequency> {
    let (mut larger, smaller) = if left.len() < right.len() { (right, left) } else { (left, right) };
    for (term, frequency) in smaller {
        larger.entry(term).and_modify(|total| total.documents += frequency.documents).or_insert(frequency);
    }
    larger
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(documents: &[&str], expected: &[(&str, u64)]) {
        let (terms, counts) = document_frequencies(documents);
        let found: Vec<_> = terms.iter().map(String::as_str).zip(counts).collect();
        assert_eq!(found, expected, "{documents:?}");
    }

    #[test]
    fn terms_are_counted_once_per_document_and_sorted_by_code_point() {
        check(&[], &[]);
        check(&["?"], &[]);
        check(&["bb aa bb", "AA"], &[("aa", 2), ("bb", 1)]);
        check(&["zz éé _a 10 𐐨𐐨 ﬀﬀ"], &[("10", 1), ("_a", 1), ("zz", 1), ("éé", 1), ("ﬀﬀ", 1), ("𐐨𐐨", 1)]);
    }

    #[test]
    fn chunks_are_added_up() {
        let documents = vec!["same same"; 3 * CHUNK + 1];
        check(&documents, &[("same", 3 * CHUNK as u64 + 1)]);
    }
}
