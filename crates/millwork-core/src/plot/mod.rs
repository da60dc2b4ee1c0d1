//! Pictures of numbers: what authors attach to their assets as metadata, and what the pages draw by themselves.
//!
//! A [`Plot`] is data, stored with the event that it belongs to, and small: lines and scatters are thinned when they are made.
//! Its drawing is an `svg` element without styles or scripts of its own; the page's style sheet gives it its colours, for light
//! and dark. No drawing tells anything by colour alone.

mod bars;
mod confusion;
mod draw;
mod frame;
mod gantt;
mod heat_strip;
mod histogram;
mod kind;
mod lines;
mod make;
mod numbers;
mod scatter;
mod spark;
mod svg;
mod thin;
mod time_axis;
mod timeline;

pub use gantt::{GanttRow, Segment, gantt};
pub use kind::{Curve, Plot, PlotKind};
pub use numbers::short_number;
pub use spark::sparkline;
pub use timeline::{TimelineBar, timeline};
