//! The graph: drawn with states, folded where it is large, searched and launched from.

mod fold;
mod page;
mod panel;

pub(super) use page::{picture, show};
