//! Explanations why an asset was requested, or wasn't: as a tree, and as text.
//!
//! An explanation is made of what the last evaluation left in the asset's row, not of another evaluation: it has the decision and
//! its reasons, also after things have changed.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::{AssetMemory, AutomationCondition, Measured, NodeId, Outcome, Truth, watched_model};
use crate::asset::AssetKey;
use crate::condition::{Nodes, Operator};
use crate::graph::AssetGraph;
use crate::partition::{KeyIndex, KeyMoment, KeySet, KeySpace};

/// What the last evaluation of an asset's condition found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The key of the asset.
    pub asset: AssetKey,
    /// The time of its last evaluation: no change has concerned it since.
    pub evaluated_at: Timestamp,
    /// The time of the last request; `None` if it was never requested.
    pub requested_at: Option<Timestamp>,
    /// The outcome of the evaluation.
    pub outcome: Outcome,
    /// The outcome in words, with what kept the asset from being requested.
    pub verdict: String,
    /// The condition, part by part.
    pub condition: Part,
}

/// A part of a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The name of the part, or its operator.
    pub name: String,
    /// Whether the part held.
    pub holds: bool,
    /// What was measured, in words; `None` for a part that compares no numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<String>,
    /// For which assets it held, and since which evaluation: the asset itself, or upstream ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub truths: Vec<Held>,
    /// The parts it is made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// An asset for which a part held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The node of the part in its condition.
    pub node: NodeId,
    /// The asset.
    pub asset: AssetKey,
    /// The evaluation at which it became true; of an asset with partitions, at which it last did so for one more.
    pub since: Timestamp,
    /// For which of its partitions, a few of many; `None` for the asset as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitions: Option<String>,
}

/// Explains what the last evaluation of an asset found; `None` if it was of another condition, as the pipeline has changed since. As
/// text, what was true is marked with `+` and has the time since when, what wasn't with `-`. Parts about upstream assets name
/// those for which they held. Partitions are counted; [`explain_in`] names them.
pub fn explain(key: &AssetKey, condition: &AutomationCondition, memory: &AssetMemory) -> Option<Explanation> {
    explain_by(&|_, keys| counted(keys), key, condition, memory)
}

/// As [`explain`], with the names of partitions as they are at a moment, a few of many.
pub fn explain_in(
    graph: &AssetGraph,
    moment: &KeyMoment,
    key: &AssetKey,
    condition: &AutomationCondition,
    memory: &AssetMemory,
) -> Option<Explanation> {
    let names = |asset: &AssetKey, keys: &KeySet| {
        // What stands for an asset, such as its alias, has its partitions.
        let asset = asset.as_str().split('@').next().unwrap_or_default();
        let space = graph.index(asset).map(|asset| graph.key_space(asset, moment));
        space.map_or_else(|| counted(keys), |space| named(&space, keys))
    };
    explain_by(&names, key, condition, memory)
}

/// How partitions of an asset are called.
type Names<'a> = &'a dyn Fn(&AssetKey, &KeySet) -> String;

fn counted(keys: &KeySet) -> String {
    match keys.count() {
        1 => "1 partition".to_owned(),
        count => format!("{count} partitions"),
    }
}

/// The names of some keys: all of a few, otherwise the first ones and the last.
fn named(space: &KeySpace, keys: &KeySet) -> String {
    const SHOWN: usize = 3;
    let name = |index: &KeyIndex| space.partition_key_at(index).map(|key| format!("`{key}`"));
    let names: Vec<String> = keys.next(None, SHOWN).iter().filter_map(name).collect();
    let (names, count) = (names.join(", "), keys.count());
    if count <= SHOWN as u64 {
        return names;
    }
    let last = keys.page(count - 1, 1).first().and_then(name).unwrap_or_default();
    format!("{names} … {last} ({count} partitions)")
}

fn explain_by(
    names: Names<'_>,
    key: &AssetKey,
    condition: &AutomationCondition,
    memory: &AssetMemory,
) -> Option<Explanation> {
    let nodes = Nodes::of(condition);
    // Node ids belong to one condition: the state of another condition can't be explained.
    if nodes.identity() != memory.condition {
        return None;
    }
    let (truths, measured, evaluated_at) = (&memory.truths, &memory.measured, memory.evaluated_at);
    let is_watch = watched_model(key).is_some();
    let keys = memory.keys.as_ref();
    let evaluated = Evaluated { nodes, truths, measured, evaluated_at, is_watch, key, keys, names };
    Some(Explanation {
        asset: key.clone(),
        evaluated_at: memory.evaluated_at,
        requested_at: memory.requested_at,
        outcome: memory.outcome,
        verdict: evaluated.verdict(memory.outcome),
        condition: evaluated.into_part(),
    })
}

/// A condition, and what was true of it.
struct Evaluated<'a> {
    nodes: Nodes,
    /// By node and asset.
    truths: &'a [Truth],
    /// By node.
    measured: &'a [Measured],
    evaluated_at: Timestamp,
    /// Whether it is that of a watch, which requests nothing.
    is_watch: bool,
    key: &'a AssetKey,
    /// The partitions that the outcome is about; `None` for the asset as a whole.
    keys: Option<&'a KeySet>,
    names: Names<'a>,
}

impl Evaluated<'_> {
    fn verdict(&self, outcome: Outcome) -> String {
        let of = self.keys.filter(|keys| !keys.is_empty());
        let of = of.map(|keys| format!(" for {}", (self.names)(self.key, keys))).unwrap_or_default();
        let hold = match outcome {
            Outcome::Requested if self.is_watch => return format!("holds: {}", self.causes().join(", ")),
            Outcome::NotDue if self.is_watch => {
                return format!("doesn't hold: {}", self.reasons().join(", "));
            }
            Outcome::Requested => return format!("requested{of}: {}", self.causes().join(", ")),
            Outcome::Underway => {
                return format!("not requested again{of}: the requested run is still in progress");
            }
            Outcome::NotDue => return format!("not requested{of}: {}", self.reasons_of_keys().join(", ")),
            Outcome::Held(hold) => hold,
            Outcome::Cooldown { until } => {
                let until = to_the_second(until);
                return format!("held back{of} until {until} by its cooldown: {}", self.causes().join(", "));
            }
            Outcome::BudgetSpent { runs, until } => {
                let (until, causes) = (to_the_second(until), self.causes().join(", "));
                return format!(
                    "held back{of} until {until}, as its budget is spent ({runs} runs): {causes}"
                );
            }
        };
        match hold.until.map(to_the_second) {
            Some(until) => format!("held back{of} until {until} after {} failures", hold.failures),
            None => {
                format!(
                    "held back{of} after {} failures, until it is updated or its code changes",
                    hold.failures
                )
            }
        }
    }

    /// What was measured for a node, in words.
    fn measured(&self, node: NodeId) -> Option<String> {
        let found = self.measured.binary_search_by_key(&node, |measured| measured.node).ok()?;
        let text = self.measured[found].measurement.in_words(self.nodes.operator(node), self.evaluated_at);
        Some(text).filter(|text| !text.is_empty())
    }

    /// Whether numbers decide about a part.
    fn is_measured(&self, node: NodeId) -> bool {
        self.nodes.descendants(node).any(|below| self.measured(below).is_some())
    }

    /// Whether a part held, or was held back.
    fn counts(&self, node: NodeId) -> bool {
        self.holds(node)
            || match self.nodes.operator(node) {
                Operator::Cooldown(_) | Operator::Budget { .. } => true,
                Operator::And { .. } | Operator::Or { .. } | Operator::Labelled(_) => {
                    let mut below = self.nodes.descendants(node).map(|below| self.nodes.operator(below));
                    below.any(|below| matches!(below, Operator::Cooldown(_) | Operator::Budget { .. }))
                }
                Operator::Operand(_)
                | Operator::Not
                | Operator::Since
                | Operator::NewlyTrue
                | Operator::Deps { .. }
                | Operator::Asset(_)
                | Operator::ForEvaluations(_) => false,
            }
    }

    /// The truths of a node.
    fn truths(&self, node: NodeId) -> &[Truth] {
        let start = self.truths.partition_point(|truth| truth.node < node);
        let end = self.truths.partition_point(|truth| truth.node <= node);
        &self.truths[start..end]
    }

    /// Whether a part held for one of the partitions that the outcome is about.
    fn holds(&self, node: NodeId) -> bool {
        self.truths(node).iter().any(|truth| match (&truth.keys, self.keys) {
            (Some(held), Some(keys)) if truth.asset == *self.key => !held.intersection(keys).is_empty(),
            (Some(_) | None, _) => true,
        })
    }

    /// Why nothing is requested of an asset that may have partitions.
    fn reasons_of_keys(&self) -> Vec<String> {
        let Some(keys) = self.keys else { return self.reasons() };
        if keys.is_empty() {
            return vec!["there is no partition yet".to_owned()];
        }
        let mut reasons = match self.holds(NodeId::ROOT) {
            true => Vec::new(),
            false => self.reasons(),
        };
        if reasons.is_empty() {
            reasons.push("there is no partition for which all of it holds".to_owned());
        }
        let older = self.truths(NodeId::ROOT).iter().find_map(|truth| truth.keys.as_ref());
        if let Some(older) = older {
            let older = (self.names)(self.key, older);
            reasons.push(format!("and {older} are not of the latest window (`in_latest_time_window`)"));
        }
        reasons
    }

    /// The child of a label.
    fn labelled(&self, node: NodeId) -> &Operator {
        self.nodes.operator(node.first_child())
    }

    /// The parts without which nothing is requested.
    fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        let mut next = vec![NodeId::ROOT];
        while let Some(node) = next.pop() {
            match self.nodes.operator(node) {
                Operator::And { .. } => {
                    let children = self.nodes.children(node).filter(|child| !self.holds(*child));
                    push_reversed(&mut next, children);
                }
                Operator::Labelled(_) if matches!(self.labelled(node), Operator::And { .. }) => {
                    next.push(node.first_child());
                }
                Operator::Not => {
                    let child = node.first_child();
                    let text = || format!("`{}` holds", self.short(child));
                    reasons.push(self.measured(child).unwrap_or_else(text));
                }
                Operator::Or { .. } if self.is_measured(node) => {
                    push_reversed(&mut next, self.nodes.children(node));
                }
                Operator::Cooldown(_) | Operator::Budget { .. } => next.push(node.first_child()),
                Operator::Labelled(_) | Operator::Asset(_) if self.is_measured(node) => {
                    next.push(node.first_child());
                }
                Operator::ForEvaluations(_) => {
                    let below = self.short(node.first_child());
                    reasons.extend(self.measured(node).map(|count| format!("`{below}`: {count}")));
                }
                Operator::Operand(_) if self.measured(node).is_some() => reasons.extend(self.measured(node)),
                Operator::Operand(_)
                | Operator::Asset(_)
                | Operator::Or { .. }
                | Operator::Since
                | Operator::NewlyTrue
                | Operator::Deps { .. }
                | Operator::Labelled(_) => reasons.push(format!("`{}` doesn't hold", self.short(node))),
            }
        }
        reasons
    }

    /// The parts because of which something is requested.
    fn causes(&self) -> Vec<String> {
        enum Next {
            Part(NodeId),
            /// A trigger that may have held at an earlier evaluation, and the number of causes before it was visited.
            Trigger(NodeId, usize),
        }
        let mut causes = Vec::new();
        let mut next = vec![Next::Part(NodeId::ROOT)];
        while let Some(one) = next.pop() {
            let node = match one {
                Next::Part(node) if self.counts(node) => node,
                Next::Part(_) => continue,
                Next::Trigger(trigger, before) => {
                    if causes.len() == before {
                        causes.push(self.short(trigger));
                    }
                    continue;
                }
            };
            let operator = self.nodes.operator(node);
            match operator {
                Operator::Not => {}
                Operator::Operand(operand) => {
                    causes.push(self.measured(node).unwrap_or_else(|| operand.to_string()));
                }
                Operator::Asset(asset) => {
                    let child = self.nodes.operator(node.first_child());
                    match child {
                        Operator::Operand(operand) if self.measured(node.first_child()).is_none() => {
                            causes.push(format!("{operand} of `{asset}`"));
                        }
                        Operator::Operand(_)
                        | Operator::And { .. }
                        | Operator::Or { .. }
                        | Operator::Not
                        | Operator::Since
                        | Operator::NewlyTrue
                        | Operator::Deps { .. }
                        | Operator::Labelled(_)
                        | Operator::Asset(_)
                        | Operator::ForEvaluations(_)
                        | Operator::Cooldown(_)
                        | Operator::Budget { .. } => next.push(Next::Part(node.first_child())),
                    }
                }
                Operator::Deps { .. } => causes.push(self.among(&operator.name(), node.first_child())),
                Operator::Labelled(label) if matches!(self.labelled(node), Operator::Deps { .. }) => {
                    causes.push(self.among(label, node.first_child().first_child()));
                }
                Operator::Since => {
                    let trigger = node.first_child();
                    next.extend([Next::Trigger(trigger, causes.len()), Next::Part(trigger)]);
                }
                Operator::And { .. }
                | Operator::Or { .. }
                | Operator::NewlyTrue
                | Operator::Labelled(_)
                | Operator::ForEvaluations(_)
                | Operator::Cooldown(_)
                | Operator::Budget { .. } => {
                    push_reversed(&mut next, self.nodes.children(node).map(Next::Part));
                }
            }
        }
        causes
    }

    /// A name, and the assets for which a part held.
    fn among(&self, name: &str, node: NodeId) -> String {
        let assets: Vec<String> =
            self.truths(node).iter().map(|truth| format!("`{}`{}", truth.asset, self.of(truth))).collect();
        if assets.is_empty() { name.to_owned() } else { format!("{name} ({})", assets.join(", ")) }
    }

    /// The partitions of an asset for which a part held, in parentheses.
    fn of(&self, truth: &Truth) -> String {
        let keys = truth.keys.as_ref();
        keys.map(|keys| format!(" ({})", (self.names)(&truth.asset, keys))).unwrap_or_default()
    }

    /// A part in one line, its own parts left out where it has a name.
    fn short(&self, part: NodeId) -> String {
        let mut names = Vec::new();
        let mut next = vec![part];
        while let Some(node) = next.pop() {
            match self.nodes.operator(node) {
                Operator::Labelled(label) => names.push(label.clone()),
                Operator::Since => next.push(node.first_child()),
                Operator::Or { .. } => push_reversed(&mut next, self.nodes.children(node)),
                Operator::Operand(_)
                | Operator::And { .. }
                | Operator::Not
                | Operator::NewlyTrue
                | Operator::Deps { .. }
                | Operator::Asset(_)
                | Operator::ForEvaluations(_)
                | Operator::Cooldown(_)
                | Operator::Budget { .. } => names.push(self.nodes.text(node)),
            }
        }
        names.join(" or ")
    }

    /// All parts. Backwards, the parts that a part is made of are the last ones made.
    fn into_part(self) -> Part {
        let mut made: Vec<Part> = Vec::new();
        for node in self.nodes.ids().rev() {
            let mut parts = made.split_off(made.len() - self.nodes.children(node).count());
            parts.reverse();
            let truths = self.truths(node).iter().map(|truth| Held {
                node,
                asset: truth.asset.clone(),
                since: truth.since,
                partitions: truth.keys.as_ref().map(|keys| (self.names)(&truth.asset, keys)),
            });
            let truths: Vec<Held> = truths.collect();
            made.push(Part {
                name: self.nodes.operator(node).name(),
                holds: !truths.is_empty(),
                measured: self.measured(node),
                truths,
                parts,
            });
        }
        made.pop().expect("a condition has a root")
    }
}

/// Puts something on a stack so that the first is taken first.
fn push_reversed<T>(stack: &mut Vec<T>, items: impl Iterator<Item = T>) {
    let start = stack.len();
    stack.extend(items);
    stack[start..].reverse();
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, evaluated at {}: {}", self.asset, to_the_second(self.evaluated_at), self.verdict)?;
        draw(&self.condition, &self.asset, 1, f)
    }
}

/// A time without the fractions of its second.
fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn draw(part: &Part, key: &AssetKey, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mark = if part.holds { '+' } else { '-' };
    write!(f, "{:1$}{mark} {2}", "", depth * 2, part.name)?;
    for (index, truth) in part.truths.iter().enumerate() {
        let lead = if index == 0 { " " } else { ", " };
        match truth.asset == *key {
            true => write!(f, "{lead}since {}", to_the_second(truth.since))?,
            false => write!(f, "{lead}`{}` since {}", truth.asset, to_the_second(truth.since))?,
        }
        if let Some(partitions) = &truth.partitions {
            write!(f, " for {partitions}")?;
        }
    }
    if let Some(measured) = &part.measured {
        write!(f, ": {measured}")?;
    }
    writeln!(f)?;
    part.parts.iter().try_for_each(|part| draw(part, key, depth + 1, f))
}
