//! What a condition is made of.

use std::fmt;
use std::ops::{BitAnd, BitOr, Not};

use serde::{Deserialize, Serialize};

use super::Operand;

/// When an asset is to be made: operands about the asset, joined by operators.
///
/// ```
/// use millwork_core::automation::AutomationCondition;
///
/// let condition = AutomationCondition::eager() | AutomationCondition::code_version_changed();
/// assert!(condition.to_string().contains("code_version_changed"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutomationCondition {
    /// A fact about the asset.
    Operand(Operand),
    /// All of them hold.
    And(Vec<AutomationCondition>),
    /// One of them holds.
    Or(Vec<AutomationCondition>),
    /// It doesn't hold.
    Not(Box<AutomationCondition>),
    /// The trigger has held more recently than the reset; where both held last at the same moment, the reset counts.
    Since {
        /// What makes it true.
        trigger: Box<AutomationCondition>,
        /// What makes it false again.
        reset: Box<AutomationCondition>,
    },
    /// It holds and didn't at the last evaluation.
    NewlyTrue(Box<AutomationCondition>),
    /// It holds for any, or all, of the upstream assets.
    Deps {
        /// For how many.
        quantifier: Quantifier,
        /// What.
        condition: Box<AutomationCondition>,
        /// The selection of upstream assets that count; nothing for all.
        allow: Option<String>,
        /// The selection of upstream assets that don't.
        ignore: Option<String>,
    },
    /// A condition with a name for the explanation.
    Labelled {
        /// The name.
        label: String,
        /// The condition.
        condition: Box<AutomationCondition>,
    },
}

/// For how many upstream assets a condition has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantifier {
    /// At least one.
    Any,
    /// Every one; true where there is none.
    All,
}

impl AutomationCondition {
    /// The condition has held more recently than `reset`.
    #[must_use]
    pub fn since(self, reset: Self) -> Self {
        Self::Since { trigger: Box::new(self), reset: Box::new(reset) }
    }

    /// The condition holds and didn't at the last evaluation.
    #[must_use]
    pub fn newly_true(self) -> Self {
        Self::NewlyTrue(Box::new(self))
    }

    /// The condition with a name for the explanation and for [`replace`](Self::replace).
    #[must_use]
    pub fn with_label(self, label: &str) -> Self {
        Self::Labelled { label: label.into(), condition: Box::new(self) }
    }

    /// The conditions directly below this one.
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Operand(_) => Vec::new(),
            Self::And(children) | Self::Or(children) => children.iter().collect(),
            Self::Since { trigger, reset } => vec![trigger, reset],
            Self::Not(condition)
            | Self::NewlyTrue(condition)
            | Self::Deps { condition, .. }
            | Self::Labelled { condition, .. } => vec![condition],
        }
    }

    /// The condition in a word: its label, or all of it.
    pub fn title(&self) -> String {
        match self {
            Self::Labelled { label, .. } => label.clone(),
            other => other.to_string(),
        }
    }

    /// How many conditions the tree has.
    pub(crate) fn size(&self) -> usize {
        1 + self.children().into_iter().map(Self::size).sum::<usize>()
    }

    /// How many levels of upstream assets it looks at.
    pub(crate) fn depth(&self) -> usize {
        let below = self.children().into_iter().map(Self::depth).max().unwrap_or(0);
        below + usize::from(matches!(self, Self::Deps { .. }))
    }

    /// What an explanation calls it: the name it was given, or its operator.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Operand(operand) => operand.to_string(),
            Self::And(_) => "all of".into(),
            Self::Or(_) => "any of".into(),
            Self::Not(_) => "not".into(),
            Self::Since { .. } => "the first more recently than the second".into(),
            Self::NewlyTrue(_) => "newly true".into(),
            Self::Deps { quantifier: Quantifier::Any, .. } => "any upstream asset".into(),
            Self::Deps { quantifier: Quantifier::All, .. } => "every upstream asset".into(),
            Self::Labelled { label, .. } => label.clone(),
        }
    }
}

impl BitAnd for AutomationCondition {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        let mut children = if let Self::And(children) = self { children } else { vec![self] };
        children.push(other);
        Self::And(children)
    }
}

impl BitOr for AutomationCondition {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        let mut children = if let Self::Or(children) = self { children } else { vec![self] };
        children.push(other);
        Self::Or(children)
    }
}

impl Not for AutomationCondition {
    type Output = Self;

    fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}

impl fmt::Display for AutomationCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Operand(operand) = self {
            return operand.fmt(f);
        }
        write!(f, "{}(", self.name())?;
        for (index, child) in self.children().into_iter().enumerate() {
            write!(f, "{}{child}", if index == 0 { "" } else { ", " })?;
        }
        f.write_str(")")
    }
}
