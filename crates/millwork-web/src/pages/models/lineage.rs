//! The lineage of a version both ways: what it was made from, back to the sources, and everything that was made with it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use askama::Template;
use millwork_api::{EnvironmentView, VersionError, find_asset};
use millwork_core::event::{Event, EventBody};
use millwork_core::graph::AssetGraph;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetKey, AssetPartition};
use millwork_draw::graph::{Drawing, DrawingNode};
use millwork_storage::{Direction, LineageLimits, LineageNode, LineageRest, lineage};

use super::super::asset::history::{read_as, short};
use super::address::{ModelQuery, label_of, of_model, query};
use super::compare::environments;
use super::row::{LastVersions, Status};
use crate::error::ApiError;
use crate::state::AppState;

/// How much is followed in each direction.
const LIMITS: LineageLimits = LineageLimits { depth: 20, versions: 60 };

#[derive(Template)]
#[template(path = "model_lineage.html")]
pub(super) struct Lineage {
    head: u64,
    key: String,
    partition: String,
    back: String,
    version: VersionNumber,
    sequence: u64,
    status: Status,
    at: String,
    run: Option<(String, String)>,
    data_version: String,
    code_version: String,
    environments: Vec<EnvironmentView>,
    picture: String,
    upstream: Walked<LineageRow>,
    downstream: Walked<LineageRow>,
    /// The versions before and after this one.
    neighbours: Vec<(&'static str, String)>,
}

/// The versions in one direction, nearest first.
struct Walked<R> {
    rows: Vec<R>,
    /// Whether there are more.
    is_cut: bool,
}

/// A version in the lineage.
struct LineageRow {
    asset: String,
    partition: String,
    version: String,
    read_as: String,
    /// What was made from it, or what it was made with.
    beside: String,
    sequence: Option<u64>,
    at: String,
    run: Option<(String, String)>,
    /// Whether it is the latest version of its asset, or of its partition.
    is_latest: bool,
    /// Whether the asset is defined, so that it has a page.
    is_defined: bool,
}

impl Lineage {
    fn current(&self) -> &'static str {
        "Models"
    }
}

pub(super) async fn load(state: &AppState, key: &str, wanted: &ModelQuery) -> Result<Lineage, ApiError> {
    let (graph, store) = (state.pipeline.graph(), &*state.store);
    let index = find_asset(graph, key)?;
    let of =
        AssetPartition::new(graph.key(index).clone(), wanted.partition(graph, index, &state.moment().await?));
    // Read first: the page follows the log from here.
    let head = store.head().await?;
    let (models, alias) = (state.models(head).await?, graph.alias_in_use(index));
    let last = store.last_versions(std::slice::from_ref(&of.asset)).await?;
    let last = last.into_iter().find(|(found, _)| *found == of).map(|(_, version)| version);
    let version = wanted.version.or(models.at(&of, &alias)).or(last);
    let version = version.ok_or_else(|| VersionError::NoVersions { of: of.clone() })?;
    let event = store.version(&of, version).await?;
    let event = event.ok_or_else(|| VersionError::NoVersion { of: of.clone(), version })?;
    let EventBody::Materialized(made) = &event.body else {
        return Err(VersionError::NoVersion { of, version }.into());
    };
    let up = lineage(store, graph, &event, Direction::Up, LIMITS).await?;
    let down = lineage(store, graph, &event, Direction::Down, LIMITS).await?;
    let (upstream, downstream) = (nodes(&up), nodes(&down));
    let around = upstream.rows.iter().chain(&downstream.rows).map(|(node, _)| node.of.asset.clone());
    let around: BTreeSet<AssetKey> = around.collect();
    let around: Vec<AssetKey> = around.into_iter().collect();
    let latest: LastVersions = store.last_versions(&around).await?.into_iter().collect();
    let rows = |walked: Walked<(&LineageNode, String)>| Walked {
        rows: walked.rows.into_iter().map(|(node, beside)| row(graph, &latest, node, beside)).collect(),
        is_cut: walked.is_cut,
    };
    let next_to =
        [version.get().checked_sub(1).and_then(VersionNumber::new), VersionNumber::new(version.get() + 1)];
    let next_to: Vec<_> = next_to.into_iter().flatten().map(|version| (of.clone(), version)).collect();
    let next_to = store.versions(&next_to).await?;
    let beside = |version: VersionNumber| {
        let version = version.to_string();
        let mut parameters = vec![("version", version.as_str())];
        parameters.extend((!wanted.partition.is_empty()).then_some(("partition", wanted.partition.as_str())));
        format!("/models/{key}/lineage?{}", query(&parameters))
    };
    let neighbours = next_to
        .iter()
        .filter_map(|event| event.body.version())
        .map(|other| (if other < version { "Version before" } else { "Version after" }, beside(other)));
    Ok(Lineage {
        head,
        key: of.asset.to_string(),
        partition: label_of(of.partition.as_ref()),
        back: of_model(of.asset.as_str(), of.partition.as_ref()),
        version,
        sequence: event.sequence,
        status: Status::of(&models.status(&of, version, &alias)),
        at: event.at.to_string(),
        run: run(&event),
        data_version: made.data_version.to_string(),
        code_version: short(made.provenance.code_version.as_str()),
        environments: match event.run {
            Some(run) => environments(store, run).await?,
            None => Vec::new(),
        },
        picture: picture(state, &up, &down),
        neighbours: neighbours.collect(),
        upstream: rows(upstream),
        downstream: rows(downstream),
    })
}

fn run(event: &Event) -> Option<(String, String)> {
    event.run.map(|run| (run.to_string(), run.short()))
}

fn name(node: &LineageNode) -> String {
    match (node.version, &node.made) {
        (Some(version), _) => format!("{}@{version}", node.of),
        // Each of them is a value of its own.
        (None, Some(event)) if node.is_in_shadow() => {
            format!("{} in shadow, event {}", node.of, event.sequence)
        }
        (None, _) => node.of.to_string(),
    }
}

/// The versions behind a node, each with the name of the one that led to it.
fn nodes(root: &LineageNode) -> Walked<(&LineageNode, String)> {
    let mut open = VecDeque::from([root]);
    let (mut rows, mut is_cut) = (Vec::new(), false);
    while let Some(node) = open.pop_front() {
        is_cut |= matches!(node.rest, LineageRest::LeftOut(_));
        rows.extend(node.next.iter().map(|next| (next, name(node))));
        open.extend(&node.next);
    }
    Walked { rows, is_cut }
}

fn row(graph: &AssetGraph, latest: &LastVersions, node: &LineageNode, beside: String) -> LineageRow {
    let made = node.made.as_ref();
    let data = node.data_version.as_ref().map(|version| short(version.as_str()));
    let in_shadow = node.is_in_shadow().then(|| "in shadow".to_owned());
    let number = node.version.map(|version| version.to_string()).or(in_shadow);
    LineageRow {
        asset: node.of.asset.to_string(),
        partition: node.of.partition.as_ref().map(ToString::to_string).unwrap_or_default(),
        version: number.into_iter().chain(data).collect::<Vec<_>>().join(", "),
        read_as: read_as(&node.read_as),
        beside,
        sequence: made.filter(|_| !node.is_in_shadow()).map(|event| event.sequence),
        at: made.map(|event| event.at.to_string()).unwrap_or_default(),
        run: made.and_then(run),
        is_latest: node.version.is_some() && latest.get(&node.of).copied() == node.version,
        is_defined: graph.index(node.of.asset.as_str()).is_some(),
    }
}

/// The versions, and what each was made from.
fn picture(state: &AppState, up: &LineageNode, down: &LineageNode) -> String {
    let mut picture =
        Picture { graph: state.pipeline.graph(), drawing: Drawing::default(), places: BTreeMap::new() };
    picture.place(up);
    picture.draw(up, Direction::Up);
    picture.draw(down, Direction::Down);
    if picture.drawing.edges.is_empty() { String::new() } else { state.layouts.element(&picture.drawing) }
}

struct Picture<'g> {
    graph: &'g AssetGraph,
    drawing: Drawing,
    /// The node of each version that is drawn, by its name.
    places: BTreeMap<String, usize>,
}

impl Picture<'_> {
    fn draw(&mut self, node: &LineageNode, direction: Direction) {
        let place = self.place(node);
        for next in &node.next {
            let other = self.place(next);
            let edge = match direction {
                Direction::Up => (other, place),
                Direction::Down => (place, other),
            };
            if !self.drawing.edges.contains(&edge) {
                self.drawing.edges.push(edge);
                let followed = read_as(&next.read_as);
                self.drawing.labels.extend((!followed.is_empty()).then_some((edge, followed)));
            }
            self.draw(next, direction);
        }
    }

    fn place(&mut self, node: &LineageNode) -> usize {
        let (name, asset) = (name(node), &node.of.asset);
        if let Some(place) = self.places.get(&name) {
            return *place;
        }
        let made = node.made.as_ref().filter(|_| !node.is_in_shadow());
        let at = made.map(|event| format!("?at={}", event.sequence)).unwrap_or_default();
        let spec = self.graph.asset(asset.as_str()).map(|node| &node.spec);
        self.drawing.nodes.push(DrawingNode {
            label: name.clone(),
            group: spec.and_then(|spec| spec.group.clone()),
            link: spec.is_some().then(|| format!("/assets/{asset}{at}")),
            ..DrawingNode::default()
        });
        self.places.insert(name, self.drawing.nodes.len() - 1);
        self.drawing.nodes.len() - 1
    }
}
