//! Mappings: which upstream partitions a downstream one takes.
//!
//! A [`Mapping`] is as authors write it, or [inferred](Mapping::inferred). With the dimensions of both assets it is
//! [resolved](Mapping::resolve): what can't hold is a problem that names both assets, both definitions and a remedy.
//!
//! A [`ResolvedMapping`] goes from sets of downstream keys to sets of upstream keys and back. It is a product: each upstream
//! dimension has its own source, such as a downstream dimension or all values, so that sets of many dimensions are mapped by sets of
//! single ones. Only a function of whole keys is called with each of them.
//!
//! **Windows.** Those of one timetable share their indexes, so that a mapping is arithmetic on runs of them. Those of two timetables are
//! related by when they overlap. A later window never takes an earlier one than those before it do, so that both ends of a run are searched for by
//! time, whatever the number of windows between.

mod alignment;
mod definition;
mod function;
mod inference;
mod link;
mod missing;
mod nesting;
mod positions;
mod resolve;
mod resolved;
mod sides;
mod source;
#[cfg(test)]
mod tests;
mod windows;
mod words;

pub use definition::{Mapping, all, dimension, dimension_from, latest, only, overlap, same, table, window};
pub use function::{FunctionIndex, KeyFunction, function, single_function};
pub use resolved::{MappedKeys, ResolvedMapping};
pub use sides::MappedAsset;
