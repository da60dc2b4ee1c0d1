//! What a comparison shows: a sentence, numbers, a table of the slices, and how the difference varies.

use std::cmp::Reverse;

use millwork_core::value::plot::{Plot, short_number};
use millwork_core::{Evidence, Metadata, MetadataValue, Table};
use serde_json::Value;

use crate::comparison::{Comparison, Estimate, Slice, SliceOutcome};

/// The most slices that a table lists.
const SLICES: usize = 200;
/// The most slices that the sentence names.
const NAMED: usize = 3;

impl Comparison {
    /// A sentence: `MAE 12.15 → 11.80, −0.35 [−0.52, −0.18] at 95 % (paired bootstrap of 2,000 rows), better with probability 1.00`, and
    /// the slices that are worse.
    pub fn describe(&self) -> String {
        let (estimate, figures) = (&self.overall, Figures::of(&self.overall));
        let clusters = estimate.clusters.map(|clusters| format!(" in {} clusters", with_commas(clusters)));
        let undefined = match estimate.undefined {
            0 => String::new(),
            count => format!(", {} resamples without a value", with_commas(count)),
        };
        format!(
            "{} {} → {}, {} at {} % (paired bootstrap of {} rows{}{undefined}), better with probability {:.2}{}",
            self.metric,
            figures.number(estimate.champion),
            figures.number(estimate.challenger),
            figures.difference(estimate),
            short_number(self.level * 100.0),
            with_commas(estimate.rows),
            clusters.unwrap_or_default(),
            estimate.better_probability,
            self.describe_slices()
        )
    }

    fn describe_slices(&self) -> String {
        let judged = self.slices.iter().filter(|slice| slice.estimate().is_some()).count();
        let mut parts = Vec::new();
        if judged > 0 {
            let worse: Vec<&Slice> = self.worse_slices().collect();
            let mut named: Vec<String> = worse.iter().take(NAMED).map(|slice| slice.describe()).collect();
            if worse.len() > NAMED {
                named.push(format!("{} more", worse.len() - NAMED));
            }
            parts.push(match &*named {
                [] => format!("worse in none of {judged} slices"),
                named => format!("worse in {} of {judged} slices: {}", worse.len(), named.join(", ")),
            });
        }
        match self.slices.len() - judged {
            0 => {}
            1 => parts.push("1 slice isn't judged".to_owned()),
            others => parts.push(format!("{others} slices aren't judged")),
        }
        parts.into_iter().map(|part| format!("; {part}")).collect()
    }

    /// Numbers, the table of the slices, and a histogram of the resampled differences, by labels that begin with the metric's name.
    pub fn metadata(&self) -> Metadata {
        let (metric, estimate) = (&self.metric, &self.overall);
        let interval = estimate.interval();
        let level = short_number(self.level * 100.0);
        let histogram = self
            .histogram
            .clone()
            .note(format!("interval at {level} %: {}", Figures::of(estimate).interval(estimate)));
        let mut metadata: Metadata = [
            (format!("{metric} of the champion"), estimate.champion.into()),
            (format!("{metric} of the challenger"), estimate.challenger.into()),
            (format!("{metric}: difference"), estimate.difference.into()),
            (format!("{metric}: difference at {level} %, lower end"), interval.low.into()),
            (format!("{metric}: difference at {level} %, upper end"), interval.high.into()),
            (format!("{metric}: probability of better"), estimate.better_probability.into()),
            (format!("{metric}: rows compared"), estimate.rows.into()),
            (format!("{metric}: resamples"), estimate.resamples.into()),
            (format!("{metric}: comparison"), self.into()),
            (format!("{metric}: differences"), histogram.into()),
        ]
        .into();
        let bars: Vec<(String, f64)> = self
            .slices
            .iter()
            .filter_map(|slice| Some((slice.title(), slice.estimate()?.difference)))
            .collect();
        if !bars.is_empty() {
            let plot = Plot::bars("Challenger − champion by slice", bars);
            metadata.insert(format!("{metric}: differences by slice"), plot.into());
        }
        metadata
    }
}

/// What a verdict is based on: `Verdict::promote_if(comparison.improves_by(0.0)).because(comparison)`.
impl Evidence for Comparison {
    fn describe(&self) -> String {
        self.describe()
    }

    fn metadata(&self) -> Metadata {
        self.metadata()
    }
}

/// The same of a comparison that is needed further.
impl Evidence for &Comparison {
    fn describe(&self) -> String {
        (*self).describe()
    }

    fn metadata(&self) -> Metadata {
        (*self).metadata()
    }
}

impl Slice {
    fn title(&self) -> String {
        format!("{} {}", self.by, self.name)
    }

    fn describe(&self) -> String {
        let difference = self.estimate().map(|estimate| Figures::of(estimate).difference(estimate));
        format!("{} {} ({} rows)", self.title(), difference.unwrap_or_default(), with_commas(self.rows))
    }

    /// Worse slices first, then the largest.
    fn rank(&self) -> (bool, Reverse<usize>) {
        (!self.estimate().is_some_and(Estimate::is_worse), Reverse(self.rows))
    }

    fn verdict(&self) -> String {
        match &self.outcome {
            SliceOutcome::Judged(estimate) => estimate.verdict().to_owned(),
            SliceOutcome::TooSmall { needed } => format!("not judged: fewer than {needed}"),
            SliceOutcome::NoValue { reason } => format!("not judged: {reason}"),
        }
    }
}

impl Estimate {
    fn verdict(&self) -> &'static str {
        if self.improves_by(0.0) {
            "better"
        } else if self.is_worse() {
            "worse"
        } else {
            "undecided"
        }
    }

    /// The numbers of a row of the table.
    fn cells(&self) -> [Value; 6] {
        let interval = self.interval();
        [
            self.champion.into(),
            self.challenger.into(),
            self.difference.into(),
            interval.low.into(),
            interval.high.into(),
            self.better_probability.into(),
        ]
    }
}

/// A row for all rows, and one per slice, the worse ones first, then the largest.
impl From<&Comparison> for MetadataValue {
    fn from(comparison: &Comparison) -> Self {
        let table = Table::new([
            ("slice", "text"),
            ("rows", "u64"),
            ("champion", "f64"),
            ("challenger", "f64"),
            ("difference", "f64"),
            ("low", "f64"),
            ("high", "f64"),
            ("probability of better", "f64"),
            ("verdict", "text"),
        ]);
        let row = |table: Table, name: &str, rows: usize, estimate: Option<&Estimate>, verdict: &str| {
            let [champion, challenger, difference, low, high, better] =
                estimate.map(Estimate::cells).unwrap_or_default();
            let (name, verdict) = (name.into(), verdict.into());
            table.row([name, rows.into(), champion, challenger, difference, low, high, better, verdict])
        };
        let overall = &comparison.overall;
        let table = row(table, "all rows", overall.rows, Some(overall), overall.verdict());
        let mut slices: Vec<&Slice> = comparison.slices.iter().collect();
        slices.sort_by_key(|slice| slice.rank());
        let others = slices.split_off(slices.len().min(SLICES));
        let table = slices.iter().fold(table, |table, slice| {
            row(table, &slice.title(), slice.rows, slice.estimate(), &slice.verdict())
        });
        if others.is_empty() {
            return Self::Table(table);
        }
        let rows = others.iter().map(|slice| slice.rows).sum();
        Self::Table(row(table, &format!("{} smaller slices", with_commas(others.len())), rows, None, ""))
    }
}

/// How numbers of an estimate are written: as many decimals as give the interval's width two digits.
struct Figures {
    /// The decimals; `None` if numbers are too small or too large for that.
    decimals: Option<usize>,
}

impl Figures {
    fn of(estimate: &Estimate) -> Self {
        let interval = estimate.interval();
        let exponent = (interval.high - interval.low).log10().floor();
        let largest = estimate.champion.abs().max(estimate.challenger.abs());
        let fits = (-5.0..=9.0).contains(&exponent) && largest < 1e12;
        Self { decimals: fits.then(|| (1.0 - exponent).max(0.0) as usize) }
    }

    fn number(&self, number: f64) -> String {
        let text = match self.decimals {
            Some(decimals) => format!("{number:.decimals$}"),
            None => short_number(number),
        };
        match text.strip_prefix('-') {
            // What rounds to 0 has no sign.
            Some(digits) if digits.chars().all(|digit| matches!(digit, '0' | '.')) => digits.to_owned(),
            Some(digits) => format!("−{digits}"),
            None => text,
        }
    }

    fn interval(&self, estimate: &Estimate) -> String {
        let interval = estimate.interval();
        format!("[{}, {}]", self.number(interval.low), self.number(interval.high))
    }

    /// The difference with its sign, and its interval.
    fn difference(&self, estimate: &Estimate) -> String {
        let sign = if estimate.difference > 0.0 { "+" } else { "" };
        format!("{sign}{} {}", self.number(estimate.difference), self.interval(estimate))
    }
}

/// A count with commas between thousands.
fn with_commas(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::Interval;
    use crate::search::Goal;

    fn estimate(champion: f64, challenger: f64, [low, high]: [f64; 2], rows: usize) -> Estimate {
        Estimate {
            goal: Goal::Minimize,
            champion,
            challenger,
            difference: challenger - champion,
            percentile: Interval { low, high },
            bca: None,
            better_probability: 0.9972,
            standard_error: 0.1,
            rows,
            clusters: None,
            resamples: 10_000,
            undefined: 0,
        }
    }

    fn comparison(overall: Estimate, slices: Vec<Slice>) -> Comparison {
        Comparison::new("MAE".to_owned(), 0.95, overall, slices, vec![-0.4, -0.3])
    }

    fn slice(name: &str, rows: usize, outcome: SliceOutcome) -> Slice {
        Slice { by: "domain".to_owned(), name: name.to_owned(), rows, outcome }
    }

    fn check(overall: Estimate, slices: Vec<Slice>, expected: &str) {
        assert_eq!(comparison(overall, slices).describe(), expected);
    }

    #[test]
    fn a_sentence_says_it() {
        check(
            estimate(12.154, 11.801, [-0.524, -0.181], 2_000),
            vec![],
            "MAE 12.15 → 11.80, −0.35 [−0.52, −0.18] at 95 % (paired bootstrap of 2,000 rows), better with probability 1.00",
        );
        check(
            Estimate {
                undefined: 12,
                clusters: Some(1_200),
                ..estimate(1.0, 1.002, [-0.001, 0.0041], 1_234_567)
            },
            vec![],
            "MAE 1.0000 → 1.0020, +0.0020 [−0.0010, 0.0041] at 95 % (paired bootstrap of 1,234,567 rows in 1,200 clusters, 12 resamples without \
             a value), better with probability 1.00",
        );
        check(
            estimate(1e15, 9e14, [-2e14, -1e13], 50),
            vec![],
            "MAE 1e15 → 9e14, −1e14 [−2e14, −1e13] at 95 % (paired bootstrap of 50 rows), better with probability 1.00",
        );
        check(
            estimate(2.0, 1.5, [-0.5, -0.5], 50),
            vec![],
            "MAE 2 → 1.5, −0.5 [−0.5, −0.5] at 95 % (paired bootstrap of 50 rows), better with probability 1.00",
        );
    }

    #[test]
    fn worse_slices_are_named() {
        let overall = || estimate(2.0, 1.5, [-0.75, -0.25], 500);
        let start = "MAE 2.00 → 1.50, −0.50 [−0.75, −0.25] at 95 % (paired bootstrap of 500 rows), better with probability 1.00";
        let judged =
            |name, low, high| slice(name, 100, SliceOutcome::Judged(estimate(1.0, 1.25, [low, high], 100)));
        let too_small = || slice("z", 3, SliceOutcome::TooSmall { needed: 30 });
        check(overall(), vec![judged("a", -0.1, 0.6)], &format!("{start}; worse in none of 1 slices"));
        check(overall(), vec![too_small()], &format!("{start}; 1 slice isn't judged"));
        let slices = vec![judged("a", 0.1, 0.4), judged("b", -0.1, 0.4), too_small(), too_small()];
        let end = "; worse in 1 of 2 slices: domain a +0.25 [0.10, 0.40] (100 rows); 2 slices aren't judged";
        check(overall(), slices, &format!("{start}{end}"));
        let five = ["a", "b", "c", "d", "e"].map(|name| judged(name, 0.1, 0.4)).to_vec();
        let text = comparison(overall(), five).describe();
        assert!(text.ends_with("domain c +0.25 [0.10, 0.40] (100 rows), 2 more"), "{text}");
    }

    #[test]
    fn the_table_begins_with_all_rows_and_the_worse_slices() {
        let judged = |name, high| SliceOutcome::Judged(estimate(1.0, 1.25, [high - 0.3, high], name));
        let mut slices = vec![
            slice("large", 400, judged(400, 0.2)),
            slice("worse", 50, judged(50, 0.5)),
            slice("small", 2, SliceOutcome::TooSmall { needed: 30 }),
        ];
        slices
            .extend((0..300).map(|name| slice(&name.to_string(), 1, SliceOutcome::TooSmall { needed: 30 })));
        let MetadataValue::Table(table) = (&comparison(estimate(2.0, 1.5, [-0.8, -0.2], 752), slices)).into()
        else {
            panic!("a table")
        };
        let cells = |row: usize| (table.rows[row][0].clone(), table.rows[row][8].clone());
        assert_eq!(cells(0), ("all rows".into(), "better".into()));
        assert_eq!(cells(1), ("domain worse".into(), "worse".into()));
        assert_eq!(cells(2), ("domain large".into(), "undecided".into()));
        assert_eq!(cells(3), ("domain small".into(), "not judged: fewer than 30".into()));
        assert_eq!(table.rows[3][2], Value::Null);
        assert_eq!((table.rows.len(), table.rows[201][0].clone()), (202, "103 smaller slices".into()));
    }

    #[test]
    fn metadata_can_be_stored() {
        let outcome = SliceOutcome::Judged(estimate(1.0, 1.25, [-0.1, 0.4], 100));
        let metadata =
            comparison(estimate(2.0, 1.5, [-0.8, -0.2], 500), vec![slice("a", 100, outcome)]).metadata();
        millwork_core::asset::check_metadata(&metadata).expect("storable metadata");
        assert_eq!(metadata["MAE: difference"], MetadataValue::Float(-0.5));
        assert!(metadata.contains_key("MAE: differences by slice"), "{metadata:?}");
    }

    #[test]
    fn a_verdict_has_the_figures_and_the_reason() {
        let comparison = comparison(estimate(2.0, 1.5, [-0.8, -0.2], 500), vec![]);
        let verdict = millwork_core::Verdict::promote_if(comparison.improves_by(0.0)).because(&comparison);
        assert_eq!((verdict.reason, verdict.metadata), (comparison.describe(), comparison.metadata()));
    }

    #[test]
    fn thousands_are_separated() {
        for (count, expected) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(with_commas(count), expected);
        }
    }
}
