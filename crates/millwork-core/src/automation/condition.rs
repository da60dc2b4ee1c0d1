//! What a condition is made of.

use std::ops::{BitAnd, BitOr, Not};

use serde::{Deserialize, Serialize};

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
#[non_exhaustive]
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

/// A fact about one asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Operand {
    /// It has no value.
    Missing,
    /// A run is making it, or is going to.
    InProgress,
    /// Its last run failed.
    ExecutionFailed,
    /// It was materialized since the last evaluation.
    NewlyUpdated,
    /// The last evaluation requested it.
    NewlyRequested,
    /// This evaluation requests it.
    WillBeRequested,
    /// The run that materialized it last was to make the asset that has the condition, too.
    ExecutedWithRootTarget,
    /// Its code has changed since the last evaluation.
    CodeVersionChanged,
    /// The condition is evaluated for the first time.
    InitialEvaluation,
    /// A tick of the schedule has passed since the last evaluation.
    CronTickPassed {
        /// The schedule.
        cron: String,
        /// The IANA time zone.
        zone: String,
    },
    /// The check's last verdict was that all is well.
    CheckPassed(String),
    /// The check's last verdict was a failure.
    CheckFailed(String),
    /// The last verdict of any check was a failure.
    AnyCheckFailed,
}

macro_rules! operands {
    ($($(#[$doc:meta])* $name:ident = $operand:ident;)*) => {
        impl AutomationCondition {
            $($(#[$doc])* pub fn $name() -> Self { Self::Operand(Operand::$operand) })*
        }
    };
}

operands! {
    /// The asset has no value.
    missing = Missing;
    /// A run is making the asset, or is going to.
    in_progress = InProgress;
    /// The asset's last run failed. It stays true until a run succeeds: use it with `newly_true`.
    execution_failed = ExecutionFailed;
    /// The asset was materialized since the last evaluation.
    newly_updated = NewlyUpdated;
    /// The last evaluation requested the asset.
    newly_requested = NewlyRequested;
    /// This evaluation requests the asset; of use for upstream assets.
    will_be_requested = WillBeRequested;
    /// The run that materialized the asset last was to make the asset that has the condition, too.
    executed_with_root_target = ExecutedWithRootTarget;
    /// The asset's code has changed since the last evaluation.
    code_version_changed = CodeVersionChanged;
    /// The condition is evaluated for the first time.
    initial_evaluation = InitialEvaluation;
    /// The last verdict of any of the asset's checks was a failure.
    any_check_failed = AnyCheckFailed;
}

impl AutomationCondition {
    /// A tick of the schedule `cron`, in the IANA time zone `zone`, has passed since the last evaluation. False at the
    /// first evaluation.
    pub fn cron_tick_passed(cron: &str, zone: &str) -> Self {
        Self::Operand(Operand::CronTickPassed { cron: cron.into(), zone: zone.into() })
    }

    /// The check's last verdict was that all is well.
    pub fn check_passed(name: &str) -> Self {
        Self::Operand(Operand::CheckPassed(name.into()))
    }

    /// The check's last verdict was a failure.
    pub fn check_failed(name: &str) -> Self {
        Self::Operand(Operand::CheckFailed(name.into()))
    }

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

    fn map_children(self, map: &dyn Fn(Self) -> Self) -> Self {
        let boxed = |condition: Box<Self>| Box::new(map(*condition));
        match self {
            Self::Operand(_) => self,
            Self::And(children) => Self::And(children.into_iter().map(map).collect()),
            Self::Or(children) => Self::Or(children.into_iter().map(map).collect()),
            Self::Not(condition) => Self::Not(boxed(condition)),
            Self::NewlyTrue(condition) => Self::NewlyTrue(boxed(condition)),
            Self::Since { trigger, reset } => Self::Since { trigger: boxed(trigger), reset: boxed(reset) },
            Self::Deps { quantifier, condition, allow, ignore } => {
                Self::Deps { quantifier, condition: boxed(condition), allow, ignore }
            }
            Self::Labelled { label, condition } => Self::Labelled { label, condition: boxed(condition) },
        }
    }

    /// The condition with every part labelled `label` replaced.
    #[must_use]
    pub fn replace(self, label: &str, by: &Self) -> Self {
        match &self {
            Self::Labelled { label: own, .. } if own == label => by.clone(),
            _ => self.map_children(&|child| child.replace(label, by)),
        }
    }

    /// The condition with every part about upstream assets narrowed to those in `selection`.
    #[must_use]
    pub fn allow(self, selection: &str) -> Self {
        match self.map_children(&|child| child.allow(selection)) {
            Self::Deps { quantifier, condition, allow, ignore } => {
                let allow = Some(match allow {
                    Some(old) => format!("({old}) and ({selection})"),
                    None => selection.into(),
                });
                Self::Deps { quantifier, condition, allow, ignore }
            }
            other => other,
        }
    }

    /// The condition with every part about upstream assets narrowed to those that aren't in `selection`.
    #[must_use]
    pub fn ignore(self, selection: &str) -> Self {
        match self.map_children(&|child| child.ignore(selection)) {
            Self::Deps { quantifier, condition, allow, ignore } => {
                let ignore = Some(match ignore {
                    Some(old) => format!("({old}) or ({selection})"),
                    None => selection.into(),
                });
                Self::Deps { quantifier, condition, allow, ignore }
            }
            other => other,
        }
    }

    /// How many conditions the tree has.
    pub(super) fn size(&self) -> usize {
        1 + self.children().into_iter().map(Self::size).sum::<usize>()
    }

    /// How many levels of upstream assets it looks at.
    pub(super) fn depth(&self) -> usize {
        let below = self.children().into_iter().map(Self::depth).max().unwrap_or(0);
        below + usize::from(matches!(self, Self::Deps { .. }))
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
