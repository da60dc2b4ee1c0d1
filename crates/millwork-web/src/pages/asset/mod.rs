//! An asset: what it is, how its numbers went, what each of its values was made from, and the values themselves.

mod compare;
mod curves;
mod history;
mod page;
mod preview;
mod stored;

pub(super) use page::show;
pub(super) use stored::{download, picture};
