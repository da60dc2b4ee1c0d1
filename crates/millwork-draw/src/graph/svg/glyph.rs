//! The mark of a status in a picture.

use super::super::mark::Mark;
use crate::markup::number;

/// How wide and high a glyph is.
pub(super) const GLYPH: f64 = 16.0;

/// A mark around the given middle.
pub(super) fn glyph(mark: Mark, x: f64, y: f64) -> String {
    let (x, y, Mark { word, disc, path, .. }) = (number(x), number(y), mark);
    format!(r#"<g class="glyph {word}" transform="translate({x} {y})">{disc}<path d="{path}"/></g>"#)
}
