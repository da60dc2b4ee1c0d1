//! `models`: the versions of models, what is in use, and what is done to them by hand.

mod arguments;
mod backtest;
mod change;
mod history;
mod judge;
mod lineage;
mod repair;
mod show;

pub(in crate::app) use arguments::CardFormat;
pub(super) use arguments::{Models, run};
pub(super) use judge::trial_view;
