//! The model of a drawing: nodes, edges, groups and marks.

use std::collections::{BTreeMap, HashMap};

use millwork_core::AssetStatus;
use millwork_core::graph::{AssetGraph, AssetIndex, AssetSet, Edge};
use millwork_core::version::ReadAs;
use millwork_layout::{Layout, LayoutOptions};

use super::mark::{GATE, Mark};
use super::{dot, listing, mermaid, svg};

/// A graph to be looked at, independent of what its nodes are in the program.
///
/// ```
/// use millwork_draw::graph::{Drawing, DrawingNode};
///
/// let node = |label: &str| DrawingNode { label: label.into(), ..DrawingNode::default() };
/// let drawing = Drawing { nodes: vec![node("stories"), node("model")], edges: vec![(0, 1)], ..Drawing::default() };
/// assert_eq!(drawing.to_text(), "● stories\n● model    ← stories\n");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drawing {
    /// The nodes, in any order.
    pub nodes: Vec<DrawingNode>,
    /// Pairs of positions in `nodes`, from upstream to downstream.
    pub edges: Vec<(usize, usize)>,
    /// What edges follow that don't take the latest version, such as the alias `champion`, or `its history`. They are drawn with broken
    /// lines.
    pub labels: BTreeMap<(usize, usize), String>,
}

/// One box of a drawing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DrawingNode {
    /// The name, never shortened.
    pub label: String,
    /// A sentence to show in the tooltip; `None` for none.
    pub description: Option<String>,
    /// The group, shown by name and colour; `None` for no group.
    pub group: Option<String>,
    /// What it is made of, such as `polars` or `parquet`.
    pub kinds: Vec<String>,
    /// The status of the asset; `None` if it wasn't asked for.
    pub status: Option<AssetStatus>,
    /// The name of the gate that judges its versions; `None` without one.
    pub gate: Option<String>,
    /// Whether it is made elsewhere and only read here.
    pub external: bool,
    /// Whether it is drawn fainter than the others.
    pub dimmed: bool,
    /// The address that a click leads to, in the forms that can be clicked; `None` for no link.
    pub link: Option<String>,
}

impl Drawing {
    /// Selected assets of a graph and the edges between them, without a status.
    pub fn of(graph: &AssetGraph, selected: &AssetSet) -> Self {
        let position: HashMap<AssetIndex, usize> =
            selected.iter().enumerate().map(|(position, asset)| (*asset, position)).collect();
        let node = |asset: &AssetIndex| {
            let node = &graph.assets()[*asset];
            let description = node.spec.description.lines().next().map(str::to_owned);
            DrawingNode {
                label: node.spec.key.to_string(),
                description: description.filter(|description| !description.is_empty()),
                group: node.spec.group.clone(),
                kinds: node.spec.kinds.clone(),
                gate: graph.gate(*asset).map(|gate| gate.name.clone()),
                external: node.step.is_none(),
                ..DrawingNode::default()
            }
        };
        let (mut edges, mut labels) = (Vec::new(), BTreeMap::new());
        for (target, asset) in selected.iter().enumerate() {
            for upstream in &graph.assets()[*asset].upstream {
                let Some(source) = position.get(upstream) else { continue };
                edges.push((*source, target));
                labels.extend(label(graph, *asset, *upstream).map(|label| ((*source, target), label)));
            }
            for history in graph.histories(*asset) {
                let Some(source) = position.get(&history.asset) else { continue };
                let edge = (*source, target);
                // Of an edge that is there already it would say less. A way back can't be laid out.
                if !history.is_circular && !edges.contains(&edge) {
                    edges.push(edge);
                    labels.insert(edge, HISTORY.to_owned());
                }
            }
        }
        Self { nodes: selected.iter().map(node).collect(), edges, labels }
    }

    /// A picture, readable on light and on dark pages. It flows down or to the right, whichever is narrower.
    pub fn to_svg(&self) -> String {
        svg::narrow_page(self)
    }

    /// A picture with the direction and distances of your choice.
    pub fn to_svg_with(&self, options: &LayoutOptions) -> String {
        svg::page(self, options)
    }

    /// The positions in a picture that flows down or to the right, whichever is narrower. It costs most of the
    /// work, and stays the same while marks change but don't come or go, and so do links or what is dimmed.
    pub fn layout(&self) -> Layout {
        svg::narrow_layout(self)
    }

    /// The picture at the positions of `layout`, which is the result of [`layout`](Drawing::layout) for these nodes and edges.
    pub fn to_svg_in(&self, layout: &Layout) -> String {
        svg::document(self, layout)
    }

    /// An element of a page whose style sheet has rules for it, below `.millwork-graph`. `layout` is what
    /// [`layout`](Drawing::layout) gave for these nodes and edges.
    pub fn to_svg_element(&self, layout: &Layout) -> String {
        svg::element(self, layout)
    }

    /// The graph in the language of Graphviz, with groups as clusters.
    pub fn to_dot(&self) -> String {
        dot::dot(self)
    }

    /// The graph in the language of Mermaid, with groups as subgraphs.
    pub fn to_mermaid(&self) -> String {
        mermaid::mermaid(self)
    }

    /// One line for each node, after all nodes that it depends on; with a rail as long as that is narrow enough.
    pub fn to_text(&self) -> String {
        listing::listing(self)
    }

    /// The names of the groups, in the order in which they appear.
    pub(super) fn groups(&self) -> Vec<&str> {
        let mut groups = Vec::new();
        for group in self.nodes.iter().filter_map(|node| node.group.as_deref()) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }

    /// The marks of all nodes with their counts, in the order of legends.
    pub(super) fn marks(&self) -> Vec<(Mark, usize)> {
        let legend = Mark::LEGEND.into_iter().filter_map(Mark::of);
        let count = |mark: &Mark| self.nodes.iter().filter(|node| node.mark().as_ref() == Some(mark)).count();
        legend.map(|mark| (mark, count(&mark))).filter(|(_, count)| *count > 0).collect()
    }

    /// The edges whose ends exist, each once.
    pub(super) fn distinct_edges(&self) -> Vec<(usize, usize)> {
        let mut seen = std::collections::HashSet::new();
        let exists = |node: usize| node < self.nodes.len();
        let edges = self.edges.iter().copied();
        edges
            .filter(|&(source, target)| exists(source) && exists(target) && seen.insert((source, target)))
            .collect()
    }
}

/// What stands at an edge along which a history is read.
pub(super) const HISTORY: &str = "its history";

/// What an asset follows when it reads one of its upstream assets; `None` if it takes the latest version.
fn label(graph: &AssetGraph, asset: AssetIndex, upstream: AssetIndex) -> Option<String> {
    match graph.edge(asset, upstream) {
        Edge::Latest => None,
        Edge::Alias(alias) => Some(alias.to_string()),
        Edge::InputOf => {
            let key = graph.key(upstream);
            let step = graph.assets()[asset].step.map(|step| graph.steps()[step].computation());
            let mut inputs = step.into_iter().flat_map(|step| &step.requirements.inputs);
            inputs.find_map(|input| match &input.read_as {
                ReadAs::InputOf { model, alias } if input.asset == *key => {
                    Some(format!("of {model}@{alias}"))
                }
                ReadAs::Latest
                | ReadAs::History { .. }
                | ReadAs::Shadow { .. }
                | ReadAs::Alias(_)
                | ReadAs::InputOf { .. }
                | ReadAs::InputOfChallenger { .. } => None,
            })
        }
    }
}

impl DrawingNode {
    /// What it is made of, and its gate, in the words of its card.
    pub(super) fn details(&self) -> Vec<String> {
        let gate = self.gate.iter().map(|gate| format!("{GATE} {gate}"));
        self.kinds.iter().cloned().chain(gate).collect()
    }

    /// The mark of its status.
    pub(super) fn mark(&self) -> Option<Mark> {
        self.status.and_then(Mark::of)
    }

    /// Whether it has a mark, which takes room on its card.
    pub fn has_mark(&self) -> bool {
        self.mark().is_some()
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::{AssetDefinition, Definitions};

    use super::*;

    fn asset(key: &str, inputs: &[&str], histories: &[&str]) -> AssetDefinition {
        let definition = AssetDefinition::new(key).produces::<u8, _>();
        let definition = inputs.iter().fold(definition, |definition, input| definition.input::<u8>(input));
        let definition = definition.policy(|computation| {
            histories.iter().for_each(|history| computation.requirements.history::<u8>(*history));
        });
        definition.blocking(|_| Ok(0_u8))
    }

    /// `total` reads a history, `both` one of what it takes as well, and `sales` one of what is made from it.
    #[test]
    fn histories_are_broken_lines() {
        let assets = [
            asset("both", &["sales"], &["sales"]),
            asset("total", &[], &["sales"]),
            asset("sales", &[], &["both"]),
        ];
        let pipeline = Definitions::new().assets(assets).resolve().unwrap();
        let graph = pipeline.graph();
        let drawing = Drawing::of(graph, &graph.assets().indices().collect());
        let named = |(source, target): &(usize, usize)| {
            format!("{} {}", drawing.nodes[*source].label, drawing.nodes[*target].label)
        };
        let mut edges: Vec<String> = drawing.edges.iter().map(named).collect();
        edges.sort();
        assert_eq!(edges, ["sales both", "sales total"]);
        let labels: Vec<_> =
            drawing.labels.iter().map(|(edge, label)| (named(edge), label.as_str())).collect();
        assert_eq!(labels, [("sales total".to_owned(), HISTORY)]);
        assert!(drawing.to_svg().contains("reads a history"));
        assert!(drawing.to_text().contains("← sales (its history)"), "{}", drawing.to_text());
    }
}
