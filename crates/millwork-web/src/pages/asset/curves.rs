//! Plots of an asset: its numbers over time, and the curves of several materializations over each other.

use std::collections::{BTreeMap, BTreeSet};

use millwork_core::MetadataValue;
use millwork_core::asset::plot::{Plot, short_number};
use millwork_draw::plot::{ToSvg as _, sparkline};

use super::super::format;
use super::history::Made;

/// The maximum number of materializations whose curves are drawn over each other.
const OVERLAID: usize = 3;
/// The number of curves that can be told apart in one plot.
const CURVES: usize = 6;

/// A plot with its label.
pub(super) struct Figure {
    pub(super) label: String,
    pub(super) detail: String,
    pub(super) svg: String,
}

/// Every number over time: those that change, and those that are constant.
pub(super) fn over_time(made: &[Made<'_>]) -> (Vec<Figure>, Vec<Figure>) {
    let mut by_label: BTreeMap<&String, Vec<(f64, f64)>> = BTreeMap::new();
    for (event, made) in made.iter().rev() {
        for (label, value) in &made.metadata {
            if let Some(number) = value.as_f64().filter(|number| number.is_finite()) {
                by_label.entry(label).or_default().push((event.at.as_microsecond() as f64, number));
            }
        }
    }
    let (changing, constant): (Vec<_>, Vec<_>) =
        by_label.into_iter().partition(|(_, points)| points.iter().any(|(_, number)| *number != points[0].1));
    let figure = |(label, points): (&String, Vec<(f64, f64)>)| {
        let newest = points.last().map(|(_, number)| short_number(*number)).unwrap_or_default();
        let counted = format::counted(points.len(), "materialization", "materializations");
        let svg =
            Plot::lines(format!("{label} over {counted}"), [(label.clone(), points)]).over_time().to_svg();
        Figure { label: label.clone(), detail: newest, svg }
    };
    let small = |(label, points): (&String, Vec<(f64, f64)>)| {
        let numbers: Vec<f64> = points.iter().map(|(_, number)| *number).collect();
        let svg = sparkline(&numbers).unwrap_or_default();
        Figure { label: label.clone(), detail: short_number(numbers[0]), svg }
    };
    (changing.into_iter().map(figure).collect(), constant.into_iter().map(small).collect())
}

/// The plots that the asset's function has attached.
pub(super) fn attached(made: Option<&Made<'_>>) -> Vec<Figure> {
    let figure = |(label, value): (&String, &MetadataValue)| {
        let MetadataValue::Plot(plot) = value else { return None };
        Some(Figure { label: label.clone(), detail: plot.title().to_owned(), svg: plot.to_svg() })
    };
    made.into_iter().flat_map(|(_, made)| &made.metadata).filter_map(figure).collect()
}

/// The curves of the newest materializations, one drawing for each label, and the others' in it as well.
pub(super) fn curves(made: &[Made<'_>]) -> Vec<Figure> {
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

fn overlaid(label: &String, made: &[&Made<'_>]) -> Figure {
    let mut curves = Vec::new();
    let mut x_label = String::new();
    for (event, made) in made {
        let Some(MetadataValue::Series(series)) = made.metadata.get(label) else { continue };
        x_label.clone_from(&series.x_label);
        for (name, values) in &series.y {
            let run = event.run.map(|run| format!(", run {}", run.short())).unwrap_or_default();
            let points: Vec<(f64, f64)> = series.x.iter().copied().zip(values.iter().copied()).collect();
            curves.push((format!("{name}{run}"), points));
        }
    }
    curves.truncate(CURVES);
    Figure {
        label: label.clone(),
        detail: match made.len() {
            1 => String::new(),
            several => format!("the last {several} materializations"),
        },
        svg: Plot::lines(label.clone(), curves).labels(x_label, "").to_svg(),
    }
}
