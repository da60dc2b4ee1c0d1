//! The pages of backfills: all of them, one, and the form that starts one.

mod counts;
mod create;
mod list;
mod one;

use counts::Counts;
pub(super) use create::{show as show_form, submit};
pub(super) use list::show;
pub(super) use one::{operate, show as show_one};
