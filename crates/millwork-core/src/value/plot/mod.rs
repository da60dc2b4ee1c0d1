//! Pictures of numbers, as data: what authors attach to their assets as metadata.
//!
//! A [`Plot`] is stored with the event that it belongs to, and small: lines and scatters are thinned when they are made. How it looks is
//! the matter of `millwork-draw`.

mod kind;
mod make;
mod numbers;
mod thin;

pub use kind::{Curve, Plot, PlotKind};
pub use numbers::{range, short_number};
