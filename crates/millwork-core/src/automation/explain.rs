//! Why an asset was requested, or wasn't, as text.

use std::fmt::{self, Write};

use super::{AssetMemory, AutomationCondition, Quantifier};
use crate::asset::AssetKey;

/// Draws the tree of an asset's condition as its last evaluation found it: what was true is marked with `+` and says
/// since when, what wasn't with `-`. Parts about upstream assets name those for which they held.
pub fn explain(key: &AssetKey, condition: &AutomationCondition, memory: &AssetMemory) -> String {
    let mut text = format!("{key}, evaluated at {}: {}\n", memory.evaluated_at, verdict(memory));
    draw(key, condition, memory, 0, 0, &mut text);
    text
}

fn verdict(memory: &AssetMemory) -> String {
    let due = memory.truths.first().is_some_and(|truth| truth.node == 0);
    match (due, memory.hold) {
        (_, Some(hold)) => match hold.until {
            Some(until) => format!("held back until {until} after {} failures", hold.failures),
            None => {
                format!("held back after {} failures, until it is updated or its code changes", hold.failures)
            }
        },
        (true, None) => "requested".into(),
        (false, None) => "not requested".into(),
    }
}

fn draw(
    key: &AssetKey,
    condition: &AutomationCondition,
    memory: &AssetMemory,
    node: usize,
    depth: usize,
    text: &mut String,
) {
    let truths: Vec<_> = memory.truths.iter().filter(|truth| truth.node == node).collect();
    let mark = if truths.is_empty() { '-' } else { '+' };
    let _ = write!(text, "{:1$}{mark} {2}", "", depth * 2 + 2, name(condition));
    for (index, truth) in truths.iter().enumerate() {
        let lead = if index == 0 { " " } else { ", " };
        let _ = match truth.asset == *key {
            true => write!(text, "{lead}since {}", truth.since),
            false => write!(text, "{lead}`{}` since {}", truth.asset, truth.since),
        };
    }
    text.push('\n');
    let mut next = node + 1;
    for child in condition.children() {
        draw(key, child, memory, next, depth + 1, text);
        next += child.size();
    }
}

fn name(condition: &AutomationCondition) -> String {
    match condition {
        AutomationCondition::Operand(operand) => operand.to_string(),
        AutomationCondition::And(_) => "all of".into(),
        AutomationCondition::Or(_) => "any of".into(),
        AutomationCondition::Not(_) => "not".into(),
        AutomationCondition::Since { .. } => "the first more recently than the second".into(),
        AutomationCondition::NewlyTrue(_) => "newly true".into(),
        AutomationCondition::Deps { quantifier: Quantifier::Any, .. } => "any upstream asset".into(),
        AutomationCondition::Deps { quantifier: Quantifier::All, .. } => "every upstream asset".into(),
        AutomationCondition::Labelled { label, .. } => label.clone(),
    }
}

impl fmt::Display for AutomationCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Operand(operand) = self {
            return operand.fmt(f);
        }
        write!(f, "{}(", name(self))?;
        for (index, child) in self.children().into_iter().enumerate() {
            write!(f, "{}{child}", if index == 0 { "" } else { ", " })?;
        }
        f.write_str(")")
    }
}
