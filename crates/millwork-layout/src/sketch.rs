//! The sketch of one component, along and across the flow.

use crate::across::across;
use crate::compact::Spacing;
use crate::component::Component;
use crate::layered::LayoutOptions;
use crate::order::ordered;
use crate::proper::ProperGraph;
use crate::rank::ranks;

/// How much the gap between two layers grows with the edges' rise, so that no edge becomes a cliff.
const GAP_FOR_RISE: f64 = 0.1;
/// How many times the usual gap the widest one is.
const WIDEST_GAP: f64 = 4.0;
/// The largest invisible difference in position.
const INVISIBLE: f64 = 0.01;

/// What a layer covers along the flow.
#[derive(Debug, Clone, Copy)]
struct Band {
    start: f64,
    thickness: f64,
}

impl Band {
    fn end(self) -> f64 {
        self.start + self.thickness
    }
}

/// A layout without direction: positions are along the flow and across it.
#[derive(Debug)]
pub(crate) struct Sketch {
    /// The extent along the flow.
    pub(crate) length: f64,
    /// The extent across the flow.
    pub(crate) breadth: f64,
    graph: ProperGraph,
    bands: Vec<Band>,
    /// The middle of each vertex across the flow.
    middles: Vec<f64>,
    /// The extent of each node across the flow.
    extents: Vec<f64>,
}

impl Sketch {
    /// Lays out a component whose nodes have these extents along and across the flow.
    pub(crate) fn new(component: &Component, extents: &[(f64, f64)], options: &LayoutOptions) -> Sketch {
        let graph = ProperGraph::new(&component.dag, &ranks(&component.dag));
        let order = ordered(&graph);
        let extents_across: Vec<f64> = extents.iter().map(|extent| extent.1).collect();
        let spacing = Spacing {
            graph: &graph,
            extents: &extents_across,
            node_gap: options.node_gap,
            edge_gap: options.edge_gap,
        };
        let middles = across(&graph, &order, &spacing);
        let bands = bands(&graph, &order.layers, &middles, extents, options.layer_gap);
        let ends = middles.iter().enumerate().map(|(vertex, middle)| middle + spacing.half(vertex));
        Sketch {
            length: bands.last().map_or(0.0, |band| band.end()),
            breadth: ends.fold(0.0, f64::max),
            bands,
            middles,
            extents: extents_across,
            graph,
        }
    }

    /// The layer of a node.
    pub(crate) fn layer(&self, node: usize) -> usize {
        self.graph.layer[node]
    }

    /// Where a node starts along and across the flow, and how far it reaches.
    pub(crate) fn node(&self, node: usize) -> ((f64, f64), (f64, f64)) {
        let band = self.band(node);
        let extent = self.extents[node];
        ((band.start, self.middles[node] - extent / 2.0), (band.thickness, extent))
    }

    /// The Bézier points of the edge between two nodes of rising layers, along and across the flow.
    pub(crate) fn route(&self, source: usize, target: usize) -> Vec<(f64, f64)> {
        let between = self.graph.layer[target] - self.graph.layer[source] - 1;
        let trunk = &self.graph.trunks[source];
        let mut stops = vec![(self.band(source).end(), self.middles[source])];
        for &dummy in &trunk[..between.min(trunk.len())] {
            let (band, middle) = (self.band(dummy), self.middles[dummy]);
            stops.extend([(band.start, middle), (band.end(), middle)]);
        }
        stops.push((self.band(target).start, self.middles[target]));
        curves(&without_straight_stops(&stops))
    }

    fn band(&self, vertex: usize) -> Band {
        self.bands[self.graph.layer[vertex]]
    }
}

/// The place of each layer along the flow: as thick as its thickest node, with gaps that suit the edges.
fn bands(
    graph: &ProperGraph,
    layers: &[Vec<usize>],
    middles: &[f64],
    extents: &[(f64, f64)],
    layer_gap: f64,
) -> Vec<Band> {
    let mut bands = Vec::with_capacity(layers.len());
    let mut start = 0.0;
    for layer in layers {
        let thicknesses = layer.iter().filter_map(|&vertex| extents.get(vertex)).map(|extent| extent.0);
        let band = Band { start, thickness: thicknesses.fold(0.0, f64::max) };
        let rises = layer.iter().flat_map(|&vertex| {
            graph.downstream[vertex].iter().map(move |&below| (middles[below] - middles[vertex]).abs())
        });
        let wanted = rises.fold(0.0, f64::max) * GAP_FOR_RISE;
        start = band.end() + layer_gap + wanted.min(layer_gap * (WIDEST_GAP - 1.0)).round();
        bands.push(band);
    }
    bands
}

/// Drops the stops that lie on a line between those before and after.
fn without_straight_stops(stops: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let level = |one: usize, other: usize| (stops[one].1 - stops[other].1).abs() < INVISIBLE;
    let turns = |at: usize| at == 0 || at + 1 == stops.len() || !(level(at - 1, at) && level(at, at + 1));
    (0..stops.len()).filter(|&at| turns(at)).map(|at| stops[at]).collect()
}

/// Joins stops by curves that leave and arrive along the flow.
fn curves(stops: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut points = vec![stops[0]];
    for pair in stops.windows(2) {
        let ((start, from), (end, to)) = (pair[0], pair[1]);
        let halfway = f64::midpoint(start, end);
        points.extend([(halfway, from), (halfway, to), (end, to)]);
    }
    points
}
