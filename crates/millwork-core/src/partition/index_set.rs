//! Sets of the indexes of one dimension.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::stored::StoredRuns;

/// The number of indexes of a chunk.
const CHUNK: i64 = 1 << BITS;
const BITS: u32 = 16;

/// The most runs of a chunk: with more, bits take less memory.
const MOST_RUNS: usize = 2048;
const WORDS: usize = 1024;

/// A set of indexes, as runs of consecutive ones, or as bits where runs are many.
///
/// It takes some bytes for a run, at most 8 KiB for 65,536 indexes, and at least 40 bytes for each 65,536 that a range covers. Equal sets are
/// equal values. Operations cost what the sets take, not what they hold.
///
/// ```
/// use millwork_core::partition::IndexSet;
///
/// let year = IndexSet::from(0..=364);
/// let made: IndexSet = [0, 1, 2, 200].into_iter().collect();
/// let missing = year.difference(&made);
/// assert_eq!(missing.count(), 361);
/// assert_eq!(missing.runs().collect::<Vec<_>>(), [3..=199, 201..=364]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "StoredRuns", try_from = "StoredRuns")]
pub struct IndexSet {
    /// By their numbers; none is empty.
    chunks: Vec<Chunk>,
}

/// Some of the indexes from `number * CHUNK` on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Chunk {
    number: i64,
    members: Members,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Members {
    /// The first and the last of each run, which don't touch; at most `MOST_RUNS`.
    Runs(Box<[(u16, u16)]>),
    /// A bit for each; more than `MOST_RUNS` runs.
    Bits(Box<[u64; WORDS]>),
}

/// What is done with two sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Union,
    Intersection,
    Difference,
}

impl Operation {
    /// Whether a member of the first, and of the second, is one of the result.
    pub(super) fn keeps(self, of_first: bool, of_second: bool) -> bool {
        match self {
            Self::Union => of_first || of_second,
            Self::Intersection => of_first && of_second,
            Self::Difference => of_first && !of_second,
        }
    }
}

impl IndexSet {
    /// Whether no index is in it.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The number of indexes.
    pub fn count(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.members.count()).sum()
    }

    /// Whether an index is in it.
    pub fn contains(&self, index: i64) -> bool {
        let place = self.chunks.binary_search_by_key(&(index >> BITS), |chunk| chunk.number);
        place.is_ok_and(|place| self.chunks[place].members.contains(low(index)))
    }

    /// The lowest index.
    pub fn first(&self) -> Option<i64> {
        self.runs().next().map(|run| *run.start())
    }

    /// The highest index.
    pub fn last(&self) -> Option<i64> {
        let chunk = self.chunks.last()?;
        chunk.runs().last().map(|(_, last)| last)
    }

    /// The indexes of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.combine(other, Operation::Union)
    }

    /// The indexes of both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.combine(other, Operation::Intersection)
    }

    /// The indexes without those of another set.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.combine(other, Operation::Difference)
    }

    /// Each index moved by a number of places; those beyond the range of numbers are left out.
    #[must_use]
    pub fn moved(&self, by: i64) -> Self {
        let moved =
            |run: RangeInclusive<i64>| Some(run.start().checked_add(by)?..=run.end().checked_add(by)?);
        Self::from_sorted_runs(self.runs().filter_map(moved))
    }

    /// The runs of consecutive indexes, from low to high.
    pub fn runs(&self) -> impl Iterator<Item = RangeInclusive<i64>> {
        self.runs_from(i64::MIN)
    }

    /// The runs of the indexes from one on.
    pub fn runs_from(&self, from: i64) -> impl Iterator<Item = RangeInclusive<i64>> {
        let place = self.chunks.partition_point(|chunk| chunk.number < from >> BITS);
        let mut runs = self.chunks[place..].iter().flat_map(Chunk::runs).peekable();
        std::iter::from_fn(move || {
            let (first, mut last) = runs.next()?;
            while let Some((_, further)) = runs.next_if(|(next, _)| *next == last + 1) {
                last = further;
            }
            Some(first..=last)
        })
        .filter_map(move |run| (from <= *run.end()).then(|| from.max(*run.start())..=*run.end()))
    }

    /// The indexes, from low to high.
    pub fn iter(&self) -> impl Iterator<Item = i64> {
        self.runs().flatten()
    }

    /// The bytes of memory that it takes beside itself.
    pub fn bytes(&self) -> usize {
        let members: usize = self.chunks.iter().map(|chunk| chunk.members.bytes()).sum();
        self.chunks.capacity() * size_of::<Chunk>() + members
    }

    fn combine(&self, other: &Self, operation: Operation) -> Self {
        let (mut these, mut those) = (self.chunks.iter().peekable(), other.chunks.iter().peekable());
        let mut chunks = Vec::new();
        loop {
            let (this, that) =
                (these.peek().map(|chunk| chunk.number), those.peek().map(|chunk| chunk.number));
            let Some(number) = this.into_iter().chain(that).min() else { return Self { chunks } };
            let this = these.next_if(|chunk| chunk.number == number);
            let that = those.next_if(|chunk| chunk.number == number);
            let members = match (this, that) {
                (Some(this), Some(that)) => this.members.combine(&that.members, operation),
                (Some(one), None) if operation.keeps(true, false) => Some(one.members.clone()),
                (None, Some(one)) if operation.keeps(false, true) => Some(one.members.clone()),
                (Some(_), None) | (None, Some(_)) | (None, None) => None,
            };
            chunks.extend(members.map(|members| Chunk { number, members }));
        }
    }

    /// A set of runs from low to high, which may touch but not overlap.
    pub(super) fn from_sorted_runs(runs: impl IntoIterator<Item = RangeInclusive<i64>>) -> Self {
        let mut set = Self::default();
        let mut open: Option<(i64, Vec<(u16, u16)>)> = None;
        let mut close = |open: Option<(i64, Vec<(u16, u16)>)>| {
            let chunk = open.and_then(|(number, runs)| Some(Chunk { number, members: Members::of(runs)? }));
            set.chunks.extend(chunk);
        };
        for run in runs {
            let (mut first, last) = run.into_inner();
            while first <= last {
                let number = first >> BITS;
                let end = (number * CHUNK + (CHUNK - 1)).min(last);
                if open.as_ref().is_some_and(|(opened, _)| *opened != number) {
                    close(open.take());
                }
                let (_, runs) = open.get_or_insert_with(|| (number, Vec::new()));
                match runs.last_mut() {
                    Some(before) if u32::from(before.1) + 1 == u32::from(low(first)) => before.1 = low(end),
                    Some(_) | None => runs.push((low(first), low(end))),
                }
                let Some(next) = end.checked_add(1) else { break };
                first = next;
            }
        }
        close(open);
        set
    }
}

impl From<RangeInclusive<i64>> for IndexSet {
    fn from(range: RangeInclusive<i64>) -> Self {
        Self::from_sorted_runs([range])
    }
}

impl FromIterator<i64> for IndexSet {
    fn from_iter<I: IntoIterator<Item = i64>>(indexes: I) -> Self {
        let mut indexes: Vec<i64> = indexes.into_iter().collect();
        indexes.sort_unstable();
        indexes.dedup();
        Self::from_sorted_runs(indexes.into_iter().map(|index| index..=index))
    }
}

impl Chunk {
    /// The runs, with the indexes that they have in the set.
    fn runs(&self) -> impl Iterator<Item = (i64, i64)> {
        let begin = self.number * CHUNK;
        let runs = match &self.members {
            Members::Runs(runs) => Cow::Borrowed(&runs[..]),
            Members::Bits(bits) => Cow::Owned(runs_of(bits)),
        };
        let place = move |index: u16| begin + i64::from(index);
        (0..runs.len()).map(move |at| (place(runs[at].0), place(runs[at].1)))
    }
}

impl Members {
    /// The members of some runs; `None` if there are none.
    fn of(runs: Vec<(u16, u16)>) -> Option<Self> {
        if runs.is_empty() {
            return None;
        }
        if runs.len() <= MOST_RUNS {
            return Some(Self::Runs(runs.into()));
        }
        Some(Self::Bits(bits_of(&runs)))
    }

    fn count(&self) -> u64 {
        match self {
            Self::Runs(runs) => runs.iter().map(|(first, last)| u64::from(last - first) + 1).sum(),
            Self::Bits(bits) => bits.iter().map(|word| u64::from(word.count_ones())).sum(),
        }
    }

    fn contains(&self, index: u16) -> bool {
        match self {
            Self::Runs(runs) => {
                let after = runs.partition_point(|(first, _)| *first <= index);
                after > 0 && index <= runs[after - 1].1
            }
            Self::Bits(bits) => bits[usize::from(index >> 6)] & 1 << (index & 63) != 0,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Runs(runs) => size_of_val(&**runs),
            Self::Bits(bits) => size_of_val(&**bits),
        }
    }

    fn combine(&self, other: &Self, operation: Operation) -> Option<Self> {
        if let (Self::Runs(these), Self::Runs(those)) = (self, other) {
            return Self::of(combined_runs(these, those, operation));
        }
        let mut bits = self.bits();
        for (word, other) in bits.iter_mut().zip(other.bits().iter()) {
            *word = match operation {
                Operation::Union => *word | other,
                Operation::Intersection => *word & other,
                Operation::Difference => *word & !other,
            };
        }
        // A run begins at a bit that is set behind one that isn't.
        let mut before = 0;
        let runs: u32 = bits
            .iter()
            .map(|word| (word & !(word << 1 | std::mem::replace(&mut before, word >> 63))).count_ones())
            .sum();
        if runs as usize > MOST_RUNS { Some(Self::Bits(bits)) } else { Self::of(runs_of(&bits)) }
    }

    fn bits(&self) -> Box<[u64; WORDS]> {
        match self {
            Self::Runs(runs) => bits_of(runs),
            Self::Bits(bits) => bits.clone(),
        }
    }
}

/// The place of an index in its chunk.
fn low(index: i64) -> u16 {
    (index & (CHUNK - 1)) as u16
}

fn bits_of(runs: &[(u16, u16)]) -> Box<[u64; WORDS]> {
    let mut bits = Box::new([0; WORDS]);
    for (first, last) in runs {
        let (begin, end) = (usize::from(first >> 6), usize::from(last >> 6));
        for (place, word) in bits.iter_mut().enumerate().take(end + 1).skip(begin) {
            let from = if place == begin { !0 << (first & 63) } else { !0 };
            let to = if place == end { !0 >> (63 - (last & 63)) } else { !0 };
            *word |= from & to;
        }
    }
    bits
}

fn runs_of(bits: &[u64; WORDS]) -> Vec<(u16, u16)> {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for (place, word) in bits.iter().enumerate() {
        let mut left = *word;
        while left != 0 {
            let first = left.trailing_zeros();
            let length = (left >> first).trailing_ones();
            let begin = place as u32 * 64 + first;
            let end = begin + length - 1;
            left &= !((!0 >> (64 - length)) << first);
            match runs.last_mut() {
                Some(before) if u32::from(before.1) + 1 == begin => before.1 = end as u16,
                Some(_) | None => runs.push((begin as u16, end as u16)),
            }
        }
    }
    runs
}

/// Goes along the ends of the runs of both: between two of them nothing changes.
fn combined_runs(these: &[(u16, u16)], those: &[(u16, u16)], operation: Operation) -> Vec<(u16, u16)> {
    let edge = |runs: &[(u16, u16)], at: usize| {
        let (first, last) = *runs.get(at / 2)?;
        Some(if at.is_multiple_of(2) { u32::from(first) } else { u32::from(last) + 1 })
    };
    let (mut this, mut that) = (0, 0);
    let mut runs = Vec::new();
    let mut begun = None;
    while let Some(at) = edge(these, this).into_iter().chain(edge(those, that)).min() {
        this += usize::from(edge(these, this) == Some(at));
        that += usize::from(edge(those, that) == Some(at));
        let is_in = operation.keeps(this % 2 == 1, that % 2 == 1);
        match begun {
            None if is_in => begun = Some(at),
            Some(first) if !is_in => {
                runs.push((first as u16, (at - 1) as u16));
                begun = None;
            }
            None | Some(_) => {}
        }
    }
    runs
}
