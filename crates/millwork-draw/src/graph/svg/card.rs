//! How one node looks.

use millwork_layout::{Placed, Size};

use super::super::DrawingNode;
use super::glyph::{GLYPH, glyph};
use crate::markup::single_line;
use crate::markup::{escaped, number};
use crate::markup::{label_width, text_width};

/// Distance of everything from the right edge.
const RIGHT: f64 = 14.0;
/// The height of a card with a second row.
const TALL: f64 = 54.0;
/// The height of a card with a label only.
const LOW: f64 = 38.0;
const NARROWEST: f64 = 96.0;
const GROUP_FONT: f64 = 11.0;
const KIND_FONT: f64 = 10.0;
const KIND_PADDING: f64 = 6.0;

/// The room that each node's card needs. All cards of a drawing are equally high: if one has a second row for group and
/// kinds, the others leave room for it.
pub(super) fn card_sizes(nodes: &[DrawingNode]) -> Vec<Size> {
    let height = if nodes.iter().any(has_details) { TALL } else { LOW };
    nodes.iter().map(|node| Size { width: card_width(node), height }).collect()
}

/// The card of a node at its place; `colour` is the number of its group's colour.
pub(super) fn card(node: &DrawingNode, place: &Placed, colour: Option<usize>) -> String {
    let mut classes = format!("asset {}", node.mark().map_or("unknown", |mark| mark.word));
    if node.external {
        classes += " external";
    }
    if node.dimmed {
        classes += " dimmed";
    }
    if let Some(colour) = colour {
        classes += &format!(" group-{colour}");
    }
    let (width, height) = (number(place.width), number(place.height));
    let label_middle = if has_details(node) { 19.0 } else { place.height / 2.0 };
    let left = left(node);
    let mut card =
        format!(r#"<g class="{classes}" transform="translate({} {})">"#, number(place.x), number(place.y));
    card += &format!("<title>{}</title>", escaped(&tooltip(node)));
    card += &format!(r#"<rect class="card" width="{width}" height="{height}" rx="9"/>"#);
    if colour.is_some() {
        card += &format!(
            r#"<rect class="bar" x="9" y="11" width="4" height="{}" rx="2"/>"#,
            number(place.height - 22.0)
        );
    }
    let label = escaped(&single_line(&node.label));
    card += &format!(r#"<text class="label" x="{left}" y="{}">{label}</text>"#, number(label_middle + 4.5));
    if let Some(mark) = node.mark() {
        card += &glyph(mark, place.width - RIGHT - GLYPH / 2.0 + 2.0, label_middle);
    }
    card += &details(node, place);
    card += "</g>";
    match &node.link {
        Some(link) => format!(r#"<a href="{}">{card}</a>"#, escaped(link)),
        None => card,
    }
}

fn has_details(node: &DrawingNode) -> bool {
    node.group.is_some() || !node.kinds.is_empty()
}

/// Distance of the text from the left edge: the group's bar is in between.
fn left(node: &DrawingNode) -> f64 {
    if node.group.is_some() { 22.0 } else { 15.0 }
}

fn card_width(node: &DrawingNode) -> f64 {
    let mark = if node.has_mark() { GLYPH + 12.0 } else { 0.0 };
    let label = label_width(&node.label) + mark;
    let kinds: f64 = node.kinds.iter().map(|kind| kind_width(kind) + 5.0).sum();
    (left(node) + label.max(group_width(node) + kinds) + RIGHT).max(NARROWEST).ceil()
}

/// The second row: the group's name, then the kinds.
fn details(node: &DrawingNode, place: &Placed) -> String {
    let mut row = String::new();
    let mut x = left(node);
    let baseline = place.height - 13.0;
    if let Some(group) = &node.group {
        let name = escaped(&single_line(group));
        row += &format!(r#"<text class="group" x="{}" y="{}">{name}</text>"#, number(x), number(baseline));
        x += group_width(node);
    }
    for kind in &node.kinds {
        let width = kind_width(kind);
        row += &format!(
            r#"<rect class="pill" x="{}" y="{}" width="{}" height="16" rx="8"/><text class="kind" x="{}" y="{}">{}</text>"#,
            number(x),
            number(baseline - 11.8),
            number(width),
            number(x + width / 2.0),
            number(baseline - 0.3),
            escaped(&single_line(kind)),
        );
        x += width + 5.0;
    }
    row
}

/// How much of the second row the group's name takes, with the gap after it; it is bold, and so a little wider.
fn group_width(node: &DrawingNode) -> f64 {
    node.group.as_ref().map_or(0.0, |group| text_width(group, GROUP_FONT) * 1.08 + 8.0)
}

fn kind_width(kind: &str) -> f64 {
    text_width(kind, KIND_FONT) + 2.0 * KIND_PADDING
}

/// What is shown while the pointer rests on the card: all that the card shows, and the description.
fn tooltip(node: &DrawingNode) -> String {
    let mut facts: Vec<String> = node.group.iter().map(|group| format!("group {group}")).collect();
    facts.extend((!node.kinds.is_empty()).then(|| node.kinds.join(", ")));
    facts.extend(node.mark().map(|mark| mark.word.to_owned()));
    facts.extend(node.external.then(|| "external".to_owned()));
    let mut lines = vec![node.label.clone()];
    lines.extend(node.description.clone());
    lines.extend((!facts.is_empty()).then(|| facts.join(" · ")));
    lines.join("\n")
}
