//! The card of one node.

use std::fmt::{self, Write as _};

use millwork_layout::{Placed, Size};

use super::super::DrawingNode;
use super::glyph::{GLYPH, glyph};
use crate::markup::{escape, label_width, number, single_line, text_width};

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

/// Writes the card of a node at its place; `colour` is the number of its group's colour.
pub(super) fn card(
    to: &mut String,
    node: &DrawingNode,
    place: &Placed,
    colour: Option<usize>,
) -> fmt::Result {
    if let Some(link) = &node.link {
        to.push_str(r#"<a href=""#);
        escape(to, link)?;
        to.push_str(r#"">"#);
    }
    write!(to, r#"<g class="asset {}"#, node.mark().map_or("unknown", |mark| mark.word))?;
    if node.external {
        to.push_str(" external");
    }
    if node.dimmed {
        to.push_str(" dimmed");
    }
    if let Some(colour) = colour {
        write!(to, " group-{colour}")?;
    }
    let label_middle = if has_details(node) { 19.0 } else { place.height / 2.0 };
    write!(to, r#"" transform="translate({} {})"><title>"#, number(place.x), number(place.y))?;
    escape(to, &tooltip(node))?;
    let (width, height) = (number(place.width), number(place.height));
    write!(to, r#"</title><rect class="card" width="{width}" height="{height}" rx="9"/>"#)?;
    if colour.is_some() {
        let height = number(place.height - 22.0);
        write!(to, r#"<rect class="bar" x="9" y="11" width="4" height="{height}" rx="2"/>"#)?;
    }
    write!(to, r#"<text class="label" x="{}" y="{}">"#, left(node), number(label_middle + 4.5))?;
    escape(to, &single_line(&node.label))?;
    to.push_str("</text>");
    if let Some(mark) = node.mark() {
        glyph(to, mark, place.width - RIGHT - GLYPH / 2.0 + 2.0, label_middle)?;
    }
    details(to, node, place)?;
    to.push_str(if node.link.is_some() { "</g></a>" } else { "</g>" });
    Ok(())
}

fn has_details(node: &DrawingNode) -> bool {
    node.group.is_some() || !node.kinds.is_empty() || node.gate.is_some()
}

/// Distance of the text from the left edge: the group's bar is in between.
fn left(node: &DrawingNode) -> f64 {
    if node.group.is_some() { 22.0 } else { 15.0 }
}

fn card_width(node: &DrawingNode) -> f64 {
    let mark = if node.has_mark() { GLYPH + 12.0 } else { 0.0 };
    let label = label_width(&node.label) + mark;
    let kinds: f64 = node.details().iter().map(|kind| kind_width(kind) + 5.0).sum();
    (left(node) + label.max(group_width(node) + kinds) + RIGHT).max(NARROWEST).ceil()
}

/// Writes the second row: the group's name, then the kinds and the gate.
fn details(to: &mut String, node: &DrawingNode, place: &Placed) -> fmt::Result {
    let mut x = left(node);
    let baseline = place.height - 13.0;
    if let Some(group) = &node.group {
        write!(to, r#"<text class="group" x="{}" y="{}">"#, number(x), number(baseline))?;
        escape(to, &single_line(group))?;
        to.push_str("</text>");
        x += group_width(node);
    }
    for kind in &node.details() {
        let width = kind_width(kind);
        write!(
            to,
            r#"<rect class="pill" x="{}" y="{}" width="{}" height="16" rx="8"/><text class="kind" x="{}" y="{}">"#,
            number(x),
            number(baseline - 11.8),
            number(width),
            number(x + width / 2.0),
            number(baseline - 0.3),
        )?;
        escape(to, &single_line(kind))?;
        to.push_str("</text>");
        x += width + 5.0;
    }
    Ok(())
}

/// How much of the second row the group's name takes, with the gap after it; it is bold, and so a little wider.
fn group_width(node: &DrawingNode) -> f64 {
    node.group.as_ref().map_or(0.0, |group| text_width(group, GROUP_FONT) * 1.08 + 8.0)
}

fn kind_width(kind: &str) -> f64 {
    text_width(kind, KIND_FONT) + 2.0 * KIND_PADDING
}

/// The tooltip of the card: all that the card shows, and the description.
fn tooltip(node: &DrawingNode) -> String {
    let mut facts: Vec<String> = node.group.iter().map(|group| format!("group {group}")).collect();
    facts.extend((!node.kinds.is_empty()).then(|| node.kinds.join(", ")));
    facts.extend(node.gate.iter().map(|gate| format!("gate {gate}")));
    facts.extend(node.mark().map(|mark| mark.word.to_owned()));
    facts.extend(node.external.then(|| "external".to_owned()));
    let mut lines = vec![node.label.clone()];
    lines.extend(node.description.clone());
    lines.extend((!facts.is_empty()).then(|| facts.join(" · ")));
    lines.join("\n")
}
