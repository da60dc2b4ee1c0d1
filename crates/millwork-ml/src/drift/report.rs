//! The drift report: how far a sample is from the reference, column by column, by counting both in the same bins.
//!
//! What a sample has and the other has not must fall into a bin of its own, or no measure over the bins can see it. So a
//! value that takes a tenth of the reference and more is a bin by itself, and not the start of one that reaches to the next
//! quantile: a reference of one value would else share a bin with everything above.

use std::collections::BTreeMap;

use millwork_core::asset::plot::Plot;
use millwork_core::{MetadataValue, Table};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::drift::profile::{CategoryCounts, Column, Kept};
use crate::drift::{
    ChiSquare, DriftError, KolmogorovSmirnov, Profile, chi_square, jensen_shannon_distance,
    kolmogorov_smirnov, population_stability_index, wasserstein_distance,
};

/// From where on a column has drifted. What may be chance is none: the index of a sample of few rows in many categories is large without
/// any change, so a column is stable where the chi-square test of its bins or categories, nulls among them, has a p-value of 0.05 or more.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DriftThresholds {
    /// The population stability index from which on a change is moderate.
    #[schemars(range(min = 0.0))]
    pub moderate: f64,
    /// The population stability index from which on a change is significant.
    #[schemars(range(min = 0.0))]
    pub significant: f64,
}

impl Default for DriftThresholds {
    fn default() -> Self {
        Self { moderate: 0.1, significant: 0.25 }
    }
}

/// How much a column has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DriftLevel {
    /// The distribution has hardly shifted.
    Stable,
    /// Enough to look at.
    Moderate,
    /// The distribution has shifted enough to act.
    Significant,
}

/// How far a sample is from the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriftReport {
    /// The columns that both have, by name.
    pub columns: Vec<ColumnDrift>,
    /// The columns that only the reference has.
    pub missing: Vec<String>,
    /// The columns that only the current sample has.
    pub unexpected: Vec<String>,
}

/// How far a column is from the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnDrift {
    /// The name of the column.
    pub column: String,
    /// The population stability index over ten bins of about as many of the reference's numbers, or over the categories,
    /// and null.
    pub population_stability_index: f64,
    /// The Jensen–Shannon distance over the same bins.
    pub jensen_shannon: f64,
    /// The test of numbers; `None` for categories, or if a sample has no numbers. Of more than 10,000 numbers it is the test of the
    /// 10,000 that are kept, whose p-value is too large rather than too small.
    pub kolmogorov_smirnov: Option<KolmogorovSmirnov>,
    /// The distance of numbers in their unit; `None` for categories, or if a sample has no numbers.
    pub wasserstein: Option<f64>,
    /// The test of categories, null among them; `None` for numbers.
    pub chi_square: Option<ChiSquare>,
    /// The share of nulls in the reference.
    pub reference_nulls: f64,
    /// The share of nulls in the current sample.
    pub current_nulls: f64,
    /// How much it has changed, by the population stability index.
    #[serde(rename = "verdict")]
    pub level: DriftLevel,
}

impl Profile {
    /// How far this sample is from the reference.
    ///
    /// # Errors
    ///
    /// When a column that both have is empty in one of them or of another kind, or the thresholds don't ascend.
    pub fn drift_from(
        &self,
        reference: &Self,
        thresholds: &DriftThresholds,
    ) -> Result<DriftReport, DriftError> {
        let DriftThresholds { moderate, significant } = *thresholds;
        if !(0.0 <= moderate && moderate <= significant) {
            return Err(DriftError::Thresholds { moderate, significant });
        }
        let both = reference.columns.iter().filter_map(|(name, of_reference)| {
            Some(ColumnDrift::of(name, of_reference, self.columns.get(name)?, thresholds))
        });
        let only = |these: &Self, others: &Self| {
            these.columns.keys().filter(|name| !others.columns.contains_key(*name)).cloned().collect()
        };
        Ok(DriftReport {
            columns: both.collect::<Result<_, _>>()?,
            missing: only(reference, self),
            unexpected: only(self, reference),
        })
    }
}

impl DriftReport {
    /// The columns with a significant change.
    pub fn drifted(&self) -> impl Iterator<Item = &ColumnDrift> {
        self.columns.iter().filter(|column| column.level == DriftLevel::Significant)
    }
}

impl ColumnDrift {
    fn of(
        name: &str,
        reference: &Column,
        current: &Column,
        thresholds: &DriftThresholds,
    ) -> Result<Self, DriftError> {
        let [reference_counts, current_counts] = match (&reference.kept, &current.kept) {
            (Kept::Numbers(numbers), Kept::Numbers(others)) => binned(numbers, others),
            (Kept::CategoryCounts(counts), Kept::CategoryCounts(others)) => by_category(counts, others),
            (Kept::Numbers(_), Kept::CategoryCounts(_)) | (Kept::CategoryCounts(_), Kept::Numbers(_)) => {
                return Err(DriftError::Kinds { column: name.to_owned() });
            }
        };
        let with_nulls = |mut counts: Vec<f64>, column: &Column| {
            // The numbers of a large sample are fewer than its rows.
            let kept: f64 = counts.iter().sum();
            let weight = if kept > 0.0 { (column.rows - column.nulls) as f64 / kept } else { 1.0 };
            counts.iter_mut().for_each(|count| *count *= weight);
            counts.push(column.nulls as f64);
            counts
        };
        let (left, right) = (with_nulls(reference_counts, reference), with_nulls(current_counts, current));
        let index = population_stability_index(&left, &right)?;
        let test = chi_square(&left, &right)?;
        let drift = Self {
            column: name.to_owned(),
            population_stability_index: index,
            jensen_shannon: jensen_shannon_distance(&left, &right)?,
            kolmogorov_smirnov: None,
            wasserstein: None,
            chi_square: None,
            reference_nulls: reference.nulls as f64 / reference.rows as f64,
            current_nulls: current.nulls as f64 / current.rows as f64,
            level: if test.p_value < CHANCE { thresholds.level(index) } else { DriftLevel::Stable },
        };
        match (&reference.kept, &current.kept) {
            (Kept::Numbers(numbers), Kept::Numbers(others)) if !numbers.is_empty() && !others.is_empty() => {
                Ok(Self {
                    kolmogorov_smirnov: Some(kolmogorov_smirnov(numbers, others)?),
                    wasserstein: Some(wasserstein_distance(numbers, others)?),
                    ..drift
                })
            }
            (Kept::CategoryCounts(_), _) => Ok(Self { chi_square: Some(test), ..drift }),
            (Kept::Numbers(_), Kept::Numbers(_) | Kept::CategoryCounts(_)) => Ok(drift),
        }
    }
}

/// The probability of a difference without any change from which on it isn't taken for one.
const CHANCE: f64 = 0.05;

impl DriftThresholds {
    fn level(&self, index: f64) -> DriftLevel {
        if index >= self.significant {
            DriftLevel::Significant
        } else if index >= self.moderate {
            DriftLevel::Moderate
        } else {
            DriftLevel::Stable
        }
    }
}

/// How far each column has drifted, as bars.
impl From<&DriftReport> for Plot {
    fn from(report: &DriftReport) -> Self {
        let bar = |column: &ColumnDrift| (column.column.clone(), column.population_stability_index);
        Self::bars("Population stability index by column", report.columns.iter().map(bar))
    }
}

/// A row per column, the most changed first.
impl From<&DriftReport> for MetadataValue {
    fn from(report: &DriftReport) -> Self {
        let mut columns: Vec<&ColumnDrift> = report.columns.iter().collect();
        columns.sort_by(|left, right| {
            right.population_stability_index.total_cmp(&left.population_stability_index)
        });
        let table = Table::new([
            ("column", "text"),
            ("verdict", "text"),
            ("PSI", "f64"),
            ("Jensen–Shannon", "f64"),
            ("Wasserstein", "f64"),
            ("p-value", "f64"),
            ("nulls before", "f64"),
            ("nulls now", "f64"),
        ]);
        Self::Table(columns.into_iter().fold(table, |table, column| {
            let p_value = column
                .kolmogorov_smirnov
                .map(|test| test.p_value)
                .or(column.chi_square.map(|test| test.p_value));
            table.row([
                column.column.as_str().into(),
                serde_json::to_value(column.level).unwrap_or_default(),
                column.population_stability_index.into(),
                column.jensen_shannon.into(),
                column.wasserstein.into(),
                p_value.into(),
                column.reference_nulls.into(),
                column.current_nulls.into(),
            ])
        }))
    }
}

/// Into how many bins numbers are put, by the reference's quantiles.
const BINS: usize = 10;

/// Ascending numbers of the reference and of the current sample, counted in bins that start at the reference's quantiles.
/// Equal quantiles are one bin, of that value alone.
fn binned(reference: &[f64], current: &[f64]) -> [Vec<f64>; 2] {
    let starts = starts(reference);
    [reference, current].map(|numbers| {
        let mut places = vec![0];
        places.extend(starts.iter().map(|&start| numbers.partition_point(|&number| number < start)));
        places.push(numbers.len());
        places.windows(2).map(|bin| (bin[1] - bin[0]) as f64).collect()
    })
}

/// Where the bins after the first start.
fn starts(ascending: &[f64]) -> Vec<f64> {
    // All of a reference that is one number is equal, also if that is too few numbers to make equal quantiles.
    let is_one = ascending.first() == ascending.last();
    // Of fewer numbers than bins, each is one quantile: only equal numbers make equal quantiles.
    let mut rows: Vec<usize> = (1..BINS).map(|bin| bin * ascending.len() / BINS).collect();
    rows.dedup();
    let quantiles: Vec<f64> = rows.into_iter().filter_map(|row| ascending.get(row).copied()).collect();
    let mut starts = Vec::new();
    for equal in quantiles.chunk_by(|left, right| left == right) {
        starts.push(equal[0]);
        if equal.len() > 1 || is_one {
            starts.push(equal[0].next_up());
        }
    }
    starts.dedup();
    starts
}

/// The counts of a bin of categories.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CategoryBin<'a> {
    Named(&'a str),
    Others,
}

/// The counts of both samples, category by category, and of the others last.
///
/// A category that one sample has by name, and that may be among the others of the other sample, is counted among the
/// others in both: which of many rare categories are kept is chance.
fn by_category(reference: &CategoryCounts, current: &CategoryCounts) -> [Vec<f64>; 2] {
    let samples = [reference, current];
    let may_be_other =
        |name: &str| samples.iter().any(|counts| counts.others > 0 && !counts.named.contains_key(name));
    let mut bins = BTreeMap::<CategoryBin<'_>, [f64; 2]>::new();
    for (sample, counts) in samples.into_iter().enumerate() {
        let named = counts.named.iter().map(|(name, &count)| {
            (if may_be_other(name) { CategoryBin::Others } else { CategoryBin::Named(name) }, count)
        });
        let others = (counts.others > 0).then_some((CategoryBin::Others, counts.others));
        for (bin, count) in named.chain(others) {
            bins.entry(bin).or_default()[sample] += count as f64;
        }
    }
    [0, 1].map(|sample| bins.values().map(|counts| counts[sample]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(numbers: impl IntoIterator<Item = Option<f64>>) -> Profile {
        Profile::new().numbers("x", numbers).expect("a profile")
    }

    fn check(reference: &Profile, current: &Profile, expected: DriftLevel) -> ColumnDrift {
        let report = current.drift_from(reference, &DriftThresholds::default()).expect("a report");
        assert_eq!(report.columns[0].level, expected, "{report:?}");
        report.columns[0].clone()
    }

    #[test]
    fn a_sample_of_the_same_is_stable() {
        let of = |rows: u32| numbers((0..rows).map(|row| Some(f64::from(row * 7 % 1000))));
        check(&of(1000), &of(1000), DriftLevel::Stable);
        // Of 100,000 numbers only 10,000 are kept.
        check(&of(100_000), &of(30_000), DriftLevel::Stable);
        let constant = || numbers([Some(3.0); 40]);
        let drift = check(&constant(), &constant(), DriftLevel::Stable);
        assert_eq!((drift.population_stability_index, drift.wasserstein), (0.0, Some(0.0)));
    }

    #[test]
    fn what_moves_or_vanishes_has_drifted() {
        let reference = numbers((0..1000).map(|row| Some(f64::from(row))));
        let moved = numbers((0..1000).map(|row| Some(f64::from(row) + 400.0)));
        let drift = check(&reference, &moved, DriftLevel::Significant);
        assert!(drift.wasserstein.is_some_and(|distance| (distance - 400.0).abs() < 1e-9));
        let gone = numbers((0..1000).map(|row| if row % 2 == 0 { None } else { Some(f64::from(row)) }));
        assert_eq!(check(&reference, &gone, DriftLevel::Significant).current_nulls, 0.5);
        let nothing = numbers([None; 10]);
        assert_eq!(check(&reference, &nothing, DriftLevel::Significant).kolmogorov_smirnov, None);
    }

    #[test]
    fn categories_are_compared_by_name() {
        let of = |names: &[&str]| {
            let rows = names.iter().cycle().take(300).map(|name| Some(*name));
            Profile::new().categories("x", rows).expect("a profile")
        };
        check(&of(&["a", "b"]), &of(&["b", "a"]), DriftLevel::Stable);
        let drift = check(&of(&["a", "b"]), &of(&["a", "c"]), DriftLevel::Significant);
        assert!(drift.chi_square.is_some_and(|test| test.p_value < 1e-9 && test.degrees_of_freedom == 2));
    }

    #[test]
    fn a_category_may_be_called_anything() {
        let of = |names: [&'static str; 2]| {
            let rows = names.iter().cycle().take(100).map(|name| Some(*name));
            Profile::new().categories("x", rows).expect("a profile")
        };
        for name in ["(other)", "(null)", ""] {
            let drift = check(&of([name, "a"]), &of(["a", "b"]), DriftLevel::Significant);
            assert!(drift.population_stability_index > 5.0, "{name}: {drift:?}");
        }
    }

    #[test]
    fn what_the_reference_hardly_varies_in_can_drift() {
        let (three, five) = (numbers([Some(3.0); 500]), numbers([Some(5.0); 500]));
        check(&three, &five, DriftLevel::Significant);
        check(&five, &three, DriftLevel::Significant);
        let rare = numbers((0..1000).map(|row| Some(f64::from(row % 20 == 0))));
        check(&rare, &numbers([Some(1.0); 1000]), DriftLevel::Significant);
        check(&numbers([Some(1.0)]), &numbers([Some(2.0); 500]), DriftLevel::Significant);
        check(&numbers([Some(1.0)]), &numbers([Some(1.0); 500]), DriftLevel::Stable);
    }

    #[test]
    fn rare_categories_that_are_not_kept_are_no_drift() {
        // Each of 3,000 categories has 10 rows or 11, and those of 11 are kept: others in each sample.
        let of = |kept: usize| {
            let names: Vec<String> = (0..3_000).map(|name| format!("{name:04}")).collect();
            let rows = names.iter().cycle().take(30_000).chain(&names[kept..kept + 1_000]);
            Profile::new().categories("x", rows.map(|name| Some(name.as_str()))).expect("a profile")
        };
        let drift = check(&of(0), &of(1_500), DriftLevel::Stable);
        assert!(drift.chi_square.is_some_and(|test| test.p_value > 0.01), "{drift:?}");
        check(&of(0), &of(500), DriftLevel::Stable);
    }

    /// A few rows of many categories are far from others of the same distribution by their index alone.
    #[test]
    fn chance_is_no_drift() {
        let of = |from: usize, rows: usize, names: usize| {
            let name = |row: usize| (row.wrapping_mul(2_654_435_761) % 1_000_003 % names).to_string();
            let names: Vec<String> = (from..from + rows).map(name).collect();
            Profile::new().categories("x", names.iter().map(|name| Some(name.as_str()))).expect("a profile")
        };
        let drift = check(&of(0, 8_000, 500), &of(10_000, 300, 500), DriftLevel::Stable);
        assert!(drift.population_stability_index > 0.25, "{drift:?}");
        check(&of(0, 8_000, 500), &of(10_000, 300, 100), DriftLevel::Significant);
    }

    #[test]
    fn what_cannot_be_compared_is_said() {
        let (x, empty) = (numbers([Some(1.0)]), numbers([]));
        let y = Profile::new().categories("y", [Some("a")]).expect("a profile");
        let report = y.drift_from(&x, &DriftThresholds::default()).expect("a report");
        assert_eq!(
            (report.columns, report.missing, report.unexpected),
            (vec![], vec!["x".to_owned()], vec!["y".to_owned()])
        );
        let default = DriftThresholds::default();
        assert_eq!(empty.drift_from(&x, &default), Err(DriftError::Empty { sample: "current sample" }));
        let texts = Profile::new().categories("x", [Some("a")]).expect("a profile");
        assert_eq!(texts.drift_from(&x, &default), Err(DriftError::Kinds { column: "x".to_owned() }));
        let falling = DriftThresholds { moderate: 0.5, significant: 0.2 };
        assert!(x.drift_from(&x, &falling).is_err());
    }

    #[test]
    fn the_table_begins_with_the_most_changed() {
        let reference =
            numbers((0..100).map(|row| Some(f64::from(row)))).numbers("a", [Some(1.0)]).expect("a profile");
        let current = numbers([Some(5.0); 50]).numbers("a", [Some(1.0)]).expect("a profile");
        let report = current.drift_from(&reference, &DriftThresholds::default()).expect("a report");
        let MetadataValue::Table(table) = MetadataValue::from(&report) else { panic!("a table") };
        assert_eq!(
            (table.rows.len(), table.rows[0][0].as_str(), table.rows[0][1].as_str()),
            (2, Some("x"), Some("significant"))
        );
    }

    fn check_bins(reference: &[f64], current: &[f64], expected: [&[f64]; 2]) {
        assert_eq!(binned(reference, current), expected, "{reference:?} {current:?}");
    }

    #[test]
    fn a_frequent_value_is_a_bin_by_itself() {
        check_bins(&[3.0; 40], &[2.0, 3.0, 5.0, 5.0], [&[0.0, 40.0, 0.0], &[1.0, 1.0, 2.0]]);
        check_bins(&[3.0; 2], &[5.0], [&[0.0, 2.0, 0.0], &[0.0, 0.0, 1.0]]);
        check_bins(&[1.0], &[1.0, 2.0], [&[0.0, 1.0, 0.0], &[0.0, 1.0, 1.0]]);
        let rare = [[0.0; 19].as_slice(), &[1.0]].concat();
        check_bins(&rare, &[1.0; 4], [&[0.0, 19.0, 1.0], &[0.0, 0.0, 4.0]]);
        let signs = [[-0.0; 10].as_slice(), &[0.0; 10]].concat();
        check_bins(&signs, &[-0.0, 0.0], [&[0.0, 20.0, 0.0], &[0.0, 2.0, 0.0]]);
        check_bins(&[f64::MAX; 20], &[f64::MAX], [&[0.0, 20.0, 0.0], &[0.0, 1.0, 0.0]]);
    }

    #[test]
    fn different_quantiles_start_a_bin_each() {
        let ascending: Vec<f64> = (0..100).map(f64::from).collect();
        check_bins(
            &ascending,
            &[-1.0, 10.0, 1e9],
            [&[10.0; 10], &[1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]],
        );
        check_bins(&[1.0, 2.0, 3.0], &[1.5], [&[0.0, 1.0, 1.0, 1.0], &[0.0, 1.0, 0.0, 0.0]]);
        check_bins(&[], &[1.0], [&[0.0], &[1.0]]);
    }

    fn counts(named: &[(&str, usize)], others: usize) -> CategoryCounts {
        let named = named.iter().map(|&(name, count)| (name.to_owned(), count)).collect();
        CategoryCounts { named, others }
    }

    #[test]
    fn what_may_be_among_the_others_is_counted_there() {
        let whole = counts(&[("a", 5), ("b", 2)], 0);
        assert_eq!(
            by_category(&whole, &counts(&[("a", 1), ("c", 3)], 0)),
            [[5.0, 2.0, 0.0], [1.0, 0.0, 3.0]]
        );
        let cut = counts(&[("a", 1), ("c", 3)], 9);
        // Ordered by name: `a`, `c`, the others. That `whole` has no `c` is certain.
        assert_eq!(by_category(&whole, &cut), [[5.0, 0.0, 2.0], [1.0, 3.0, 9.0]]);
        assert_eq!(by_category(&cut, &counts(&[("d", 1)], 2)), [[13.0], [3.0]]);
    }

    #[test]
    fn every_text_can_be_a_category() {
        for text in ["(other)", "(others)", "other", "", "(null)"] {
            let both = [counts(&[("a", 5), (text, 5)], 0), counts(&[("a", 5), ("b", 5)], 0)];
            let [reference, current] = by_category(&both[0], &both[1]);
            assert_eq!((reference.len(), current.len()), (3, 3), "{text}");
        }
    }
}
