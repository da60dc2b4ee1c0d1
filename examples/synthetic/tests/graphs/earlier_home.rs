//! A home with the made-up past of a catalog as version 0.1.0 wrote it: partitions, conditions that were evaluated, freshness, ticks.

use std::path::Path;

use crate::earlier::EarlierHome;

/// The commands for definitions that the other homes don't have.
const COMMANDS: [&str; 12] = [
    "status",
    "status --json",
    "automation list",
    "automation list --json",
    "automation explain orders/model_0",
    "automation explain orders/model_0 --json",
    "schedules list --json",
    "schedules next orders_monthly --json",
    "schedules ticks --json",
    "schedules off orders_monthly",
    "schedules on orders_monthly",
    "materialize orders/raw_0 --partition 2026-10-01 --json",
];

fn home() -> EarlierHome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/homes/0.1.0");
    EarlierHome::copied(&folder, env!("CARGO_BIN_EXE_synthetic"), &[("SYNTHETIC_GRAPH", "catalog:100")])
}

#[test]
fn every_command_opens_it() {
    home().shows_everything();
    home().succeeds_with(&COMMANDS);
}

#[test]
fn every_page_and_route_shows_it() {
    home().is_served();
}
