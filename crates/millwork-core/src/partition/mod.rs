//! Partitions: one asset, many values, each under a key.
//!
//! A [`PartitionsDefinition`] says which keys an asset has at a [`KeyMoment`]. Everything that happens to an asset (a step, an event, a stored value, a
//! request) carries an optional [`PartitionKey`], a key by its identity and label; an asset without partitions simply never has one.
//! Where both are meant together they are an [`AssetPartition`] or a [`StepPartition`].
//!
//! **Keys as values.** [`Dimensions`] define keys of any number of dimensions: time windows ([`daily`], [`hourly`], [`weekly`],
//! [`monthly`], [`cron`]), [`fixed`] texts, and [`dynamic`] texts that come and go at run time. At a moment they are a
//! [`KeySpace`], which reads and writes keys and sets of keys as text. A [`Key`] is a list of values, never a position: a window is
//! its interval, whatever its label.
//!
//! **Time windows.** [`TimeWindows`] are as authors write them; [`Calendar`] are those of a valid definition. Windows lie
//! between the ticks of a [`Timetable`](crate::timetable::Timetable), and each has an index, counted from 1970, which
//! definitions with the same timetable share wherever they start. Indexes are counted and searched for, never listed.
//!
//! **Sets.** A [`KeySet`] has an [`IndexSet`] per dimension: runs of indexes, or bits. Its products are kept disjoint and in one
//! form only, so that equal sets are equal values, and ten million keys are a few bytes.
//!
//! **Keys as types.** A function takes a key as a type of its own, a [`FromPartitionKey`] such as `(TimeWindow, String)`. [`fit_problem`] says why a
//! type doesn't fit the dimensions of an asset.
//!
//! **Mappings.** A [`mapping::Mapping`] says which upstream keys a downstream one takes; [`mapping::ResolvedMapping`] has them for sets, both ways.

mod calendar;
mod counts_along;
mod definition;
mod dimension;
mod exclusions;
mod fit;
mod index_set;
mod key;
mod key_changes;
mod key_set;
mod key_space;
mod label;
pub mod mapping;
mod moment;
mod numbering;
mod set_text;
mod stored;
mod subject;
#[cfg(test)]
mod tests;
mod time_windows;
mod typed_key;
mod window;
mod window_lookup;

pub use crate::id::PartitionKey;
pub use calendar::Calendar;
pub use definition::PartitionsDefinition;
pub use dimension::{Dimension, DimensionKind, Dimensions, dynamic, fixed, fixed_of};
pub use fit::fit_problem;
pub use index_set::IndexSet;
pub use key::{Key, KeyValue};
pub use key_changes::KeyChanges;
pub(crate) use key_set::MOST_OF_A_RUN;
pub use key_set::{KeyIndex, KeySet};
pub use key_space::{Axis, KeySpace, Texts};
pub use moment::KeyMoment;
pub use subject::{AssetPartition, StepPartition};
pub use time_windows::{Every, Exclusion, TimeWindows, cron, daily, hourly, monthly, weekly};
pub use typed_key::{FixedTexts, FromKeyValue, FromPartitionKey, KeyShape, fixed_value, part_of_key};
pub use window::TimeWindow;
