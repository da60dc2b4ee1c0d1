//! The legend of a picture's signs.

use std::fmt::{self, Write as _};

use super::super::Drawing;
use super::super::drawing::HISTORY;
use super::glyph::glyph;
use crate::markup::number;
use crate::markup::text_width;

/// The height of the line.
pub(super) const LEGEND: f64 = 20.0;

const FONT: f64 = 11.0;

/// A line of signs with words.
pub(super) struct Legend {
    /// Its elements, from the point (0, 0).
    pub(super) markup: String,
    /// How wide it is.
    pub(super) width: f64,
}

/// Explains the signs that a drawing uses; `None` if it uses none.
pub(super) fn legend(drawing: &Drawing) -> Result<Option<Legend>, fmt::Error> {
    let mut legend = Legend { markup: String::new(), width: 0.0 };
    for (mark, _) in drawing.marks() {
        glyph(&mut legend.markup, mark, legend.width + 8.0, LEGEND / 2.0)?;
        legend.explain(mark.word)?;
    }
    if drawing.nodes.iter().any(|node| node.external) {
        let x = number(legend.width + 1.0);
        write!(
            legend.markup,
            r#"<g class="external"><rect class="card" x="{x}" y="4" width="14" height="12" rx="3"/></g>"#
        )?;
        legend.explain("external")?;
    }
    if drawing.nodes.iter().any(|node| node.gate.is_some()) {
        let x = number(legend.width + 8.0);
        write!(
            legend.markup,
            r#"<path class="gate" transform="translate({x} 10)" d="M-7 0L0-7L7 0L0 7Z"/>"#
        )?;
        legend.explain("gate")?;
    }
    let reads_history = drawing.labels.values().any(|label| label == HISTORY);
    let follows_alias = drawing.labels.values().any(|label| label != HISTORY);
    let words = match (follows_alias, reads_history) {
        (false, false) => None,
        (true, false) => Some("follows an alias"),
        (false, true) => Some("reads a history, without waiting"),
        (true, true) => Some("follows an alias, or reads a history"),
    };
    if let Some(words) = words {
        let (from, to) = (number(legend.width), number(legend.width + 18.0));
        write!(legend.markup, r#"<path class="edge followed" d="M{from} 10H{to}"/>"#)?;
        legend.explain(words)?;
    }
    Ok((!legend.markup.is_empty()).then_some(legend))
}

impl Legend {
    /// Adds the word for the sign before it.
    fn explain(&mut self, word: &str) -> fmt::Result {
        let x = number(self.width + 22.0);
        self.width += 22.0 + text_width(word, FONT) + 18.0;
        write!(self.markup, r#"<text class="word" x="{x}" y="14">{word}</text>"#)
    }
}
