//! The dimensions of keys, as authors write them.

use std::collections::HashSet;
use std::fmt;

use jiff::Timestamp;

use super::key_space::{Axis, KeySpace, Texts};
use super::{FixedTexts, KeyValue, TimeWindows};
use crate::problem::Problem;

/// One dimension of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Its name, by which messages and pages call it: letters, digits, `_` and `-`.
    pub name: String,
    /// The values it has.
    pub kind: DimensionKind,
}

/// The values of a dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DimensionKind {
    /// Windows of time.
    Windows(TimeWindows),
    /// A list of texts, in its order.
    Fixed(Vec<String>),
    /// Texts that are added and removed at run time, under the name of the dimension.
    Dynamic,
}

/// The dimensions of keys, in their order: every value of one goes with every value of another.
///
/// ```
/// use millwork_core::partition::{daily, dynamic, fixed};
///
/// let dimensions = daily("Europe/Berlin").from("2024-01-01").by(dynamic("countries")).by(fixed(["a", "b"]).named("arm"));
/// assert!(dimensions.problems().is_empty());
///
/// let now = "2024-01-03T12:00:00Z".parse().unwrap();
/// let mut keys = dimensions.space(now)?;
/// keys.texts_mut("countries").unwrap().add("de");
/// assert_eq!(keys.all().count(), 4);
/// assert_eq!(keys.key("2024-01-02|de|a")?.text(), "2024-01-02|de|a");
/// # Ok::<(), millwork_core::Problem>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimensions(Vec<Dimension>);

/// A dimension of texts, in their order. It is called `fixed` unless it is [named](Dimension::named).
pub fn fixed<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Dimension {
    let texts = texts.into_iter().map(Into::into).collect();
    Dimension { name: "fixed".to_owned(), kind: DimensionKind::Fixed(texts) }
}

/// A dimension of the texts of an enum with `#[derive(FromPartitionKey)]`, in the order of its variants, and called by its name in snake case:
/// of `enum Arm { A, B }` the texts `a` and `b` under the name `arm`. The list and what a function takes can't differ.
///
/// ```
/// use millwork_core::partition::{fixed, fixed_of};
///
/// // A `bool` is such a type as well.
/// assert_eq!(fixed_of::<bool>().named("is_new"), fixed(["false", "true"]).named("is_new"));
/// ```
pub fn fixed_of<K: FixedTexts>() -> Dimension {
    fixed(K::TEXTS.iter().copied()).named(K::NAME)
}

/// A dimension of texts that are added and removed at run time, under a name that several assets may share.
pub fn dynamic(name: impl Into<String>) -> Dimension {
    Dimension { name: name.into(), kind: DimensionKind::Dynamic }
}

impl TimeWindows {
    /// The windows as a dimension with a name. Without one it is called `time`.
    pub fn named(self, name: impl Into<String>) -> Dimension {
        Dimension { name: name.into(), kind: DimensionKind::Windows(self) }
    }

    /// The windows crossed with another dimension.
    pub fn by(self, other: impl Into<Dimension>) -> Dimensions {
        Dimensions::from(self).by(other)
    }
}

impl From<TimeWindows> for Dimension {
    fn from(windows: TimeWindows) -> Self {
        windows.named("time")
    }
}

impl Dimension {
    /// The dimension with another name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// The dimension crossed with another one.
    pub fn by(self, other: impl Into<Self>) -> Dimensions {
        Dimensions::from(self).by(other)
    }

    /// Whether its texts are added and removed at run time.
    pub fn is_dynamic(&self) -> bool {
        self.kind == DimensionKind::Dynamic
    }

    /// Whether its texts are listed in the definition.
    pub fn is_fixed(&self) -> bool {
        match self.kind {
            DimensionKind::Fixed(_) => true,
            DimensionKind::Windows(_) | DimensionKind::Dynamic => false,
        }
    }

    /// Its values, none of a dynamic dimension; or at least one problem.
    fn axis(&self) -> Result<Axis, Vec<Problem>> {
        let axis = match &self.kind {
            DimensionKind::Windows(windows) => windows.calendar().map(Axis::Windows),
            DimensionKind::Fixed(texts) => fixed_texts(texts).map(Axis::Texts),
            DimensionKind::Dynamic => Ok(Axis::Texts(Texts::default())),
        };
        let within = |problem: Problem| problem.within(format!("the dimension `{}`", self.name));
        axis.map_err(|problems| problems.into_iter().map(within).collect())
    }
}

impl<D: Into<Dimension>> From<D> for Dimensions {
    fn from(dimension: D) -> Self {
        Self(vec![dimension.into()])
    }
}

impl Dimensions {
    /// The dimensions with one more.
    #[must_use]
    pub fn by(mut self, other: impl Into<Dimension>) -> Self {
        self.0.push(other.into());
        self
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Dimension> {
        self.0.iter()
    }

    /// Whether any of them has windows of time.
    pub fn have_windows(&self) -> bool {
        self.0.iter().any(|dimension| matches!(dimension.kind, DimensionKind::Windows(_)))
    }

    /// All that is wrong with them: names that are none or are given twice, and what is wrong with each.
    pub fn problems(&self) -> Vec<Problem> {
        self.axes().err().unwrap_or_default()
    }

    /// The keys that there are `now`. Those of dynamic dimensions are added by [`KeySpace::texts_mut`].
    ///
    /// # Errors
    ///
    /// The first of [`problems`](Self::problems).
    pub fn space(&self, now: Timestamp) -> Result<KeySpace, Problem> {
        let axes = self.axes().map_err(|mut problems| problems.swap_remove(0))?;
        Ok(KeySpace::new(axes, now))
    }

    /// The values of each dimension, or at least one problem.
    pub(super) fn axes(&self) -> Result<Vec<(String, Axis)>, Vec<Problem>> {
        let (mut axes, mut problems, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        for dimension in &self.0 {
            problems.extend(name_problem(&dimension.name));
            if !seen.insert(&dimension.name) {
                let problem = Problem::new(format!("two dimensions are called `{}`", dimension.name));
                problems.push(problem.with_hint("give one another name, as in `.named(\"arm\")`"));
            }
            match dimension.axis() {
                Ok(axis) => axes.push((dimension.name.clone(), axis)),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(axes) } else { Err(problems) }
    }
}

/// What they are, such as `` `time` (daily windows in UTC from 2024-01-01) × `country` (dynamic texts) ``.
impl fmt::Display for Dimensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Dimension { name, kind }) in self.0.iter().enumerate() {
            let between = if place > 0 { " × " } else { "" };
            write!(f, "{between}`{name}` ({kind})")?;
        }
        Ok(())
    }
}

impl fmt::Display for DimensionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Windows(windows) => {
                let start = windows.start.as_deref().unwrap_or_default();
                write!(f, "{} in {} from {start}", windows.every.windows(), windows.zone)?;
                windows.end.as_ref().map_or(Ok(()), |end| write!(f, " until {end}"))
            }
            Self::Fixed(texts) => f.write_str(&quoted(texts)),
            Self::Dynamic => f.write_str("dynamic texts"),
        }
    }
}

fn name_problem(name: &str) -> Option<Problem> {
    let allowed = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-');
    let message = if name.is_empty() {
        "a dimension has no name".to_owned()
    } else {
        let character = name.chars().find(|character| !allowed(*character))?;
        format!("the name `{name}` of a dimension contains {character:?}")
    };
    Some(Problem::new(message).with_hint("a name has letters, digits, `_` and `-`"))
}

/// The texts of a list, or at least one problem.
fn fixed_texts(texts: &[String]) -> Result<Texts, Vec<Problem>> {
    if texts.is_empty() {
        let problem = Problem::new("it has no text");
        return Err(vec![problem.with_hint("list at least one, as in `fixed([\"de\", \"fr\"])`")]);
    }
    let mut problems: Vec<Problem> = texts.iter().filter_map(|text| KeyValue::text_problem(text)).collect();
    let mut seen = HashSet::new();
    let twice = texts.iter().filter(|text| !seen.insert(*text));
    problems.extend(
        twice.map(|text| Problem::new(format!("it has the text `{text}` twice")).with_hint("list it once")),
    );
    if problems.is_empty() { Ok(Texts::new(texts)) } else { Err(problems) }
}

/// Some of a list of texts.
pub(super) fn quoted(texts: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = texts.iter().take(SHOWN).map(|text| format!("`{text}`")).collect();
    let rest = if texts.len() > SHOWN { ", …" } else { "" };
    format!("{}{rest}", shown.join(", "))
}
