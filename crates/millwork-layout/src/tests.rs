//! Whether layouts keep their promises, whatever the graph.

use proptest::prelude::*;

use crate::{Direction, Layout, LayoutOptions, Placed, Point, Size, layered};

/// Lays a graph out in both directions and checks all that holds for any layout.
fn check(nodes: &[Size], edges: &[(usize, usize)]) {
    for direction in [Direction::LeftToRight, Direction::TopToBottom] {
        let options = LayoutOptions { direction, ..LayoutOptions::default() };
        let layout = layered(nodes, edges, &options);
        assert_eq!(layout, layered(nodes, edges, &options), "a second layout differs");
        assert_eq!((layout.nodes.len(), layout.edges.len()), (nodes.len(), edges.len()));
        for (placed, size) in layout.nodes.iter().zip(nodes) {
            assert!(
                placed.width >= size.width && placed.height >= size.height,
                "{placed:?} is under {size:?}"
            );
            assert!(inside(&layout, placed.x, placed.y), "{placed:?} starts outside");
            assert!(
                inside(&layout, placed.x + placed.width, placed.y + placed.height),
                "{placed:?} ends outside"
            );
        }
        for (number, one) in layout.nodes.iter().enumerate() {
            let overlapping = layout.nodes[number + 1..].iter().find(|other| overlap(one, other));
            assert_eq!(overlapping, None, "overlaps {one:?}");
        }
        check_routes(&layout, edges);
    }
}

/// Edges lead to higher layers, from border to border, and touch no other node on their way.
fn check_routes(layout: &Layout, edges: &[(usize, usize)]) {
    for (&(source, target), route) in edges.iter().zip(&layout.edges) {
        let (Some(&first), Some(&last)) = (route.points.first(), route.points.last()) else { continue };
        assert!(layout.nodes[source].layer < layout.nodes[target].layer);
        assert!(touches(&layout.nodes[source], first) && touches(&layout.nodes[target], last));
        assert_eq!(route.points.len() % 3, 1, "not a chain of cubic curves");
        for point in samples(&route.points) {
            assert!(inside(layout, point.x, point.y), "{source} to {target} leaves the picture at {point:?}");
            let others =
                layout.nodes.iter().enumerate().filter(|(node, _)| *node != source && *node != target);
            let hit = others.map(|(_, placed)| placed).find(|placed| covers(placed, point));
            assert_eq!(hit, None, "{source} to {target} runs behind a node at {point:?}");
        }
    }
}

fn inside(layout: &Layout, x: f64, y: f64) -> bool {
    (-0.01..=layout.width + 0.01).contains(&x) && (-0.01..=layout.height + 0.01).contains(&y)
}

fn overlap(one: &Placed, other: &Placed) -> bool {
    let apart = |start: f64, extent: f64, other_start: f64, other_extent: f64| {
        start + extent < other_start || other_start + other_extent < start
    };
    !apart(one.x, one.width, other.x, other.width) && !apart(one.y, one.height, other.y, other.height)
}

fn touches(placed: &Placed, point: Point) -> bool {
    (placed.x - 0.01..=placed.x + placed.width + 0.01).contains(&point.x)
        && (placed.y - 0.01..=placed.y + placed.height + 0.01).contains(&point.y)
}

fn covers(placed: &Placed, point: Point) -> bool {
    placed.x < point.x
        && point.x < placed.x + placed.width
        && placed.y < point.y
        && point.y < placed.y + placed.height
}

/// Points on each curve of a chain.
fn samples(points: &[Point]) -> Vec<Point> {
    let curve = |curve: &[Point], at: f64| {
        let back = 1.0 - at;
        let weights = [back * back * back, 3.0 * back * back * at, 3.0 * back * at * at, at * at * at];
        let sum =
            |of: fn(&Point) -> f64| curve.iter().zip(weights).map(|(point, weight)| of(point) * weight).sum();
        Point { x: sum(|point| point.x), y: sum(|point| point.y) }
    };
    let starts = (0..points.len() - 1).step_by(3);
    starts
        .flat_map(|start| {
            (0..=8).map(move |eighth| curve(&points[start..start + 4], f64::from(eighth) / 8.0))
        })
        .collect()
}

const CARD: Size = Size { width: 150.0, height: 54.0 };

#[test]
fn small_graphs() {
    check(&[], &[]);
    check(&[], &[(0, 1)]);
    check(&[CARD], &[]);
    check(&[CARD], &[(0, 0)]);
    check(&[Size::default(); 3], &[(0, 1), (1, 2), (0, 2)]);
    check(&[CARD; 2], &[(0, 1), (0, 1), (1, 0)]);
    check(&[CARD; 5], &[(0, 1), (2, 3)]);
    check(&[CARD; 4], &[(0, 1), (1, 2), (2, 3), (0, 3), (3, 0)]);
}

#[test]
fn chains_and_trees_are_straight_and_even() {
    let chain: Vec<_> = (1..100).map(|node| (node - 1, node)).collect();
    let layout = layered(&[CARD; 100], &chain, &LayoutOptions::default());
    assert!(layout.nodes.iter().all(|placed| placed.y == 0.0));
    assert!(layout.edges.iter().all(|route| route.points.len() == 4));

    let fan: Vec<_> = (1..=1_000).map(|leaf| (0, leaf)).collect();
    let layout = layered(&[CARD; 1_001], &fan, &LayoutOptions::default());
    assert_eq!(layout.nodes[0].y + CARD.height / 2.0, layout.height / 2.0);
    assert_eq!(layout.height, 1_000.0 * CARD.height + 999.0 * LayoutOptions::default().node_gap);
}

#[test]
fn a_large_graph_has_a_layout() {
    let (layers, breadth) = (30, 30);
    let edges: Vec<_> = (breadth..layers * breadth)
        .flat_map(|node| {
            [7, 11, 13].map(|step| ((node / breadth - 1) * breadth + node * step % breadth, node))
        })
        .collect();
    let layout = layered(&vec![CARD; layers * breadth], &edges, &LayoutOptions::default());
    assert_eq!(layout.nodes.iter().map(|placed| placed.layer).max(), Some(layers - 1));
    assert!(
        layout
            .edges
            .iter()
            .all(|route| route.points.iter().all(|point| point.x.is_finite() && point.y.is_finite()))
    );
}

#[test]
fn an_edge_over_too_many_layers_is_still_drawn() {
    let count = 3_000;
    let mut edges: Vec<_> = (1..count).map(|node| (node - 1, node)).collect();
    edges.extend((0..count - 2_000).map(|node| (node, node + 2_000)));
    let layout = layered(&vec![CARD; count], &edges, &LayoutOptions::default());
    assert!(layout.edges.iter().all(|route| !route.points.is_empty()));
}

fn any_sizes(count: usize) -> impl Strategy<Value = Vec<Size>> {
    let size = (1.0..300.0_f64, 1.0..80.0_f64).prop_map(|(width, height)| Size { width, height });
    prop::collection::vec(size, count)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_acyclic_graph(
        sizes in any_sizes(24),
        edges in prop::collection::vec((0..24_usize, 0..24_usize), 0..60),
    ) {
        let forward: Vec<_> = edges.into_iter().filter(|(source, target)| source < target).collect();
        check(&sizes, &forward);
        let layout = layered(&sizes, &forward, &LayoutOptions::default());
        prop_assert!(layout.edges.iter().all(|route| !route.points.is_empty()));
    }

    #[test]
    fn any_graph_at_all(
        sizes in any_sizes(12),
        edges in prop::collection::vec((0..14_usize, 0..14_usize), 0..40),
    ) {
        check(&sizes, &edges);
    }
}
