//! Straightens small kinks.

use crate::compact::Spacing;
use crate::order::Order;

/// Kinks up to this size are taken out. It is less than half of a card with its gap, so that a node between two others
/// stays there.
const KINK: f64 = 26.0;
/// Differences up to this are none.
const STRAIGHT: f64 = 0.01;

/// Moves straight lines of vertices a little where that makes them continue another one.
///
/// The mean of four layouts leaves edges that are almost straight, which look like mistakes. Once with the flow and once
/// against it, each line is moved onto the nearest neighbour of its first vertex. A line moves only as a whole and if it
/// has room in every layer, so no straight edge is lost.
pub(crate) fn straighten(order: &Order, spacing: &Spacing<'_>, middles: &mut [f64]) {
    let (upstream, downstream) = (&spacing.graph.upstream, &spacing.graph.downstream);
    for &vertex in order.layers.iter().flatten() {
        continue_line(order, spacing, middles, vertex, [upstream, downstream]);
    }
    for &vertex in order.layers.iter().rev().flatten() {
        continue_line(order, spacing, middles, vertex, [downstream, upstream]);
    }
}

/// Moves the line that starts at `vertex` and leads `away`, if that is enough for an edge to continue straight.
fn continue_line(
    order: &Order,
    spacing: &Spacing<'_>,
    middles: &mut [f64],
    vertex: usize,
    [behind, away]: [&[Vec<usize>]; 2],
) {
    if let Some(shift) = kink(&behind[vertex], middles, vertex) {
        let line = line(away, middles, vertex);
        if line.iter().all(|&member| has_room(order, spacing, middles, member, shift)) {
            line.iter().for_each(|&member| middles[member] += shift);
        }
    }
}

/// The distance of a vertex from the nearest of its neighbours. `None` if they are in line or far apart.
fn kink(neighbours: &[usize], middles: &[f64], vertex: usize) -> Option<f64> {
    let shifts = neighbours.iter().map(|&neighbour| middles[neighbour] - middles[vertex]);
    let smallest = shifts.min_by(|one, other| one.abs().total_cmp(&other.abs()))?;
    (STRAIGHT < smallest.abs() && smallest.abs() <= KINK).then_some(smallest)
}

/// The vertex and those that follow it in a straight line.
fn line(away: &[Vec<usize>], middles: &[f64], vertex: usize) -> Vec<usize> {
    let in_line = |one: usize, other: usize| (middles[one] - middles[other]).abs() <= STRAIGHT;
    let next = |&last: &usize| away[last].iter().copied().find(|&next| in_line(last, next));
    std::iter::successors(Some(vertex), next).collect()
}

/// Whether a vertex keeps its distance to its neighbours in the layer when it moves.
fn has_room(order: &Order, spacing: &Spacing<'_>, middles: &[f64], vertex: usize, shift: f64) -> bool {
    let layer = &order.layers[spacing.graph.layer[vertex]];
    let place = order.position[vertex];
    let moved = middles[vertex] + shift;
    let left = place.checked_sub(1).map(|place| layer[place]);
    let right = layer.get(place + 1).copied();
    left.is_none_or(|left| moved - middles[left] >= spacing.between(left, vertex))
        && right.is_none_or(|right| middles[right] - moved >= spacing.between(vertex, right))
}
