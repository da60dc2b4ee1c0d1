//! The position of each vertex within its layer.

use crate::align::{Conflicts, conflicts, lines};
use crate::compact::{Spacing, compacted};
use crate::order::Order;
use crate::proper::ProperGraph;
use crate::straighten::straighten;

/// The middle of each vertex across the flow, from 0 upwards, with the order and the spacing kept.
///
/// Brandes and Köpf: four extreme layouts line vertices up with their upper or lower neighbours and push them to the
/// left or the right. Each keeps order and spacing, and so does the mean of the two middle values, which is balanced.
pub(crate) fn across(graph: &ProperGraph, order: &Order, spacing: &Spacing<'_>) -> Vec<f64> {
    let conflicts = conflicts(graph, order);
    let mut extremes = Vec::with_capacity(4);
    for vertical in [Vertical::Down, Vertical::Up] {
        for horizontal in [Horizontal::Left, Horizontal::Right] {
            extremes.push(extreme(graph, order, spacing, &conflicts, vertical, horizontal));
        }
    }
    line_up(&mut extremes, spacing);
    let mut middles: Vec<f64> = (0..graph.len()).map(|vertex| balanced(&extremes, vertex)).collect();
    straighten(order, spacing, &mut middles);
    let (start, _) = bounds(&middles, spacing);
    middles.iter_mut().for_each(|middle| *middle -= start);
    middles
}

/// From which side vertices look for neighbours to line up with.
#[derive(Clone, Copy, PartialEq)]
enum Vertical {
    Down,
    Up,
}

/// To which side lines are pushed.
#[derive(Clone, Copy, PartialEq)]
enum Horizontal {
    Left,
    Right,
}

fn extreme(
    graph: &ProperGraph,
    order: &Order,
    spacing: &Spacing<'_>,
    conflicts: &Conflicts,
    vertical: Vertical,
    horizontal: Horizontal,
) -> Vec<f64> {
    let mut layers = order.layers.clone();
    let mut position = order.position.clone();
    if vertical == Vertical::Up {
        layers.reverse();
    }
    if horizontal == Horizontal::Right {
        for layer in &mut layers {
            layer.reverse();
            layer.iter().enumerate().for_each(|(place, &vertex)| position[vertex] = place);
        }
    }
    let neighbours = if vertical == Vertical::Down { &graph.upstream } else { &graph.downstream };
    let first = lines(&layers, &position, neighbours, conflicts);
    let mut middles = compacted(&layers, &first, spacing);
    if horizontal == Horizontal::Right {
        middles.iter_mut().for_each(|middle| *middle = -*middle);
    }
    middles
}

/// Shifts the layouts onto the narrowest one: those pushed left by their left edge, the others by their right.
fn line_up(extremes: &mut [Vec<f64>], spacing: &Spacing<'_>) {
    let all: Vec<(f64, f64)> = extremes.iter().map(|middles| bounds(middles, spacing)).collect();
    let narrowest = all.iter().copied().min_by(|one, other| (one.1 - one.0).total_cmp(&(other.1 - other.0)));
    let Some((start, end)) = narrowest else { return };
    for (number, (middles, own)) in extremes.iter_mut().zip(all).enumerate() {
        let shift = if number.is_multiple_of(2) { start - own.0 } else { end - own.1 };
        middles.iter_mut().for_each(|middle| *middle += shift);
    }
}

fn balanced(extremes: &[Vec<f64>], vertex: usize) -> f64 {
    let mut values: Vec<f64> = extremes.iter().map(|middles| middles[vertex]).collect();
    values.sort_by(f64::total_cmp);
    (values[1] + values[2]) / 2.0
}

/// The outermost edges of all vertices.
fn bounds(middles: &[f64], spacing: &Spacing<'_>) -> (f64, f64) {
    middles.iter().enumerate().fold((f64::INFINITY, f64::NEG_INFINITY), |(start, end), (vertex, &middle)| {
        (start.min(middle - spacing.half(vertex)), end.max(middle + spacing.half(vertex)))
    })
}
