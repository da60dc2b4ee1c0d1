//! The lineage of a version both ways: what it was made from, back to the sources, and everything that was made with it.

use std::collections::{BTreeMap, VecDeque};

use askama::Template;
use millwork_api::{EnvironmentView, VersionError, find_asset};
use millwork_core::AssetPartition;
use millwork_core::event::{Event, EventBody};
use millwork_core::graph::AssetGraph;
use millwork_core::version::VersionNumber;
use millwork_draw::graph::{Drawing, DrawingNode};
use millwork_storage::{Direction, LineageLimits, LineageNode, LineageRest, lineage};

use super::super::asset::history::{read_as, short};
use super::address::{ModelQuery, of_model, query};
use super::compare::environments;
use super::row::Status;
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
    upstream: Walked,
    downstream: Walked,
    /// The versions before and after this one.
    neighbours: Vec<(&'static str, String)>,
}

/// The versions in one direction, nearest first.
struct Walked {
    rows: Vec<LineageRow>,
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
}

impl Lineage {
    fn current(&self) -> &'static str {
        "Models"
    }
}

pub(super) async fn load(state: &AppState, key: &str, wanted: &ModelQuery) -> Result<Lineage, ApiError> {
    let (graph, store) = (state.pipeline.graph(), &*state.store);
    let index = find_asset(graph, key)?;
    let of = AssetPartition::new(graph.key(index).clone(), wanted.partition());
    // Read first, so that its reader is told of what comes meanwhile.
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
    let beside = |number: u32| {
        let version = number.to_string();
        let mut parameters = vec![("version", version.as_str())];
        parameters.extend((!wanted.partition.is_empty()).then_some(("partition", wanted.partition.as_str())));
        format!("/models/{key}/lineage?{}", query(&parameters))
    };
    let mut neighbours = Vec::new();
    neighbours
        .extend((version > VersionNumber::FIRST).then(|| ("Version before", beside(version.get() - 1))));
    neighbours.extend((last > Some(version)).then(|| ("Version after", beside(version.get() + 1))));
    Ok(Lineage {
        head,
        key: of.asset.to_string(),
        partition: wanted.partition.clone(),
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
        upstream: walked(&up),
        downstream: walked(&down),
        neighbours,
    })
}

fn run(event: &Event) -> Option<(String, String)> {
    event.run.map(|run| (run.to_string(), run.short()))
}

fn name(node: &LineageNode) -> String {
    node.version.map_or_else(|| node.of.to_string(), |version| format!("{}@{version}", node.of))
}

/// The versions behind a node.
fn walked(root: &LineageNode) -> Walked {
    let mut open = VecDeque::from([root]);
    let (mut rows, mut is_cut) = (Vec::new(), false);
    while let Some(node) = open.pop_front() {
        is_cut |= matches!(node.rest, LineageRest::LeftOut(_));
        rows.extend(node.next.iter().map(|next| row(next, name(node))));
        open.extend(&node.next);
    }
    Walked { rows, is_cut }
}

fn row(node: &LineageNode, beside: String) -> LineageRow {
    let made = node.made.as_ref();
    let data = node.data_version.as_ref().map(|version| short(version.as_str()));
    let number = node.version.map(|version| version.to_string());
    LineageRow {
        asset: node.of.asset.to_string(),
        partition: node.of.partition.as_ref().map(ToString::to_string).unwrap_or_default(),
        version: number.into_iter().chain(data).collect::<Vec<_>>().join(", "),
        read_as: read_as(&node.read_as),
        beside,
        sequence: made.map(|event| event.sequence),
        at: made.map(|event| event.at.to_string()).unwrap_or_default(),
        run: made.and_then(run),
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
        let at = node.made.as_ref().map(|event| format!("?at={}", event.sequence)).unwrap_or_default();
        let spec = self.graph.asset(asset.as_str()).map(|node| &node.spec);
        self.drawing.nodes.push(DrawingNode {
            label: name.clone(),
            group: spec.and_then(|spec| spec.group.clone()),
            link: Some(format!("/assets/{asset}{at}")),
            ..DrawingNode::default()
        });
        self.places.insert(name, self.drawing.nodes.len() - 1);
        self.drawing.nodes.len() - 1
    }
}
