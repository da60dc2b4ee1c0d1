//! Mappings as authors write them.

use super::function::KeyFunction;

/// Which upstream partitions a downstream one takes, as written: nothing is checked until [`resolve`](Self::resolve) knows the
/// dimensions of both assets.
///
/// The choices are [`same`], [`window`], [`overlap`], [`latest`], [`all`], [`only`], [`table`] and [`function`](super::function()), for a
/// whole key or for one [`dimension`]. What isn't written is inferred where one choice is obvious:
/// - dimensions with the same name belong together, as do the only two of windows: windows that overlap, texts that are the same;
/// - of a dimension that downstream lacks, all values are taken;
/// - a dimension that upstream lacks makes no difference;
/// - of an asset without partitions, every partition takes the one value, and an asset without partitions takes all.
///
/// ```
/// use millwork_core::partition::mapping::{MappedAsset, all, window};
/// use millwork_core::partition::{daily, fixed};
///
/// let report = daily("UTC").from("2024-01-01").into();
/// let clicks = daily("UTC").from("2024-01-01").by(fixed(["de", "fr"]).named("country"));
/// let week = window(-6, 0)
///     .dimension("country", all())
///     .tolerate_missing()
///     .resolve(MappedAsset::new("report", Some(&report)), MappedAsset::new("clicks", Some(&clicks)))?;
/// assert_eq!(week.words(), "`time`: the 7 windows up to it; `country`: all");
///
/// let now = "2024-02-01T00:00:00Z".parse().unwrap();
/// let (report, clicks) = (report.space(now)?, clicks.space(now)?);
/// let taken = week.upstream_of(&report.set("2024-01-03")?, &report, &clicks);
/// assert_eq!(clicks.set_text(&taken.keys), "2024-01-01..2024-01-03|*");
/// // The first six days have no full week before them.
/// assert_eq!(taken.lacking, report.set("2024-01-03")?);
/// # Ok::<(), millwork_core::Problem>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    pub(super) whole: Choice,
    pub(super) dimensions: Vec<DimensionChoice>,
    pub(super) tolerates_missing: bool,
    pub(super) words: Option<String>,
}

/// What is taken of an upstream dimension, or of all of them.
#[derive(Clone, Debug, Default)]
pub(super) enum Choice {
    /// What is obvious.
    #[default]
    Inferred,
    Same,
    Overlap,
    Window {
        from: i32,
        to: i32,
    },
    Latest,
    All,
    Only(Vec<String>),
    /// Each downstream text with the upstream ones that it takes.
    Table(Vec<(String, Vec<String>)>),
    Function(KeyFunction),
}

/// What is taken of one upstream dimension.
#[derive(Clone, Debug)]
pub(super) struct DimensionChoice {
    /// The name of the upstream dimension.
    pub(super) upstream: String,
    /// The name of the downstream dimension from which it follows, if it is given.
    pub(super) downstream: Option<String>,
    pub(super) choice: Choice,
}

/// The partition with the same key.
///
/// Windows must be those of one timetable, wherever each definition starts and ends; texts may be more or fewer on either side.
pub fn same() -> Mapping {
    Mapping::of(Choice::Same)
}

/// The windows that overlap the downstream one: the days of a week, the week of a day, in different zones too. Two that only touch don't
/// overlap. A window of which a part lies outside is taken as a whole.
///
/// This is what is inferred of windows. A day that hasn't ended holds back its hours: those that can't wait take the day before by
/// [`window(-1, -1)`](window).
pub fn overlap() -> Mapping {
    Mapping::of(Choice::Overlap)
}

/// The windows from one distance to another, both included: 0 is the one with the same key, −1 the one before it, 1 the one after
/// it. `window(-6, 0)` are the last seven.
///
/// Of another timetable, 0 are all windows that overlap the downstream one, −1 is the one before the first of them and 1 the one after
/// the last. Windows that are excluded upstream are passed over: of working days, the one before Monday is Friday.
pub fn window(from: i32, to: i32) -> Mapping {
    Mapping::of(Choice::Window { from, to })
}

/// The last window that there is upstream, whatever the downstream key.
pub fn latest() -> Mapping {
    Mapping::of(Choice::Latest)
}

/// All partitions, or all values of a dimension, whatever the downstream key.
pub fn all() -> Mapping {
    Mapping::of(Choice::All)
}

/// Some texts of a dimension, whatever the downstream key.
pub fn only<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Mapping {
    Mapping::of(Choice::Only(texts.into_iter().map(Into::into).collect()))
}

/// For each downstream text the upstream ones that it takes, as in `table([("europe", ["de", "fr"]), ("asia", ["in", "jp"])])`.
pub fn table<D: Into<String>, U: Into<String>, R: IntoIterator<Item = U>>(
    rows: impl IntoIterator<Item = (D, R)>,
) -> Mapping {
    let row = |(text, taken): (D, R)| (text.into(), taken.into_iter().map(Into::into).collect());
    Mapping::of(Choice::Table(rows.into_iter().map(row).collect()))
}

/// A choice for one upstream dimension. The others are inferred.
pub fn dimension(upstream: impl Into<String>, mapping: impl Into<Mapping>) -> Mapping {
    Mapping::inferred().dimension(upstream, mapping)
}

/// A choice for one upstream dimension, which follows from a downstream dimension of another name. The others are inferred.
pub fn dimension_from(
    upstream: impl Into<String>,
    downstream: impl Into<String>,
    mapping: impl Into<Mapping>,
) -> Mapping {
    Mapping::inferred().dimension_from(upstream, downstream, mapping)
}

impl Mapping {
    /// What is obvious of both definitions.
    pub fn inferred() -> Self {
        Self::default()
    }

    /// The mapping with another choice for one upstream dimension. It follows from the downstream dimension of the same name, or from the
    /// only one that is left.
    #[must_use]
    pub fn dimension(self, upstream: impl Into<String>, mapping: impl Into<Self>) -> Self {
        self.chosen(upstream.into(), None, mapping.into())
    }

    /// The mapping with another choice for one upstream dimension, which follows from a downstream dimension of another name.
    #[must_use]
    pub fn dimension_from(
        self,
        upstream: impl Into<String>,
        downstream: impl Into<String>,
        mapping: impl Into<Self>,
    ) -> Self {
        self.chosen(upstream.into(), Some(downstream.into()), mapping.into())
    }

    /// The mapping of a step that copes with fewer upstream partitions than the mapping names: those that there aren't, and those without
    /// a value. It must gather several.
    #[must_use]
    pub fn tolerate_missing(self) -> Self {
        Self { tolerates_missing: true, ..self }
    }

    /// The mapping with other words for people, such as `the vehicle of the trip`.
    #[must_use]
    pub fn called(self, words: impl Into<String>) -> Self {
        Self { words: Some(words.into()), ..self }
    }

    fn of(whole: Choice) -> Self {
        Self { whole, ..Self::default() }
    }

    fn chosen(mut self, upstream: String, downstream: Option<String>, mapping: Self) -> Self {
        self.tolerates_missing |= mapping.tolerates_missing;
        self.dimensions.push(DimensionChoice { upstream, downstream, choice: mapping.whole });
        self.dimensions.extend(mapping.dimensions);
        self
    }
}

impl From<KeyFunction> for Mapping {
    fn from(function: KeyFunction) -> Self {
        Self::of(Choice::Function(function))
    }
}
