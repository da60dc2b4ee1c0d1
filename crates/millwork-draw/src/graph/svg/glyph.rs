//! Which sign stands for a state.

use super::super::NodeState;
use crate::markup::number;

/// How wide and high a glyph is.
pub(super) const GLYPH: f64 = 16.0;

/// A disc with the state's sign around the given middle; nothing if the state is unknown.
///
/// The signs are told apart without colour: a tick, a cross, a clock, an arrow, and an empty broken ring.
pub(super) fn glyph(state: NodeState, x: f64, y: f64) -> String {
    let (disc, sign) = match state {
        NodeState::Unknown => return String::new(),
        NodeState::Missing => (r#"<circle class="ring" r="7"/>"#, "M-2.8 0H2.8"),
        NodeState::Fresh => (r#"<circle class="disc" r="8"/>"#, "M-3.5 .3L-1.1 2.7L3.5-2.5"),
        NodeState::Stale => (r#"<circle class="disc" r="8"/>"#, "M0-4V.4L2.8 2.2"),
        NodeState::Failed => (r#"<circle class="disc" r="8"/>"#, "M-2.8-2.8L2.8 2.8M2.8-2.8L-2.8 2.8"),
        NodeState::Running => (r#"<circle class="disc" r="8"/>"#, "M-1.8-3.2L3.2 0L-1.8 3.2Z"),
    };
    let (x, y, word) = (number(x), number(y), state.word());
    format!(r#"<g class="glyph {word}" transform="translate({x} {y})">{disc}<path d="{sign}"/></g>"#)
}
