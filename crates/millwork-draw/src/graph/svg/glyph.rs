//! The mark of a status in a picture.

use std::fmt::{self, Write as _};

use super::super::mark::Mark;
use crate::markup::number;

/// How wide and high a glyph is.
pub(super) const GLYPH: f64 = 16.0;

/// Writes a mark around the given middle.
pub(super) fn glyph(to: &mut String, mark: Mark, x: f64, y: f64) -> fmt::Result {
    let (x, y, Mark { word, disc, path, .. }) = (number(x), number(y), mark);
    write!(to, r#"<g class="glyph {word}" transform="translate({x} {y})">{disc}<path d="{path}"/></g>"#)
}
