//! Plots of an asset: its numbers over its history, and the curves of several materializations over each other.

use std::collections::{BTreeMap, BTreeSet};

use millwork_core::asset::plot::{Plot, short_number};
use millwork_core::event::Event;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetMetric, MetadataValue, PartitionKey};
use millwork_draw::plot::{ToSvg as _, sparkline};

use super::super::format;
use super::history::Made;
use super::history_axis::{HistoryAxis, versions};

/// The maximum number of materializations whose curves are drawn over each other.
const OVERLAID: usize = 3;
/// The number of curves that can be told apart in one plot.
const CURVES: usize = 6;

/// A plot with its label.
pub(in super::super) struct Figure {
    pub(in super::super) label: String,
    pub(in super::super) detail: String,
    /// Which direction is better; `None` if it isn't the asset's metric.
    pub(in super::super) note: Option<&'static str>,
    pub(in super::super) svg: String,
}

/// A number of a materialization: the partition, and the positions on both axes.
struct Point<'a> {
    partition: Option<&'a PartitionKey>,
    version: f64,
    microsecond: f64,
    number: f64,
}

/// Every number over the history of materializations, which are given newest first: those that change, and those that are constant. The
/// asset's metric comes first.
pub(super) fn over_history(
    made: &[Made<'_>],
    metric: Option<&AssetMetric>,
    axis: HistoryAxis,
) -> (Vec<Figure>, Vec<Figure>) {
    let mut by_label: BTreeMap<&String, Vec<Point<'_>>> = BTreeMap::new();
    for ((event, made), version) in made.iter().zip(versions(made)).rev() {
        for (label, value) in &made.metadata {
            if let Some(number) = value.as_f64().filter(|number| number.is_finite()) {
                by_label.entry(label).or_default().push(Point {
                    partition: event.partition.as_ref(),
                    version: version as f64,
                    microsecond: event.at.as_microsecond() as f64,
                    number,
                });
            }
        }
    }
    let of_metric = |label: &String| metric.filter(|metric| metric.label == *label);
    let mut numbers: Vec<_> = by_label.into_iter().collect();
    numbers.sort_by_key(|(label, _)| of_metric(label).is_none());
    let (changing, constant): (Vec<_>, Vec<_>) = numbers
        .into_iter()
        .partition(|(_, points)| points.iter().any(|point| point.number != points[0].number));
    let figure = |label: &String, points: &[Point<'_>], svg: String| Figure {
        label: label.clone(),
        detail: points.last().map(|point| short_number(point.number)).unwrap_or_default(),
        note: of_metric(label).map(|metric| metric.better.in_words()),
        svg,
    };
    let plotted = |(label, points): (&String, Vec<Point<'_>>)| {
        let svg = plot(label, &points, axis).to_svg();
        figure(label, &points, svg)
    };
    let small = |(label, points): (&String, Vec<Point<'_>>)| {
        let numbers: Vec<f64> = points.iter().map(|point| point.number).collect();
        figure(label, &points, sparkline(&numbers).unwrap_or_default())
    };
    (changing.into_iter().map(plotted).collect(), constant.into_iter().map(small).collect())
}

/// A number along an axis: over time in one line, over versions in one line for each partition.
fn plot(label: &str, points: &[Point<'_>], axis: HistoryAxis) -> Plot {
    let title =
        format!("{label} over {}", format::counted(points.len(), "materialization", "materializations"));
    match axis {
        HistoryAxis::Time => {
            let points = points.iter().map(|point| (point.microsecond, point.number));
            Plot::lines(title, [(label, points)]).over_time()
        }
        HistoryAxis::Partition => {
            // The points are given oldest first: the newest of each partition stays.
            let newest: BTreeMap<Option<&PartitionKey>, f64> =
                points.iter().map(|point| (point.partition, point.number)).collect();
            let name =
                |partition: Option<&PartitionKey>| partition.map_or("", PartitionKey::label).to_owned();
            let cells = newest.into_iter().map(|(partition, number)| (name(partition), number));
            Plot::heat_strip(title, cells)
        }
        HistoryAxis::Version => {
            let mut curves: BTreeMap<Option<&PartitionKey>, Vec<(f64, f64)>> = BTreeMap::new();
            for point in points {
                curves.entry(point.partition).or_default().push((point.version, point.number));
            }
            let name =
                |partition: Option<&PartitionKey>| partition.map_or(label, PartitionKey::label).to_owned();
            let curves = curves.into_iter().map(|(partition, points)| (name(partition), points));
            Plot::lines(title, curves).labels("version", "")
        }
    }
}

/// The plots that the asset's function has attached.
pub(super) fn attached(made: Option<&Made<'_>>) -> Vec<Figure> {
    let figure = |(label, value): (&String, &MetadataValue)| {
        let MetadataValue::Plot(plot) = value else { return None };
        Some(Figure { label: label.clone(), detail: plot.title().to_owned(), note: None, svg: plot.to_svg() })
    };
    made.into_iter().flat_map(|(_, made)| &made.metadata).filter_map(figure).collect()
}

/// The curves of the newest materializations, one drawing for each label, and the others' in it as well.
pub(in super::super) fn curves(made: &[Made<'_>]) -> Vec<Figure> {
    let with_curves: Vec<&Made<'_>> = made
        .iter()
        .filter(|(_, made)| made.metadata.values().any(|value| matches!(value, MetadataValue::Series(_))))
        .take(OVERLAID)
        .collect();
    let labels: BTreeSet<&String> = with_curves
        .iter()
        .flat_map(|(_, made)| &made.metadata)
        .filter(|(_, value)| matches!(value, MetadataValue::Series(_)))
        .map(|(label, _)| label)
        .collect();
    labels.into_iter().map(|label| overlaid(label, &with_curves)).collect()
}

/// Which materialization a curve is of: its version and partition.
fn of_which(event: &Event, version: Option<VersionNumber>) -> String {
    let version = match (version, event.run) {
        (Some(version), _) => format!(", version {version}"),
        (None, Some(run)) => format!(", run {}", run.short()),
        (None, None) => String::new(),
    };
    let partition = event.partition.as_ref().map(|partition| format!(" ({partition})"));
    version + &partition.unwrap_or_default()
}

fn overlaid(label: &String, made: &[&Made<'_>]) -> Figure {
    let mut curves = Vec::new();
    let mut x_label = String::new();
    for (event, made) in made {
        let Some(MetadataValue::Series(series)) = made.metadata.get(label) else { continue };
        x_label.clone_from(&series.x_label);
        let of = of_which(event, made.version);
        for (name, values) in &series.y {
            let points: Vec<(f64, f64)> = series.x.iter().copied().zip(values.iter().copied()).collect();
            curves.push((format!("{name}{of}"), points));
        }
    }
    curves.truncate(CURVES);
    Figure {
        label: label.clone(),
        detail: match made.len() {
            1 => String::new(),
            several => format!("{several} versions"),
        },
        note: None,
        svg: Plot::lines(label.clone(), curves).labels(x_label, "").to_svg(),
    }
}
