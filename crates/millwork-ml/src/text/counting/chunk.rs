//! Documents to numbers, one per occurrence of a term, by chunks.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::optimization::warn_if_unoptimized;
use crate::text::analysis::{Analysis, Scratch};
use crate::text::terms::Terms;
use crate::text::vocabulary::Vocabulary;

/// The most documents that a thread takes at once.
const LARGEST: usize = 1024;
/// The least number of chunks per thread, so that they end at about the same time.
const PER_THREAD: usize = 8;

/// Rows of numbers: columns, or what columns follow from.
#[derive(Debug)]
pub(in crate::text) struct Rows {
    pub(super) numbers: Vec<u32>,
    /// Where each row ends in `numbers`.
    pub(super) ends: Vec<usize>,
}

impl Rows {
    /// Sorts the entries of each row.
    pub(super) fn sort(&mut self) {
        let mut start = 0;
        for &end in &self.ends {
            self.numbers[start..end].sort_unstable();
            start = end;
        }
    }

    /// The rows in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.numbers[start..end])
    }
}

/// What one thread collected: the states it ended with, and its chunks by their positions.
pub(super) struct Collected<S> {
    pub(super) state: S,
    pub(super) chunks: Vec<(usize, Rows)>,
}

/// The documents as they are read from here on. What is generic over the kind of text is compiled in the crate that calls it, with
/// that crate's optimization or none; so nothing is, but for this.
pub(in crate::text) fn texts(documents: &[impl AsRef<str>]) -> Vec<&str> {
    documents.iter().map(AsRef::as_ref).collect()
}

/// Rows of documents whose terms have numbers that are known beforehand, sorted; terms without a number are left out.
pub(in crate::text) fn collect(
    analysis: &Analysis,
    documents: &[&str],
    number: impl Fn(Terms<'_>, &mut Vec<u32>) + Sync,
) -> Vec<Rows> {
    let collected =
        by_threads(analysis, documents, || (), |(), _, terms, numbers| number(terms, numbers), Rows::sort);
    let mut chunks: Vec<(usize, Rows)> =
        collected.into_iter().flat_map(|collected| collected.chunks).collect();
    chunks.sort_unstable_by_key(|&(position, _)| position);
    chunks.into_iter().map(|(_, rows)| rows).collect()
}

/// Rows of columns of a vocabulary, sorted; terms outside of it are left out.
pub(in crate::text) fn collect_columns(
    analysis: &Analysis,
    vocabulary: &Vocabulary,
    documents: &[&str],
) -> Vec<Rows> {
    collect(analysis, documents, |terms, columns| vocabulary.columns(terms, columns))
}

/// Numbers the terms of all documents, each thread with a state of its own. `number` is given the state, the
/// position of the document among all and some of its terms, and appends their numbers; `finish` is given each chunk.
pub(super) fn by_threads<S: Send>(
    analysis: &Analysis,
    documents: &[&str],
    state: impl Fn() -> S + Sync,
    number: impl Fn(&mut S, usize, Terms<'_>, &mut Vec<u32>) + Sync,
    finish: impl Fn(&mut Rows) + Sync,
) -> Vec<Collected<S>> {
    warn_if_unoptimized();
    let size = documents.len().div_ceil(rayon::current_num_threads() * PER_THREAD).clamp(1, LARGEST);
    let threads = rayon::current_num_threads().min(documents.len().div_ceil(size)).max(1);
    let next = AtomicUsize::new(0);
    let work = |_| {
        let mut collected = Collected { state: state(), chunks: Vec::new() };
        let (mut scratch, mut numbers) = (Scratch::default(), Vec::new());
        loop {
            let position = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = documents.chunks(size).nth(position) else { return collected };
            let mut ends = Vec::with_capacity(chunk.len());
            numbers.clear();
            for (document, text) in (position * size..).zip(chunk) {
                analysis.for_terms(text, &mut scratch, |terms| {
                    number(&mut collected.state, document, terms, &mut numbers);
                });
                ends.push(numbers.len());
            }
            let mut rows = Rows { numbers: numbers.as_slice().to_vec(), ends };
            finish(&mut rows);
            collected.chunks.push((position, rows));
        }
    };
    if threads == 1 {
        vec![work(0)]
    } else {
        (0..threads).into_par_iter().with_max_len(1).map(work).collect()
    }
}
