//! A condition as its author writes it: operands joined by operators.
//!
//! The tree is one vector in which an operator comes behind what it joins, as a stack machine reads it: to join two conditions is
//! to append one to the other. Nothing here is recursive (the compiler's own copying and dropping of boxes would be), so a condition that a
//! loop has nested a hundred thousand deep is refused with the pipeline's other problems, and overflows no stack.

use std::fmt;
use std::ops::{BitAnd, BitOr, Not, Range};
use std::time::Duration;

use super::metric::in_words;
use super::nodes::{NodeId, Nodes};
use super::operand::Operand;
use crate::id::AssetKey;

/// When an asset is to be made: operands about the asset, joined by operators. It may be nested
/// [`MOST_LEVELS`](Self::MOST_LEVELS) deep.
///
/// ```
/// use millwork_core::automation::AutomationCondition;
///
/// let condition = AutomationCondition::eager() | AutomationCondition::code_version_changed();
/// assert!(condition.to_string().contains("code_version_changed"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutomationCondition {
    /// Never empty; the last operator is the root.
    operators: Vec<Operator>,
}

/// A node of a condition: what it makes of its children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// A fact about the asset; it has no children.
    Operand(Operand),
    /// All children hold.
    And {
        /// The number of children.
        children: usize,
    },
    /// One of the children holds.
    Or {
        /// The number of children.
        children: usize,
    },
    /// Its child doesn't hold.
    Not,
    /// The first child, the trigger, has held more recently than the second, the reset; where both held last at the same moment, the
    /// reset counts.
    Since,
    /// Its child holds and didn't at the last evaluation.
    NewlyTrue,
    /// Its child holds for any, or all, of the upstream assets.
    Deps {
        /// For how many upstream assets the operand must hold.
        quantifier: Quantifier,
        /// The selection of upstream assets that count; without one, all do.
        allow: Option<String>,
        /// The selection of upstream assets that don't count; `None` if all count.
        ignore: Option<String>,
    },
    /// Its child, with this name in explanations.
    Labelled(String),
    /// Its child holds for a named asset.
    Asset(AssetKey),
    /// Its child held at each of this many materializations in a row of what it looks at.
    ForEvaluations(u32),
    /// Its child holds, and the last run was requested longer ago than this.
    Cooldown(Duration),
    /// Its child holds, and fewer runs than this were requested within a span.
    Budget {
        /// The number of runs.
        runs: u32,
        /// The span, up to the present.
        span: Duration,
    },
}

/// For how many upstream assets a condition has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    /// At least one upstream asset.
    Any,
    /// Every one; true where there is none.
    All,
}

impl Operator {
    pub(super) fn children(&self) -> usize {
        match self {
            Self::Operand(_) => 0,
            Self::And { children } | Self::Or { children } => *children,
            Self::Not
            | Self::NewlyTrue
            | Self::Deps { .. }
            | Self::Labelled(_)
            | Self::Asset(_)
            | Self::ForEvaluations(_)
            | Self::Cooldown(_)
            | Self::Budget { .. } => 1,
            Self::Since => 2,
        }
    }

    /// What an explanation calls it: the name it was given, or its operator.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Operand(operand) => operand.to_string(),
            Self::And { .. } => "all of".into(),
            Self::Or { .. } => "any of".into(),
            Self::Not => "not".into(),
            Self::Since => "the first more recently than the second".into(),
            Self::NewlyTrue => "newly true".into(),
            Self::Deps { quantifier: Quantifier::Any, .. } => "any upstream asset".into(),
            Self::Deps { quantifier: Quantifier::All, .. } => "every upstream asset".into(),
            Self::Labelled(label) => label.clone(),
            Self::Asset(asset) => format!("for {asset}"),
            Self::ForEvaluations(1) => "for 1 evaluation".into(),
            Self::ForEvaluations(evaluations) => format!("for {evaluations} evaluations"),
            Self::Cooldown(span) => format!("with a cooldown of {}", in_words(*span)),
            Self::Budget { runs: 1, span } => format!("with a budget of 1 run in {}", in_words(*span)),
            Self::Budget { runs, span } => format!("with a budget of {runs} runs in {}", in_words(*span)),
        }
    }
}

impl AutomationCondition {
    /// How many operators and operands may lie one below the other: the JSON of an explanation is nested twice as deep, and
    /// many readers take no more than 128 levels. `Definitions::resolve` refuses more.
    pub const MOST_LEVELS: usize = 50;

    pub(super) fn operand(operand: Operand) -> Self {
        Self { operators: vec![Operator::Operand(operand)] }
    }

    pub(super) fn deps(self, quantifier: Quantifier) -> Self {
        self.then(Operator::Deps { quantifier, allow: None, ignore: None })
    }

    /// The condition has held more recently than `reset`.
    #[must_use]
    pub fn since(mut self, reset: Self) -> Self {
        self.operators.extend(reset.operators);
        self.then(Operator::Since)
    }

    /// The condition holds and didn't at the last evaluation.
    #[must_use]
    pub fn newly_true(self) -> Self {
        self.then(Operator::NewlyTrue)
    }

    /// The condition with a name for the explanation and for [`replace`](Self::replace).
    #[must_use]
    pub fn with_label(self, label: &str) -> Self {
        self.then(Operator::Labelled(label.into()))
    }

    /// The condition holds for `asset`, whichever asset or job has it. For a check of a named asset:
    /// `asset_matches("stories", AutomationCondition::check_failed("unique"))`.
    pub fn asset_matches(asset: impl Into<AssetKey>, condition: Self) -> Self {
        condition.then(Operator::Asset(asset.into()))
    }

    /// Any of the conditions holds; of none, none does.
    pub fn any_of(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self::all_under(conditions, |children| Operator::Or { children })
    }

    /// All of the conditions hold.
    pub fn all_of(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self::all_under(conditions, |children| Operator::And { children })
    }

    /// The condition has held at each of the last `evaluations` materializations of what it looks at. One that it couldn't be evaluated
    /// for, as a number is missing or waits for coverage, neither counts nor breaks the row.
    #[must_use]
    pub fn for_evaluations(self, evaluations: u32) -> Self {
        self.then(Operator::ForEvaluations(evaluations))
    }

    /// The condition holds, and the last run of the asset or job was requested this long ago, by the condition or otherwise. Until then, it
    /// is held back.
    #[must_use]
    pub fn cooldown(self, span: Duration) -> Self {
        self.then(Operator::Cooldown(span))
    }

    /// The condition holds, and has requested fewer than `runs` runs within the last `span`. Else it is held back until the earliest of
    /// them is that long ago.
    #[must_use]
    pub fn budget(self, runs: u32, span: Duration) -> Self {
        self.then(Operator::Budget { runs, span })
    }

    /// The condition with every part labelled `label` replaced.
    #[must_use]
    pub fn replace(self, label: &str, by: &Self) -> Self {
        self.rewritten(|written, operator, children| {
            if matches!(&operator, Operator::Labelled(own) if own == label) {
                let start = children.first().map_or(written.len(), |child| child.start);
                written.truncate(start);
                written.extend_from_slice(&by.operators);
            } else {
                written.push(operator);
            }
        })
    }

    /// The condition without the parts labelled `label`: from "all of" and "any of" they are left out, anything else
    /// stays.
    #[must_use]
    pub fn without(self, label: &str) -> Self {
        let cut = |written: &mut Vec<Operator>, children: &[Range<usize>]| {
            let mut left = children.len();
            for child in children.iter().rev() {
                if matches!(&written[child.end - 1], Operator::Labelled(own) if own == label) {
                    written.drain(child.clone());
                    left -= 1;
                }
            }
            left
        };
        self.rewritten(|written, operator, children| {
            let operator = match operator {
                Operator::And { .. } => Operator::And { children: cut(written, children) },
                Operator::Or { .. } => Operator::Or { children: cut(written, children) },
                other @ (Operator::Operand(_)
                | Operator::Not
                | Operator::Since
                | Operator::NewlyTrue
                | Operator::Deps { .. }
                | Operator::Labelled(_)
                | Operator::Asset(_)
                | Operator::ForEvaluations(_)
                | Operator::Cooldown(_)
                | Operator::Budget { .. }) => other,
            };
            written.push(operator);
        })
    }

    /// The condition with every part about upstream assets narrowed to those in `selection`.
    #[must_use]
    pub fn allow(mut self, selection: &str) -> Self {
        for operator in &mut self.operators {
            if let Operator::Deps { allow, .. } = operator {
                *allow = Some(match allow.take() {
                    Some(old) => format!("({old}) and ({selection})"),
                    None => selection.into(),
                });
            }
        }
        self
    }

    /// The condition with every part about upstream assets narrowed to those that aren't in `selection`.
    #[must_use]
    pub fn ignore(mut self, selection: &str) -> Self {
        for operator in &mut self.operators {
            if let Operator::Deps { ignore, .. } = operator {
                *ignore = Some(match ignore.take() {
                    Some(old) => format!("({old}) or ({selection})"),
                    None => selection.into(),
                });
            }
        }
        self
    }

    /// The condition in a word: its label, or all of it.
    pub fn title(&self) -> String {
        if let Some(Operator::Labelled(label)) = self.operators.last() {
            label.clone()
        } else {
            self.to_string()
        }
    }

    /// The operators, each behind its children.
    pub(super) fn operators(&self) -> &[Operator] {
        &self.operators
    }

    fn then(mut self, operator: Operator) -> Self {
        self.operators.push(operator);
        self
    }

    fn all_under(conditions: impl IntoIterator<Item = Self>, join: fn(usize) -> Operator) -> Self {
        let (mut operators, mut children) = (Vec::new(), 0);
        for condition in conditions {
            operators.extend(condition.operators);
            children += 1;
        }
        Self { operators }.then(join(children))
    }

    fn joined(
        mut self,
        other: Self,
        join: fn(usize) -> Operator,
        known: fn(&Operator) -> Option<usize>,
    ) -> Self {
        let children = match self.operators.last().and_then(known) {
            Some(children) => {
                self.operators.pop();
                children + 1
            }
            None => 2,
        };
        self.operators.extend(other.operators);
        self.then(join(children))
    }

    /// Rewrites the operators one after the other. `write` gets the operators written so far, an operator, and the places of its children
    /// among those written.
    fn rewritten(self, mut write: impl FnMut(&mut Vec<Operator>, Operator, &[Range<usize>])) -> Self {
        let mut written = Vec::with_capacity(self.operators.len());
        let mut parts: Vec<Range<usize>> = Vec::new();
        for operator in self.operators {
            let children = parts.split_off(parts.len() - operator.children());
            let start = children.first().map_or(written.len(), |child| child.start);
            write(&mut written, operator, &children);
            parts.push(start..written.len());
        }
        Self { operators: written }
    }
}

impl BitAnd for AutomationCondition {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        let known = |operator: &Operator| {
            if let Operator::And { children } = operator { Some(*children) } else { None }
        };
        self.joined(other, |children| Operator::And { children }, known)
    }
}

impl BitOr for AutomationCondition {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        let known = |operator: &Operator| {
            if let Operator::Or { children } = operator { Some(*children) } else { None }
        };
        self.joined(other, |children| Operator::Or { children }, known)
    }
}

impl Not for AutomationCondition {
    type Output = Self;

    fn not(self) -> Self {
        self.then(Operator::Not)
    }
}

impl fmt::Display for AutomationCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Nodes::of(self).text(NodeId::ROOT))
    }
}
