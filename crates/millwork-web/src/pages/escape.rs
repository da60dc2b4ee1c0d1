//! Escaping of text for pages. Templates escape everything with it that isn't marked as safe.

use std::fmt::{Result, Write};

use askama::filters::Escaper;
use millwork_draw::markup::escape;

/// Writes text so that a browser shows it literally.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Escape;

impl Escaper for Escape {
    fn write_escaped_str<W: Write>(&self, mut page: W, text: &str) -> Result {
        escape(&mut page, text)
    }
}
