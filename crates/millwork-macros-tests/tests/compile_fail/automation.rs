//! Conditions that are none.

use millwork::{AutomationCondition, Retry, asset};

#[asset(automation = "eager")]
fn by_name() -> f64 {
    0.5
}

#[asset(automation = Retry::none())]
fn of_another_type() -> f64 {
    0.5
}

#[asset(automation = AutomationCondition::eager)]
fn without_parentheses() -> f64 {
    0.5
}

fn main() {}
