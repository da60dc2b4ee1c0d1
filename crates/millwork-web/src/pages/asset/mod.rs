//! The page of an asset: its definition, the history of its metadata, the inputs of each materialization, and its values.

pub(super) mod compare;
pub(super) mod curves;
pub(super) mod history;
mod history_axis;
mod page;
mod partitions;
mod preview;
mod stored;

pub(super) use page::show;
pub(super) use stored::{download, picture};
