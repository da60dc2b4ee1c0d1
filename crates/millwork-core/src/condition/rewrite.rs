//! Conditions made from others by replacing or narrowing parts.

use super::AutomationCondition;

impl AutomationCondition {
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

    /// The condition without the parts labelled `label`: from "all of" and "any of" they are left out, anything else
    /// stays.
    #[must_use]
    pub fn without(self, label: &str) -> Self {
        let kept = |child: &Self| !matches!(child, Self::Labelled { label: own, .. } if own == label);
        match self {
            Self::And(children) => Self::And(children.into_iter().filter(kept).collect()),
            Self::Or(children) => Self::Or(children.into_iter().filter(kept).collect()),
            other => other,
        }
        .map_children(&|child| child.without(label))
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
}
