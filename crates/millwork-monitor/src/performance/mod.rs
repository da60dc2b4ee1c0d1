//! The live performance of models: predictions joined with what came later, window by window.
//!
//! A [`Performance`] is a state, `state.rs`. `add.rs` adds predictions and ground truth to its open rows, which `table.rs` keeps sorted by
//! key; `close.rs` has `evaluate.rs` measure each open window and closes those that are mature, after which only their measures stay. A step therefore takes
//! time and memory for what is new and for the open windows, whatever has happened before.
//!
//! Rows are joined and summed up in the order of their keys, and of two facts about a key the later one stays, of two of the same time
//! the larger value. So the measures don't depend on the order in which facts arrive.

mod add;
mod close;
mod config;
mod evaluate;
mod group;
mod increment_hash;
mod increments;
mod join;
mod live;
mod measures;
mod metric;
mod paired;
mod report;
mod state;
mod stored;
mod table;
mod window;

pub use config::{Baseline, PerformanceConfig};
pub use increments::IncrementError;
pub use measures::{Coverage, PredictionCounts, SliceMeasures, TruthCounts, Undefined, WindowMeasures};
pub use metric::Metric;
pub use paired::PairedOutcomes;
pub use state::Performance;
pub use stored::PerformanceFormat;
pub use window::WindowLength;
