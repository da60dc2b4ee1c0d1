//! Words by a regular expression of Python's `re`, found by the `regex` crate.
//!
//! The two agree on what a pattern prefers (the leftmost match, then the first alternative), but not on what a
//! character is: `\w`, `\d`, `\s` and `\b` are other sets. So the pattern is read here, its classes are written out as
//! Python has them, and what the crate cannot do as Python does is refused.

mod compile;
mod parse;
mod python;
mod stand_ins;

pub(super) use compile::Pattern;
