//! Folded groups: groups of assets that are drawn as one node.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use millwork_core::AssetStatus;
use millwork_draw::graph::{Drawing, DrawingNode};

/// The number of assets above which the groups of a graph are folded by default.
const LARGE: usize = 120;

/// The groups that are unfolded: those named, all (`*`), or, without the parameter, all of a small graph and none of a large one.
#[derive(Clone, Debug)]
pub(super) struct Unfolded {
    named: Option<BTreeSet<String>>,
    is_large: bool,
}

impl Unfolded {
    pub(super) fn new(asked: Option<&str>, assets: usize) -> Self {
        let named =
            asked.map(|names| names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect());
        Self { named, is_large: assets > LARGE }
    }

    pub(super) fn holds(&self, group: &str) -> bool {
        match &self.named {
            Some(named) => named.contains("*") || named.contains(group),
            None => !self.is_large,
        }
    }

    /// The parameter that folds or unfolds this group, given all the groups of the graph.
    pub(super) fn with_changed(&self, group: &str, all: &[String]) -> String {
        let is_open = |one: &String| if one == group { !self.holds(one) } else { self.holds(one) };
        all.iter().filter(|one| is_open(one)).cloned().collect::<Vec<_>>().join(",")
    }
}

/// The names of the groups, in the order in which they appear.
pub(super) fn groups(drawing: &Drawing) -> Vec<String> {
    let mut seen = HashSet::new();
    let groups = drawing.nodes.iter().filter_map(|node| node.group.clone());
    groups.filter(|group| seen.insert(group.clone())).collect()
}

/// The drawing with one node for each group that is folded. `link` gives the address of the page with a group unfolded.
pub(super) fn folded(drawing: Drawing, unfolded: &Unfolded, link: impl Fn(&str) -> String) -> Drawing {
    let mut nodes: Vec<DrawingNode> = Vec::new();
    let mut of_group: BTreeMap<String, (usize, usize, Vec<AssetStatus>)> = BTreeMap::new();
    let mut place = Vec::with_capacity(drawing.nodes.len());
    for node in drawing.nodes {
        let Some(group) = node.group.clone().filter(|group| !unfolded.holds(group)) else {
            place.push(nodes.len());
            nodes.push(node);
            continue;
        };
        let next = nodes.len();
        let (at, count, statuses) = of_group.entry(group).or_insert((next, 0, Vec::new()));
        place.push(*at);
        *count += 1;
        statuses.extend(node.status);
        if *at == next {
            nodes.push(node);
        } else {
            nodes[*at].dimmed &= node.dimmed;
        }
    }
    for (group, (at, count, statuses)) in of_group {
        let dimmed = nodes[at].dimmed;
        nodes[at] = DrawingNode {
            label: group.clone(),
            description: Some(format!("{}; a click unfolds the group", status_counts(&statuses))),
            kinds: vec![if count == 1 { "1 asset".to_owned() } else { format!("{count} assets") }],
            status: Some(worst(&statuses)),
            link: Some(link(&group)),
            group: Some(group),
            gate: None,
            external: false,
            dimmed,
        };
    }
    // What edges follow is shown where all that become one edge follow the same.
    let mut edges: BTreeMap<(usize, usize), Option<String>> = BTreeMap::new();
    for edge in &drawing.edges {
        let (from, to) = (place[edge.0], place[edge.1]);
        if from != to {
            let label = drawing.labels.get(edge);
            let known = edges.entry((from, to)).or_insert_with(|| label.cloned());
            *known = known.take().filter(|known| Some(known) == label);
        }
    }
    Drawing {
        nodes,
        labels: edges.iter().filter_map(|(edge, label)| Some((*edge, label.clone()?))).collect(),
        edges: edges.into_keys().collect(),
    }
}

/// The status of a group. It always has a mark, so that the group's node keeps its width.
fn worst(statuses: &[AssetStatus]) -> AssetStatus {
    AssetStatus::worst(statuses.iter().copied().chain([AssetStatus::Fresh])).unwrap_or(AssetStatus::Fresh)
}

fn status_counts(statuses: &[AssetStatus]) -> String {
    let count = |status: AssetStatus| statuses.iter().filter(|other| **other == status).count();
    let present = AssetStatus::ALL.into_iter().rev().filter(|status| count(*status) > 0);
    present.map(|status| format!("{} {status}", count(status))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing() -> Drawing {
        let node = |label: &str, group: Option<&str>, status| DrawingNode {
            label: label.to_owned(),
            group: group.map(str::to_owned),
            status: Some(status),
            ..DrawingNode::default()
        };
        Drawing {
            nodes: vec![
                node("a", Some("x"), AssetStatus::Fresh),
                node("b", Some("x"), AssetStatus::Stale),
                node("c", Some("y"), AssetStatus::Failed),
                node("d", None, AssetStatus::Fresh),
            ],
            edges: vec![(0, 1), (0, 2), (1, 2), (2, 3)],
            labels: [((0, 1), "champion".into()), ((0, 2), "champion".into()), ((2, 3), "champion".into())]
                .into(),
        }
    }

    fn check(asked: Option<&str>, assets: usize, labels: &[&str], edges: &[(usize, usize)]) {
        let unfolded = Unfolded::new(asked, assets);
        let folded = folded(drawing(), &unfolded, str::to_owned);
        let drawn: Vec<&str> = folded.nodes.iter().map(|node| node.label.as_str()).collect();
        assert_eq!((drawn.as_slice(), folded.edges.as_slice()), (labels, edges), "{asked:?}");
    }

    #[test]
    fn groups_fold() {
        check(None, 4, &["a", "b", "c", "d"], &[(0, 1), (0, 2), (1, 2), (2, 3)]);
        check(None, 4_000, &["x", "y", "d"], &[(0, 1), (1, 2)]);
        check(Some("y"), 4, &["x", "c", "d"], &[(0, 1), (1, 2)]);
        check(Some("*"), 4_000, &["a", "b", "c", "d"], &[(0, 1), (0, 2), (1, 2), (2, 3)]);
    }

    #[test]
    fn a_fold_follows_what_all_of_it_follows() {
        let labels = |asked| folded(drawing(), &Unfolded::new(Some(asked), 4), str::to_owned).labels;
        let champion = |edge| (edge, "champion".to_owned());
        assert_eq!(labels("*"), drawing().labels);
        assert_eq!(labels("y"), [champion((1, 2))].into(), "one of two edges takes the latest version");
    }

    #[test]
    fn a_fold_shows_the_worst_status() {
        let folded = folded(drawing(), &Unfolded::new(Some(""), 4), str::to_owned);
        let statuses: Vec<_> = folded.nodes.iter().filter_map(|node| node.status).collect();
        assert_eq!(statuses, [AssetStatus::Stale, AssetStatus::Failed, AssetStatus::Fresh]);
        assert!(folded.nodes[0].description.as_deref().unwrap_or_default().starts_with("1 stale, 1 fresh"));
        let all = groups(&drawing());
        assert_eq!(Unfolded::new(None, 4).with_changed("x", &all), "y");
        assert_eq!(Unfolded::new(Some(""), 4).with_changed("x", &all), "x");
    }
}
