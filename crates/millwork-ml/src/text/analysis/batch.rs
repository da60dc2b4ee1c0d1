//! Terms handed on by the hundred.
//!
//! Finding words and looking them up are loops of their own: the first is full of branches that the processor
//! mispredicts, and would keep it from having several look-ups under way at once.

use crate::text::terms::Terms;

/// The most terms at once.
const LARGEST: usize = 256;

/// Where terms start and end.
pub(super) type Bounds = Vec<(usize, usize)>;

/// Terms of a text that are not yet handed on.
pub(super) struct Batch<'a, F> {
    text: &'a [u8],
    bounds: &'a mut Bounds,
    see: &'a mut F,
}

impl<'a, F: FnMut(Terms<'_>)> Batch<'a, F> {
    #[inline]
    pub(super) fn new(text: &'a [u8], bounds: &'a mut Bounds, see: &'a mut F) -> Self {
        bounds.clear();
        Self { text, bounds, see }
    }

    /// Adds the term from `start` to `end`.
    #[inline]
    pub(super) fn push(&mut self, start: usize, end: usize) {
        if self.bounds.len() == LARGEST {
            self.hand_on();
        }
        self.bounds.push((start, end));
    }

    /// Hands on what is left.
    #[inline]
    pub(super) fn finish(mut self) {
        self.hand_on();
    }

    #[inline]
    fn hand_on(&mut self) {
        (self.see)(Terms { text: self.text, bounds: self.bounds });
        self.bounds.clear();
    }
}
