//! A drawing as an SVG picture.
//!
//! One self-contained SVG document without scripts, fonts or references. All colours come from one style sheet with a
//! light and a dark half, chosen by `prefers-color-scheme`; it uses plain classes instead of variables, which several
//! renderers don't know, and every rule is confined to `.millwork-graph`, so that a page can include the document as it
//! is and override what it likes. Widths are estimated from the text, generously, since fonts differ between machines.

mod card;
mod glyph;
mod legend;
mod page;
mod style;

pub(super) use page::{document, element, narrow_layout, narrow_page, page};
