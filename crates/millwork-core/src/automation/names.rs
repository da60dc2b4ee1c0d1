//! The names under which automation is switched on and off, and its runs are found.

use crate::asset::AssetKey;

/// The name of automation as a whole: its switch, its ticks, and the tag of its runs, whose value are the assets that
/// were due.
pub const AUTOMATION: &str = "millwork/automation";

/// The name of one asset's switch.
pub fn switch_of(asset: &AssetKey) -> String {
    format!("{AUTOMATION}:{asset}")
}
