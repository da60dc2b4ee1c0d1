//! The geometry of a layout: sizes, points, boxes and curves.

/// How large a box has to be.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Size {
    /// The horizontal extent.
    pub width: f64,
    /// The vertical extent.
    pub height: f64,
}

/// A place on the plane: x grows to the right, y grows downwards.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// Distance from the left edge.
    pub x: f64,
    /// Distance from the top edge.
    pub y: f64,
}

/// A box with its place.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Placed {
    /// The position of the left edge.
    pub x: f64,
    /// The position of the top edge.
    pub y: f64,
    /// Horizontal extent: at least what was asked for.
    pub width: f64,
    /// Vertical extent: at least what was asked for.
    pub height: f64,
    /// The layer within the node's component, counted from 0; an edge always leads to a higher layer.
    pub layer: usize,
}

/// The course of one edge.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Route {
    /// A chain of cubic Bézier curves: the first point, then three for each curve. Empty for an edge that isn't drawn
    /// (to itself, to a node that doesn't exist, or back against the flow).
    pub points: Vec<Point>,
}

/// A graph with coordinates, in the order of the input's nodes and edges.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// Horizontal extent of everything.
    pub width: f64,
    /// Vertical extent of everything.
    pub height: f64,
    /// One box for each node.
    pub nodes: Vec<Placed>,
    /// One course for each edge.
    pub edges: Vec<Route>,
}
