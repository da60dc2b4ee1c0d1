//! The layout of a whole graph.

use crate::component::components;
use crate::dag::Dag;
use crate::direction::Direction;
use crate::geometry::{Layout, Placed, Point, Route, Size};
use crate::pack::packed;
use crate::sketch::Sketch;

/// Direction and distances of a layout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayoutOptions {
    /// Which way edges point.
    pub direction: Direction,
    /// The least distance between two layers, where edges bend.
    pub layer_gap: f64,
    /// The distance between two nodes of a layer.
    pub node_gap: f64,
    /// The distance of an edge that passes through a layer to its neighbours there.
    pub edge_gap: f64,
    /// The distance between two components.
    pub component_gap: f64,
}

impl Default for LayoutOptions {
    fn default() -> LayoutOptions {
        LayoutOptions {
            direction: Direction::default(),
            layer_gap: 56.0,
            node_gap: 22.0,
            edge_gap: 18.0,
            component_gap: 28.0,
        }
    }
}

/// Lays out a graph whose edges are pairs of positions in `nodes`, from upstream to downstream.
///
/// Sizes must be finite and not negative. Nodes of a layer share its thickness along the flow, so that columns line
/// up; otherwise each gets what it asks for. Edges that lead to the same node, to no node or back against the flow take
/// no part and have an empty route. The result depends on the arguments alone.
///
/// ```
/// use millwork_layout::{LayoutOptions, Size, layered};
///
/// let card = Size { width: 120.0, height: 40.0 };
/// let layout = layered(&[card, card], &[(0, 1)], &LayoutOptions::default());
/// assert_eq!((layout.nodes[0].layer, layout.nodes[1].layer), (0, 1));
/// assert!(layout.nodes[0].x + card.width < layout.nodes[1].x);
/// ```
pub fn layered(nodes: &[Size], edges: &[(usize, usize)], options: &LayoutOptions) -> Layout {
    let mut home = vec![(0, 0); nodes.len()];
    let mut sketches = Vec::new();
    for (number, component) in components(&Dag::new(nodes.len(), edges)).iter().enumerate() {
        let sizes = component
            .nodes
            .iter()
            .map(|&node| options.direction.turn((nodes[node].width, nodes[node].height)));
        sketches.push(Sketch::new(component, &sizes.collect::<Vec<_>>(), options));
        component.nodes.iter().enumerate().for_each(|(local, &node)| home[node] = (number, local));
    }
    let sizes: Vec<(f64, f64)> =
        sketches.iter().map(|sketch| options.direction.turn((sketch.length, sketch.breadth))).collect();
    let corners = packed(&sizes, options.component_gap);
    let reach = sizes.iter().zip(&corners).fold((0.0_f64, 0.0_f64), |reach, (size, corner)| {
        (reach.0.max(corner.0 + size.0), reach.1.max(corner.1 + size.1))
    });
    let sheet = Sheet { direction: options.direction, home, sketches, corners };
    Layout {
        width: reach.0,
        height: reach.1,
        nodes: (0..nodes.len()).map(|node| sheet.placed(node)).collect(),
        edges: edges.iter().map(|&edge| sheet.route(edge)).collect(),
    }
}

/// All sketches, pinned to the plane.
struct Sheet {
    direction: Direction,
    /// The component of each node and its number there.
    home: Vec<(usize, usize)>,
    sketches: Vec<Sketch>,
    corners: Vec<(f64, f64)>,
}

impl Sheet {
    fn placed(&self, node: usize) -> Placed {
        let (component, local) = self.home[node];
        let sketch = &self.sketches[component];
        let (start, extent) = sketch.node(local);
        let Point { x, y } = self.point(component, start);
        let (width, height) = self.direction.turn(extent);
        Placed { x, y, width, height, layer: sketch.layer(local) }
    }

    fn route(&self, (source, target): (usize, usize)) -> Route {
        let (Some(&(component, from)), Some(&(_, to))) = (self.home.get(source), self.home.get(target))
        else {
            return Route::default();
        };
        let sketch = &self.sketches[component];
        // Of the edges between existing nodes, exactly those that were set aside don't rise.
        if sketch.layer(from) >= sketch.layer(to) {
            return Route::default();
        }
        Route {
            points: sketch.route(from, to).into_iter().map(|point| self.point(component, point)).collect(),
        }
    }

    fn point(&self, component: usize, position: (f64, f64)) -> Point {
        let (x, y) = self.direction.turn(position);
        Point { x: self.corners[component].0 + x, y: self.corners[component].1 + y }
    }
}
