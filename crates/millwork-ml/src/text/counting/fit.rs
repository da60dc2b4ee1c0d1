//! Learning a vocabulary from documents, and their rows with it.

use std::sync::Arc;

use rayon::prelude::*;

use crate::text::analysis::Analysis;
use crate::text::counting::chunk::{Collected, Rows, by_threads, collect_columns};
use crate::text::vocabulary::{Interner, Vocabulary};
use crate::text::{CountParams, TextError};

/// The column of a term that was dropped.
const DROPPED: u32 = u32::MAX;

/// The result of fitting documents.
pub(in crate::text) struct Fit {
    pub(in crate::text) vocabulary: Vocabulary,
    /// In how many documents each term occurs, in column order.
    pub(in crate::text) document_frequencies: Vec<u64>,
    /// The documents' columns, sorted.
    pub(in crate::text) rows: Vec<Rows>,
}

/// Learns the vocabulary of documents, or takes the given one.
///
/// # Errors
///
/// When there is no term, or none is left.
pub(in crate::text) fn fit(
    params: &CountParams,
    analysis: &Analysis,
    documents: &[&str],
) -> Result<Fit, TextError> {
    match &params.vocabulary {
        Some(terms) => Ok(with_vocabulary(terms, analysis, documents)),
        None => learn(params, analysis, documents),
    }
}

fn with_vocabulary(terms: &[String], analysis: &Analysis, documents: &[&str]) -> Fit {
    let vocabulary = Vocabulary::new(Arc::from(terms));
    let rows = collect_columns(analysis, &vocabulary, documents);
    let mut document_frequencies = vec![0; terms.len()];
    for row in rows.iter().flat_map(Rows::iter) {
        for run in row.chunk_by(|left, right| left == right) {
            document_frequencies[run[0] as usize] += 1;
        }
    }
    Fit { vocabulary, document_frequencies, rows }
}

fn learn(params: &CountParams, analysis: &Analysis, documents: &[&str]) -> Result<Fit, TextError> {
    if documents.is_empty() {
        return Err(TextError::NoDocuments);
    }
    let collected = by_threads(analysis, documents, Interner::new, Interner::see, |_| ());
    let (interner, chunks) = merge(collected);
    if interner.len() == 0 {
        return Err(TextError::EmptyVocabulary { documents: documents.len() });
    }
    let numbers = kept(params, &interner, &chunks, documents.len() as u64)?;
    Ok(columns(&interner, &numbers, chunks))
}

/// A thread's chunks, and the common number of each of the thread's terms.
struct Chunks {
    chunks: Vec<(usize, Rows)>,
    numbers: Vec<u32>,
}

/// Merges the tables of all threads into the largest.
fn merge(mut collected: Vec<Collected<Interner>>) -> (Interner, Vec<Chunks>) {
    collected.sort_by_key(|collected| std::cmp::Reverse(collected.state.len()));
    let mut collected = collected.into_iter();
    let Some(Collected { state: mut interner, chunks }) = collected.next() else {
        return (Interner::new(), Vec::new());
    };
    let numbers = (0..).take(interner.len()).collect();
    let mut all = vec![Chunks { chunks, numbers }];
    for Collected { state, chunks } in collected {
        all.push(Chunks { chunks, numbers: interner.merge(&state) });
    }
    (interner, all)
}

/// The numbers of the terms that stay, in the order of the terms.
fn kept(
    params: &CountParams,
    interner: &Interner,
    chunks: &[Chunks],
    documents: u64,
) -> Result<Vec<u32>, TextError> {
    let (least, most) = (params.min_df.of(documents), params.max_df.of(documents));
    if most < least {
        let (min_df, max_df) = (params.min_df.to_string(), params.max_df.to_string());
        return Err(TextError::DocumentFrequencyRange { documents, min_df, max_df });
    }
    let within = |number: &u32| {
        let documents = interner.documents(*number as usize) as f64;
        least <= documents && documents <= most
    };
    let numbers = sorted(interner, (0..interner.len() as u32).filter(within));
    if numbers.is_empty() {
        return Err(TextError::NothingLeft { terms: interner.len() });
    }
    Ok(match params.max_features {
        Some(limit) if limit < numbers.len() => {
            let totals = if params.binary { totals_of_documents(interner) } else { totals(interner, chunks) };
            most_frequent(&numbers, &totals, limit)
        }
        _ => numbers,
    })
}

/// The `limit` numbers with the largest totals, in the order in which they are given; of equal totals the first.
fn most_frequent(numbers: &[u32], totals: &[u64], limit: usize) -> Vec<u32> {
    let mut positions: Vec<usize> = (0..numbers.len()).collect();
    positions.sort_by_key(|&position| std::cmp::Reverse(totals[numbers[position] as usize]));
    positions.truncate(limit);
    positions.sort_unstable();
    positions.into_iter().map(|position| numbers[position]).collect()
}

/// Numbers in the order of their terms' bytes, which is the order of code points.
fn sorted(interner: &Interner, numbers: impl Iterator<Item = u32>) -> Vec<u32> {
    let term = |number: u32| interner.term(number as usize);
    let mut numbers: Vec<(u64, u32)> = numbers.map(|number| (term(number).rank(), number)).collect();
    numbers.par_sort_unstable_by(|&(left_rank, left), &(right_rank, right)| {
        left_rank.cmp(&right_rank).then_with(|| term(left).bytes().cmp(term(right).bytes()))
    });
    numbers.into_iter().map(|(_, number)| number).collect()
}

/// How often each term occurs in all documents together.
fn totals(interner: &Interner, chunks: &[Chunks]) -> Vec<u64> {
    let mut totals = vec![0; interner.len()];
    for Chunks { chunks, numbers } in chunks {
        for &number in chunks.iter().flat_map(|(_, rows)| &rows.numbers) {
            totals[numbers[number as usize] as usize] += 1;
        }
    }
    totals
}

fn totals_of_documents(interner: &Interner) -> Vec<u64> {
    (0..interner.len()).map(|number| interner.documents(number) as u64).collect()
}

/// Makes the terms with the given numbers the columns, and rewrites the rows with them.
fn columns(interner: &Interner, numbers: &[u32], mut chunks: Vec<Chunks>) -> Fit {
    let mut columns = vec![DROPPED; interner.len()];
    for (column, &number) in (0..).zip(numbers) {
        columns[number as usize] = column;
    }
    let dropped = numbers.len() < interner.len();
    for Chunks { numbers, .. } in &mut chunks {
        numbers.iter_mut().for_each(|number| *number = columns[*number as usize]);
    }
    let mut rows: Vec<(usize, Rows, &[u32])> = Vec::new();
    for Chunks { chunks, numbers } in &mut chunks {
        rows.extend(chunks.drain(..).map(|(position, rows)| (position, rows, numbers.as_slice())));
    }
    rows.sort_unstable_by_key(|&(position, ..)| position);
    let rewrite = |(_, mut rows, columns): (usize, Rows, &[u32])| {
        rows.numbers.iter_mut().for_each(|number| *number = columns[*number as usize]);
        if dropped {
            rows.remove_dropped();
        }
        rows.sort();
        rows
    };
    let text = |&number: &u32| {
        let bytes = interner.term(number as usize).bytes().to_vec();
        String::from_utf8(bytes).expect("terms begin and end with characters")
    };
    let (rows, vocabulary) = rayon::join(
        || rows.into_par_iter().map(rewrite).collect(),
        || Vocabulary::new(numbers.iter().map(text).collect()),
    );
    let document_frequencies =
        numbers.iter().map(|&number| interner.documents(number as usize) as u64).collect();
    Fit { vocabulary, document_frequencies, rows }
}

impl Rows {
    fn remove_dropped(&mut self) {
        let (mut start, mut kept) = (0, 0);
        for end in &mut self.ends {
            for index in start..*end {
                if self.numbers[index] != DROPPED {
                    self.numbers[kept] = self.numbers[index];
                    kept += 1;
                }
            }
            start = std::mem::replace(end, kept);
        }
        self.numbers.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::DocumentFrequency;

    fn check(params: &CountParams, documents: &[&str], expected: Result<&[(&str, u64)], TextError>) {
        let analysis = params.check().expect("valid parameters");
        let found = fit(params, &analysis, documents).map(|fit| {
            let terms = fit.vocabulary.terms().iter().cloned();
            terms.zip(fit.document_frequencies).collect::<Vec<_>>()
        });
        let expected = expected.map(|terms| {
            terms.iter().map(|(term, documents)| ((*term).to_owned(), *documents)).collect::<Vec<_>>()
        });
        assert_eq!(found, expected, "{params:?} {documents:?}");
    }

    #[test]
    fn terms_are_counted_once_per_document_and_sorted_by_code_point() {
        let params = CountParams::default();
        check(&params, &[], Err(TextError::NoDocuments));
        check(&params, &["?", "a"], Err(TextError::EmptyVocabulary { documents: 2 }));
        check(&params, &["bb aa bb", "AA"], Ok(&[("aa", 2), ("bb", 1)]));
        check(
            &params,
            &["zz éé _a 10 𐐨𐐨 ﬀﬀ"],
            Ok(&[("10", 1), ("_a", 1), ("zz", 1), ("éé", 1), ("ﬀﬀ", 1), ("𐐨𐐨", 1)]),
        );
        check(
            &params,
            &["incomprehensible incomprehensibly incompre incomprehension"],
            Ok(&[("incompre", 1), ("incomprehensible", 1), ("incomprehensibly", 1), ("incomprehension", 1)]),
        );
    }

    #[test]
    fn terms_are_dropped_by_their_number_of_documents() {
        use DocumentFrequency::*;
        let documents = ["aa bb cc", "bb cc", "cc", "cc"];
        let bounds = |min_df, max_df| CountParams { min_df, max_df, ..CountParams::default() };
        check(&bounds(Count(2), Share(1.0)), &documents, Ok(&[("bb", 2), ("cc", 4)]));
        check(&bounds(Count(1), Count(1)), &documents, Ok(&[("aa", 1)]));
        check(&bounds(Share(0.25), Share(0.5)), &documents, Ok(&[("aa", 1), ("bb", 2)]));
        check(&bounds(Share(0.26), Share(0.5)), &documents, Ok(&[("bb", 2)]));
        check(&bounds(Count(3), Count(3)), &documents, Err(TextError::NothingLeft { terms: 3 }));
        let error =
            TextError::DocumentFrequencyRange { documents: 4, min_df: "3".into(), max_df: "0.5".into() };
        check(&bounds(Count(3), Share(0.5)), &documents, Err(error));
    }

    #[test]
    fn the_most_frequent_terms_are_kept() {
        let documents = ["aa aa aa bb", "bb cc", "dd"];
        let limit = |max_features, binary| CountParams {
            max_features: Some(max_features),
            binary,
            ..CountParams::default()
        };
        check(&limit(1, false), &documents, Ok(&[("aa", 1)]));
        check(&limit(2, false), &documents, Ok(&[("aa", 1), ("bb", 2)]));
        check(&limit(1, true), &documents, Ok(&[("bb", 2)]));
        check(&limit(3, false), &documents, Ok(&[("aa", 1), ("bb", 2), ("cc", 1)]));
        check(&limit(2, false), &["dd cc bb aa"], Ok(&[("aa", 1), ("bb", 1)]));
        check(&limit(9, false), &documents, Ok(&[("aa", 1), ("bb", 2), ("cc", 1), ("dd", 1)]));
    }

    #[test]
    fn a_given_vocabulary_keeps_its_order() {
        let vocabulary = Some(["zz", "aa", "bb"].map(str::to_owned).to_vec());
        let params =
            CountParams { vocabulary, min_df: DocumentFrequency::Count(9), ..CountParams::default() };
        check(&params, &["aa cc aa", "aa bb"], Ok(&[("zz", 0), ("aa", 2), ("bb", 1)]));
        check(&params, &[], Ok(&[("zz", 0), ("aa", 0), ("bb", 0)]));
    }
}
