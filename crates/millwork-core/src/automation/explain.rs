//! Why an asset was requested, or wasn't: as a tree, and as text.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::{AssetMemory, AutomationCondition, Outcome, Truth};
use crate::asset::AssetKey;

/// What the last evaluation of an asset's condition found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The asset.
    pub asset: AssetKey,
    /// The last evaluation that looked at it: nothing that concerns it has happened since.
    pub evaluated_at: Timestamp,
    /// The last request.
    pub requested_at: Option<Timestamp>,
    /// What became of it.
    pub outcome: Outcome,
    /// The same in words, with what stood in the way.
    pub verdict: String,
    /// The condition.
    pub condition: Part,
}

/// A part of a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What it asks.
    pub name: String,
    /// Whether it held.
    pub holds: bool,
    /// For which assets it held, and since which evaluation: the asset itself, or upstream ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub truths: Vec<Truth>,
    /// The parts it is made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// Explains what the last evaluation of an asset found. As text, what was true is marked with `+` and says since when,
/// what wasn't with `-`. Parts about upstream assets name those for which they held.
pub fn explain(key: &AssetKey, condition: &AutomationCondition, memory: &AssetMemory) -> Explanation {
    Explanation {
        asset: key.clone(),
        evaluated_at: memory.evaluated_at,
        requested_at: memory.requested_at,
        outcome: memory.outcome,
        verdict: verdict(condition, memory),
        condition: part(condition, memory, 0),
    }
}

fn verdict(condition: &AutomationCondition, memory: &AssetMemory) -> String {
    let hold = match memory.outcome {
        Outcome::Requested => {
            let mut causes = Vec::new();
            found(condition, memory, 0, &mut causes);
            return format!("requested: {}", causes.join(", "));
        }
        Outcome::Underway => return "not requested again: the run that was requested goes on".into(),
        Outcome::NotDue => {
            let mut reasons = Vec::new();
            missing(condition, memory, 0, &mut reasons);
            return format!("not requested: {}", reasons.join(", "));
        }
        Outcome::Held(hold) => hold,
    };
    match hold.until {
        Some(until) => format!("held back until {until} after {} failures", hold.failures),
        None => {
            format!("held back after {} failures, until it is updated or its code changes", hold.failures)
        }
    }
}

/// The parts without which nothing is requested.
fn missing(condition: &AutomationCondition, memory: &AssetMemory, node: usize, reasons: &mut Vec<String>) {
    match condition {
        AutomationCondition::And(children) => {
            let mut next = node + 1;
            for child in children {
                if !holds(memory, next) {
                    missing(child, memory, next, reasons);
                }
                next += child.size();
            }
        }
        AutomationCondition::Labelled { condition, .. }
            if matches!(**condition, AutomationCondition::And(_)) =>
        {
            missing(condition, memory, node + 1, reasons);
        }
        AutomationCondition::Not(inner) => reasons.push(format!("`{}` holds", short(inner))),
        other => reasons.push(format!("`{}` doesn't hold", short(other))),
    }
}

/// The parts because of which something is requested.
fn found(condition: &AutomationCondition, memory: &AssetMemory, node: usize, causes: &mut Vec<String>) {
    if !holds(memory, node) {
        return;
    }
    match condition {
        AutomationCondition::Not(_) => {}
        AutomationCondition::Operand(operand) => causes.push(operand.to_string()),
        AutomationCondition::Deps { .. } => causes.push(among(&condition.name(), memory, node + 1)),
        AutomationCondition::Labelled { label, condition }
            if matches!(**condition, AutomationCondition::Deps { .. }) =>
        {
            causes.push(among(label, memory, node + 2));
        }
        AutomationCondition::Since { trigger, .. } => {
            let before = causes.len();
            found(trigger, memory, node + 1, causes);
            // The trigger may have held at an earlier evaluation.
            if causes.len() == before {
                causes.push(short(trigger));
            }
        }
        _ => {
            let mut next = node + 1;
            for child in condition.children() {
                found(child, memory, next, causes);
                next += child.size();
            }
        }
    }
}

/// A name, and the assets for which a part held.
fn among(name: &str, memory: &AssetMemory, node: usize) -> String {
    let truths = memory.truths.iter().filter(|truth| truth.node == node);
    let assets: Vec<String> = truths.map(|truth| format!("`{}`", truth.asset)).collect();
    if assets.is_empty() { name.to_owned() } else { format!("{name} ({})", assets.join(", ")) }
}

fn holds(memory: &AssetMemory, node: usize) -> bool {
    memory.truths.iter().any(|truth| truth.node == node)
}

fn part(condition: &AutomationCondition, memory: &AssetMemory, node: usize) -> Part {
    let mut next = node + 1;
    let mut parts = Vec::new();
    for child in condition.children() {
        parts.push(part(child, memory, next));
        next += child.size();
    }
    let truths = memory.truths.iter().filter(|truth| truth.node == node).cloned().collect();
    Part { name: condition.name(), holds: holds(memory, node), truths, parts }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, evaluated at {}: {}", self.asset, self.evaluated_at, self.verdict)?;
        draw(&self.condition, &self.asset, 1, f)
    }
}

fn draw(part: &Part, key: &AssetKey, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mark = if part.holds { '+' } else { '-' };
    write!(f, "{:1$}{mark} {2}", "", depth * 2, part.name)?;
    for (index, truth) in part.truths.iter().enumerate() {
        let lead = if index == 0 { " " } else { ", " };
        match truth.asset == *key {
            true => write!(f, "{lead}since {}", truth.since)?,
            false => write!(f, "{lead}`{}` since {}", truth.asset, truth.since)?,
        }
    }
    writeln!(f)?;
    part.parts.iter().try_for_each(|part| draw(part, key, depth + 1, f))
}

/// The condition in one line, its parts left out where it has a name.
fn short(condition: &AutomationCondition) -> String {
    match condition {
        AutomationCondition::Labelled { label, .. } => label.clone(),
        AutomationCondition::Since { trigger, .. } => short(trigger),
        AutomationCondition::Or(children) => children.iter().map(short).collect::<Vec<_>>().join(" or "),
        other => other.to_string(),
    }
}
