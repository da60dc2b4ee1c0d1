//! The marks of an asset's status.

use millwork_core::AssetStatus;

/// A sign that stands for a status in every form of a drawing. The signs can be distinguished without colour: a tick, a cross, a clock, an
/// arrow, and an empty broken ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mark {
    /// The status in one word; it names the class in SVG and Mermaid as well.
    pub(super) word: &'static str,
    /// The sign in one column of a terminal.
    pub(super) symbol: char,
    /// The colour where a form has one for light and dark pages.
    pub(super) colour: &'static str,
    /// The sign in SVG, around the point (0, 0): what it lies on, and its path.
    pub(super) disc: &'static str,
    pub(super) path: &'static str,
}

const DISC: &str = r#"<circle class="disc" r="8"/>"#;
const RING: &str = r#"<circle class="ring" r="7"/>"#;
/// The sign of a gate: a new version passes it before others see it.
pub(super) const GATE: char = '◇';
/// In place of a mark's symbol.
pub(super) const NO_MARK: char = '●';

impl Mark {
    /// The status of the marks of a legend, in its order.
    pub(super) const LEGEND: [AssetStatus; 5] = [
        AssetStatus::Fresh,
        AssetStatus::Running,
        AssetStatus::Stale,
        AssetStatus::Missing,
        AssetStatus::Failed,
    ];

    /// The mark of a status. An external asset has none: it has a dashed border.
    pub(super) fn of(status: AssetStatus) -> Option<Self> {
        let (symbol, colour, disc, path) = match status {
            AssetStatus::External => return None,
            AssetStatus::Missing => ('○', "#7d8898", RING, "M-2.8 0H2.8"),
            AssetStatus::Fresh => ('✓', "#1f9254", DISC, "M-3.5 .3L-1.1 2.7L3.5-2.5"),
            AssetStatus::Stale => ('◐', "#c07a00", DISC, "M0-4V.4L2.8 2.2"),
            AssetStatus::Failed => ('✗', "#d13438", DISC, "M-2.8-2.8L2.8 2.8M2.8-2.8L-2.8 2.8"),
            AssetStatus::Running => ('▸', "#2f6fde", DISC, "M-1.8-3.2L3.2 0L-1.8 3.2Z"),
        };
        Some(Self { word: status.as_str(), symbol, colour, disc, path })
    }
}

/// The sign of a status in one column, the same in all drawings.
pub fn symbol(status: AssetStatus) -> char {
    Mark::of(status).map_or(NO_MARK, |mark| mark.symbol)
}
