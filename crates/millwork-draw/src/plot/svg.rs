//! The elements of a drawing.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::markup::{escaped, shortened, text_width};

/// Wider drawings aren't made to fit a phone: they scroll, so that their texts stay readable.
const WIDE: f64 = 500.0;
/// The shades that stand for numbers; shade 0 is almost invisible.
pub(super) const SHADES: u64 = 10;
/// The colours, and as many patterns of dashes, that distinguish curves.
pub(super) const LOOKS: usize = 6;

/// The classes of a curve or a bar: after six, the colours come again with other dashes.
pub(super) fn curve_class(class: &str, number: usize) -> String {
    format!("{class} c{} d{}", number % LOOKS, (number + number / LOOKS) % LOOKS)
}

/// A drawing that grows.
pub(super) struct Svg {
    markup: String,
    width: f64,
    pub(super) height: f64,
    title: String,
}

/// Where a text lies around its place.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    pub(super) fn new(width: f64, height: f64, title: &str) -> Self {
        Self { markup: String::new(), width, height, title: title.to_owned() }
    }

    pub(super) fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let _ = write!(
            self.markup,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    pub(super) fn polyline(&mut self, class: &str, points: &str) {
        let _ = write!(self.markup, "<polyline class=\"{class}\" points=\"{points}\"/>");
    }

    pub(super) fn path(&mut self, class: &str, path: &str) {
        let _ = write!(self.markup, "<path class=\"{class}\" d=\"{path}\"/>");
    }

    /// A closed path with a tooltip.
    pub(super) fn shape(&mut self, class: &str, path: &str, title: &str) {
        let _ = write!(self.markup, "<path class=\"{class}\" d=\"{path}\"");
        self.end("path", title);
    }

    /// A text in the middle of something with a colour.
    pub(super) fn label(&mut self, (x, y): (f64, f64), text: &str) {
        let _ = write!(
            self.markup,
            "<text class=\"plot-text plot-label\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>",
            escaped(text)
        );
    }

    pub(super) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let _ = write!(
            self.markup,
            "<text class=\"plot-text\" x=\"{x:.1}\" y=\"{y:.1}\"{}>{}</text>",
            anchor.attribute(),
            escaped(text)
        );
    }

    /// A text that is no wider than that; a shortened text is shown in full under the pointer.
    pub(super) fn text_within(&mut self, (x, y): (f64, f64), anchor: Anchor, text: &str, width: f64) {
        if text.is_empty() {
            return;
        }
        let short = shortened(text, width, 11.0);
        let _ = write!(
            self.markup,
            "<text class=\"plot-text\" x=\"{x:.1}\" y=\"{y:.1}\"{}>{}",
            anchor.attribute(),
            escaped(&short)
        );
        if short != text {
            let _ = write!(self.markup, "<title>{}</title>", escaped(text));
        }
        self.markup.push_str("</text>");
    }

    /// A number on a shade.
    pub(super) fn text_on_shade(&mut self, (x, y): (f64, f64), shade: u64, text: &str) {
        let on = match shade {
            0..=5 => "light",
            6..=8 => "middle",
            _ => "dark",
        };
        let _ = write!(
            self.markup,
            "<text class=\"plot-text on-{on}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>",
            escaped(text)
        );
    }

    /// A line of words below everything else.
    pub(super) fn note(&mut self, text: &str) {
        if !text.is_empty() {
            self.height += 16.0;
            self.text_within((8.0, self.height - 5.0), Anchor::Start, text, self.width - 16.0);
        }
    }

    /// A moment, which a page may show in its reader's zone.
    pub(super) fn moment(&mut self, (x, y): (f64, f64), anchor: Anchor, microseconds: f64) {
        let Ok(at) = Timestamp::from_microsecond(microseconds as i64) else { return };
        let _ = write!(
            self.markup,
            "<text class=\"plot-text\" x=\"{x:.1}\" y=\"{y:.1}\"{} data-time=\"{at}\">{}</text>",
            anchor.attribute(),
            at.strftime("%Y-%m-%d %H:%M")
        );
    }

    pub(super) fn dot(&mut self, class: &str, (x, y): (f64, f64), radius: f64, title: &str) {
        let _ = write!(self.markup, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\"");
        self.end("circle", title);
    }

    pub(super) fn bar(&mut self, class: &str, (x, y): (f64, f64), (width, height): (f64, f64), title: &str) {
        let _ = write!(
            self.markup,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\"",
            width.max(0.0),
            height.max(0.0)
        );
        self.end("rect", title);
    }

    /// A bar with the colour of a state, and its sign where there is room for it.
    pub(super) fn state(
        &mut self,
        state: &str,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        title: &str,
    ) {
        self.bar(&format!("bar-{state}"), (x, y), (width, height), title);
        let sign = match state {
            "failed" | "lost" => "▲",
            "running" | "retrying" => "◆",
            "canceled" | "canceling" => "■",
            _ => return,
        };
        if width >= 14.0 {
            let (x, y) = (x + 3.0, y + height / 2.0 + 3.0);
            let _ = write!(
                self.markup,
                "<text class=\"plot-sign\" aria-hidden=\"true\" x=\"{x:.1}\" y=\"{y:.1}\">{sign}</text>"
            );
        }
    }

    fn end(&mut self, element: &str, title: &str) {
        if title.is_empty() {
            self.markup.push_str("/>");
        } else {
            let _ = write!(self.markup, "><title>{}</title></{element}>", escaped(title));
        }
    }

    /// What is drawn meanwhile leads there.
    pub(super) fn link(&mut self, to: &str, draw: impl FnOnce(&mut Self)) {
        let _ = write!(self.markup, "<a href=\"{}\">", escaped(to));
        draw(self);
        self.markup.push_str("</a>");
    }

    /// Names of curves or bars with their looks, below each other in rows; they make the drawing higher.
    pub(super) fn legend(&mut self, names: &[&str], class: &str) {
        let mut x = 8.0;
        let mut y = self.height + 12.0;
        for (number, name) in names.iter().enumerate() {
            let wide = text_width(&shortened(name, self.width - 50.0, 11.0), 11.0) + 40.0;
            if x + wide > self.width && x > 8.0 {
                (x, y) = (8.0, y + 16.0);
            }
            self.line(&curve_class(class, number), (x, y - 4.0), (x + 20.0, y - 4.0));
            self.text_within((x + 26.0, y), Anchor::Start, name, self.width - 50.0);
            x += wide;
        }
        self.height = y + 6.0;
    }

    /// The element. With links in it, it is a group of things rather than an image.
    pub(super) fn finish(self) -> String {
        let role = if self.markup.contains("<a href") { "group" } else { "img" };
        let class = if self.width > WIDE { "plot wide" } else { "plot" };
        let title = escaped(&self.title);
        format!(
            "<svg class=\"{class}\" viewBox=\"0 0 {} {:.1}\" role=\"{role}\" aria-label=\"{title}\"><title>{title}</title>{}</svg>",
            self.width, self.height, self.markup
        )
    }
}

impl Anchor {
    fn attribute(self) -> &'static str {
        match self {
            Self::Start => "",
            Self::Middle => " text-anchor=\"middle\"",
            Self::End => " text-anchor=\"end\"",
        }
    }
}
