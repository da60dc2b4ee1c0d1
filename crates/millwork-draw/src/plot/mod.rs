//! Plots as pictures: what authors attach to their assets, and what the pages draw by themselves.
//!
//! A drawing is an `svg` element without styles or scripts of its own; the page's style sheet gives it its colours, for light
//! and dark. No drawing shows anything by colour alone.

mod bars;
mod confusion;
mod draw;
mod frame;
mod gantt;
mod heat_strip;
mod histogram;
mod lines;
mod live;
mod marker;
mod scatter;
mod shares;
mod spans;
mod spark;
mod svg;
mod ticks;
mod time_axis;
mod timeline;

pub use draw::ToSvg;
pub use gantt::{GanttRow, Segment, gantt};
pub use live::{LiveWidth, UseSpan, live};
pub use shares::{ShareColumn, shares};
pub use spans::{Span, SpanRow, spans};
pub use spark::sparkline;
pub use timeline::{TimelineBar, timeline};
