//! The main number of an asset on a page: its label, its value, and which direction is better.

use millwork_core::asset::plot::short_number;
use millwork_core::{Better, MainNumber, MetricChange};
use millwork_draw::plot::sparkline;

use crate::asset_status::Trend;

/// A main number in words, for `main_number.html`.
pub(super) struct Shown {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) better: Option<Better>,
    /// The change from the value before, and how large it is.
    pub(super) change: Option<(MetricChange, String)>,
}

impl Shown {
    /// The number of one materialization.
    pub(super) fn of(number: MainNumber<'_>) -> Self {
        Self {
            label: number.label.to_owned(),
            value: short_number(number.value),
            better: number.better,
            change: None,
        }
    }

    /// The newest number of a trend, compared with the one before.
    pub(super) fn newest(trend: &Trend) -> Self {
        let by = trend.newest().zip(trend.before()).map(|(newest, before)| (newest - before).abs());
        let by = by.filter(|by| by.is_finite()).map(|by| format!(" by {}", short_number(by)));
        Self {
            label: trend.label().to_owned(),
            value: trend.newest().map(short_number).unwrap_or_default(),
            better: trend.better(),
            change: trend.change().map(|change| (change, by.unwrap_or_default())),
        }
    }
}

/// The values of a trend as a small drawing; empty if there are fewer than two.
pub(super) fn spark(trend: &Trend) -> String {
    sparkline(&trend.values()).unwrap_or_default()
}
