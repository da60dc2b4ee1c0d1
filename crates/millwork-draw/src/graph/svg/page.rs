//! The SVG document of cards and edges.

use std::fmt::{self, Write as _};

use millwork_layout::{Direction, Layout, LayoutOptions, Point, Route, layered};

use super::super::Drawing;
use super::card::{card, card_sizes};
use super::legend::{LEGEND, legend};
use super::style::{GROUP_COLOURS, STYLE};
use crate::markup::{escaped, number, single_line};

/// The room between the picture's edge and its contents.
const MARGIN: f64 = 28.0;
/// The room between the graph and its legend.
const LEGEND_GAP: f64 = 22.0;
/// The room left for a picture of nothing.
const NOTHING: f64 = 120.0;

/// The head of every arrow.
const HEAD: &str = "<defs><marker id=\"millwork-head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" \
    markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
    <path class=\"head\" d=\"M0 .6L7.6 4L0 7.4L1.8 4Z\"/></marker></defs>\n";

/// The drawing as a document, in the direction in which it is narrower.
pub(in super::super) fn narrow_page(drawing: &Drawing) -> String {
    let options = LayoutOptions::default();
    let sizes = card_sizes(&drawing.nodes);
    page(
        drawing,
        &LayoutOptions {
            direction: Direction::narrower(&sizes, &drawing.edges, options.node_gap),
            ..options
        },
    )
}

/// The positions of a drawing, in the direction in which it is narrower.
pub(in super::super) fn narrow_layout(drawing: &Drawing) -> Layout {
    let options = LayoutOptions::default();
    let sizes = card_sizes(&drawing.nodes);
    let direction = Direction::narrower(&sizes, &drawing.edges, options.node_gap);
    layered(&sizes, &drawing.edges, &LayoutOptions { direction, ..options })
}

/// The drawing as an element of a page that has rules for it.
pub(in super::super) fn element(drawing: &Drawing, layout: &Layout) -> String {
    written(|to| {
        opening(to, drawing, layout.width + 2.0 * MARGIN, layout.height + 2.0 * MARGIN)?;
        writeln!(to, "{HEAD}<g transform=\"translate({MARGIN} {MARGIN})\">")?;
        edges(to, drawing, layout)?;
        cards(to, drawing, layout)?;
        labels(to, drawing, layout)?;
        to.write_str("</g>\n</svg>\n")
    })
}

/// The drawing as a document.
pub(in super::super) fn page(drawing: &Drawing, options: &LayoutOptions) -> String {
    document(drawing, &layered(&card_sizes(&drawing.nodes), &drawing.edges, options))
}

/// The drawing as a document, at the positions of a layout.
pub(in super::super) fn document(drawing: &Drawing, layout: &Layout) -> String {
    written(|to| {
        let legend = legend(drawing)?;
        let (legend_width, legend_height) =
            legend.as_ref().map_or((0.0, 0.0), |legend| (legend.width, LEGEND_GAP + LEGEND));
        let empty = if drawing.nodes.is_empty() { NOTHING } else { 0.0 };
        let width = layout.width.max(legend_width).max(empty) + 2.0 * MARGIN;
        let height = layout.height + legend_height + 2.0 * MARGIN;
        opening(to, drawing, width, height)?;
        let (width, height) = (number(width.ceil()), number(height.ceil()));
        write!(to, "<style>\n{STYLE}</style>\n{HEAD}")?;
        writeln!(to, "<rect class=\"canvas\" width=\"{width}\" height=\"{height}\" rx=\"14\"/>")?;
        writeln!(to, "<g transform=\"translate({MARGIN} {MARGIN})\">")?;
        edges(to, drawing, layout)?;
        cards(to, drawing, layout)?;
        labels(to, drawing, layout)?;
        if let Some(legend) = legend {
            let y = number(layout.height + LEGEND_GAP);
            writeln!(to, "<g transform=\"translate(0 {y})\">{}</g>", legend.markup)?;
        }
        to.write_str("</g>\n</svg>\n")
    })
}

/// A string with what is written into it.
fn written(write: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut text = String::new();
    write(&mut text).expect("a string takes what is written");
    text
}

/// Writes the root element and its texts for those who can't see it.
fn opening(to: &mut String, drawing: &Drawing, width: f64, height: f64) -> fmt::Result {
    let (width, height) = (number(width.ceil()), number(height.ceil()));
    // An image has no parts for a screen reader; a picture with links must stay a group, or they are out of reach.
    let role = if drawing.nodes.iter().any(|node| node.link.is_some()) { "group" } else { "img" };
    writeln!(
        to,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"millwork-graph\" role=\"{role}\" aria-label=\"Asset graph\" \
         viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">"
    )?;
    writeln!(to, "<title>Asset graph</title>\n<desc>{}</desc>", escaped(&summary(drawing)))
}

/// The picture in a sentence.
fn summary(drawing: &Drawing) -> String {
    let edges = drawing.distinct_edges().len();
    let counted =
        |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let assets = counted(drawing.nodes.len(), "asset", "assets");
    let mut summary = format!("{assets}, {}", counted(edges, "dependency", "dependencies"));
    for (mark, count) in drawing.marks() {
        summary += &format!(", {count} {}", mark.word);
    }
    summary
}

fn edges(to: &mut String, drawing: &Drawing, layout: &Layout) -> fmt::Result {
    let mut seen = std::collections::HashSet::new();
    for (edge, route) in drawing.edges.iter().zip(&layout.edges) {
        if !route.points.is_empty() && seen.insert(edge) {
            let class = if drawing.labels.contains_key(edge) { "edge followed" } else { "edge" };
            write!(to, "<path class=\"{class}\"")?;
            to.push_str(" marker-end=\"url(#millwork-head)\" d=\"");
            path(to, route)?;
            to.push_str("\"/>\n");
        }
    }
    Ok(())
}

/// Writes what edges follow in their middle, and the sign of a gate where they begin.
fn labels(to: &mut String, drawing: &Drawing, layout: &Layout) -> fmt::Result {
    let mut seen = std::collections::HashSet::new();
    for (edge, route) in drawing.edges.iter().zip(&layout.edges) {
        let Some(label) = drawing.labels.get(edge).filter(|_| !route.points.is_empty() && seen.insert(edge))
        else {
            continue;
        };
        if let Some(gate) = drawing.nodes.get(edge.0).and_then(|node| node.gate.as_ref()) {
            let (x, y) = (number(route.points[0].x), number(route.points[0].y));
            let title = escaped(&format!("gate {gate}"));
            write!(
                to,
                "<path class=\"gate\" transform=\"translate({x} {y})\" d=\"M-7 0L0-7L7 0L0 7Z\"><title>{title}</title></path>"
            )?;
        }
        let (x, y) = middle(route);
        let (x, y) = (number(x), number(y - 3.0));
        let (short, label) = (escaped(&single_line(&short(label))), escaped(label));
        writeln!(to, "<text class=\"followed\" x=\"{x}\" y=\"{y}\"><title>{label}</title>{short}</text>")?;
    }
    Ok(())
}

/// A label without the key of the model whose alias is followed, for which there is no room: `of champion`.
fn short(label: &str) -> String {
    match label.strip_prefix("of ").and_then(|label| label.rsplit_once('@')) {
        Some((_, alias)) => format!("of {alias}"),
        None => label.to_owned(),
    }
}

/// The middle of the curve in the middle of a route, which has one point and then three for each curve.
fn middle(route: &Route) -> (f64, f64) {
    let curves = (route.points.len() - 1) / 3;
    let Some(curve) = route.points.get(curves / 2 * 3..curves / 2 * 3 + 4) else {
        return (route.points[0].x, route.points[0].y);
    };
    let at = |place: fn(&Point) -> f64| {
        (place(&curve[0]) + 3.0 * place(&curve[1]) + 3.0 * place(&curve[2]) + place(&curve[3])) / 8.0
    };
    (at(|point| point.x), at(|point| point.y))
}

fn path(to: &mut String, route: &Route) -> fmt::Result {
    for (place, point) in route.points.iter().enumerate() {
        to.push_str(match place {
            0 => "M",
            1 => "C",
            _ => " ",
        });
        write!(to, "{} {}", number(point.x), number(point.y))?;
    }
    Ok(())
}

fn cards(to: &mut String, drawing: &Drawing, layout: &Layout) -> fmt::Result {
    let groups = drawing.groups();
    let colour =
        |name: &str| groups.iter().position(|group| *group == name).map(|place| place % GROUP_COLOURS);
    for (node, place) in drawing.nodes.iter().zip(&layout.nodes) {
        card(to, node, place, node.group.as_deref().and_then(colour))?;
        to.push('\n');
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use millwork_core::AssetStatus;

    use super::super::super::DrawingNode;
    use super::super::super::reference::{awkward, judged, reference};
    use super::*;

    fn check(drawing: &Drawing, contained: &[&str], absent: &[&str]) {
        for page in [narrow_page(drawing), page(drawing, &LayoutOptions::default())] {
            contained.iter().for_each(|part| assert!(page.contains(part), "{part:?} is not in {page}"));
            absent.iter().for_each(|part| assert!(!page.contains(part), "{part:?} is in {page}"));
            assert_eq!(page.matches("<g class=\"asset ").count(), drawing.nodes.len());
            assert!(!page.contains("NaN") && !page.contains("inf"));
        }
    }

    #[test]
    fn all_that_is_known_is_in_the_picture() {
        let words = ["fresh", "running", "stale", "missing", "failed"].map(|word| format!(">{word}</text>"));
        check(
            &reference(),
            &words.each_ref().map(String::as_str),
            &[">external</text>", "<a ", "role=\"group\""],
        );
        check(
            &reference(),
            &[">latest_story_comment_predictions</text>", "9 assets, 11 dependencies, 4 fresh"],
            &[],
        );
        check(&reference(), &["prefers-color-scheme:dark", "role=\"img\""], &["var(", "url(http", "@import"]);
    }

    #[test]
    fn awkward_names_are_text() {
        let contained = ["a&lt;b&gt; &amp; &quot;c&quot;", "href=\"/assets/d?e=1&amp;f\"", "role=\"group\""];
        check(&awkward(), &contained, &["a<b>", "\u{1b}", "&quot;c\""]);
    }

    #[test]
    fn what_edges_follow_and_gates_are_drawn() {
        let shown = [
            "<path class=\"edge followed\"",
            ">champion</text>",
            "<title>of model@champion</title>of champion</text>",
            "<title>gate better &quot;R&amp;D&quot;</title>",
            ">◇ better &quot;R&amp;D&quot;</text>",
            ">follows an alias</text>",
        ];
        check(&judged(), &shown, &["NaN"]);
        assert_eq!(
            narrow_page(&judged()).matches("<path class=\"gate\"").count(),
            2,
            "an edge and the legend"
        );
    }

    #[test]
    fn nothing_and_next_to_nothing() {
        check(&Drawing::default(), &["0 assets"], &["class=\"bar\"", "class=\"edge\""]);
        let plain = Drawing {
            nodes: vec![DrawingNode::default()],
            edges: vec![(0, 0), (0, 1)],
            ..Drawing::default()
        };
        check(&plain, &[], &["class=\"edge\"", "class=\"glyph"]);
    }

    #[test]
    fn a_small_picture() {
        let node =
            |label: &str, status| DrawingNode { label: label.into(), status, ..DrawingNode::default() };
        let drawing = Drawing {
            nodes: vec![node("stories", Some(AssetStatus::Fresh)), node("model", None)],
            edges: vec![(0, 1), (0, 1)],
            ..Drawing::default()
        };
        insta::assert_snapshot!(page(&drawing, &LayoutOptions::default()).replace(STYLE, "…"), @r#"
        <svg xmlns="http://www.w3.org/2000/svg" class="millwork-graph" role="img" aria-label="Asset graph" viewBox="0 0 321 136" width="321" height="136">
        <title>Asset graph</title>
        <desc>2 assets, 1 dependency, 1 fresh</desc>
        <style>
        …</style>
        <defs><marker id="millwork-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="head" d="M0 .6L7.6 4L0 7.4L1.8 4Z"/></marker></defs>
        <rect class="canvas" width="321" height="136" rx="14"/>
        <g transform="translate(28 28)">
        <path class="edge" marker-end="url(#millwork-head)" d="M113 19C141 19 141 19 169 19"/>
        <g class="asset fresh" transform="translate(0 0)"><title>stories
        fresh</title><rect class="card" width="113" height="38" rx="9"/><text class="label" x="15" y="23.5">stories</text><g class="glyph fresh" transform="translate(93 19)"><circle class="disc" r="8"/><path d="M-3.5 .3L-1.1 2.7L3.5-2.5"/></g></g>
        <g class="asset unknown" transform="translate(169 0)"><title>model</title><rect class="card" width="96" height="38" rx="9"/><text class="label" x="15" y="23.5">model</text></g>
        <g transform="translate(0 60)"><g class="glyph fresh" transform="translate(8 10)"><circle class="disc" r="8"/><path d="M-3.5 .3L-1.1 2.7L3.5-2.5"/></g><text class="word" x="22" y="14">fresh</text></g>
        </g>
        </svg>
        "#);
    }
}
