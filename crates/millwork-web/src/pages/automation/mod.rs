//! What is requested without being asked for, why or why not, and who is told of what.

mod explained;
mod page;

pub(super) use explained::show as explained;
pub(super) use page::{is_switch, show};
