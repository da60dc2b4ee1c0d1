//! The pages of models: the list, one model with its versions, two versions side by side, what a version was made from and into, and what
//! happened to it.

mod address;
mod alias_history;
mod backtest;
mod change;
mod compare;
mod history;
mod line;
mod lineage;
mod list;
mod live;
mod page;
mod row;
mod versions;

pub(super) use address::{of_model, past_partition, show as show_one};
pub(super) use change::change;
pub(super) use line::{ModelLine, model_line};
pub(super) use list::show;
pub(super) use live::LiveView;
