//! Text within markup: escaped, and measured without knowing the font.

mod columns;
mod escape;
mod measure;

pub(crate) use columns::{columns, single_line};
pub(crate) use escape::number;
pub use escape::{escape, escaped, is_control_or_bidi};
pub(crate) use measure::{label_width, shortened, text_width};
