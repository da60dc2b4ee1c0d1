//! The lineage of a version: what it was made from, back to the roots, or everything that was ever made with it.
//!
//! Both are read from the provenance of materializations. Downwards only assets of the graph are searched, by the versions that they have
//! had, newest first. A version that is met twice is followed where it is met first, nearest to the beginning; versions are made from
//! earlier ones, so there is no cycle. What a version in shadow has made of an asset is no version of it, and stands between the model and what
//! has read it all the same. Breadth comes before depth: if not all fits, what is left out is the farthest.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use millwork_core::event::{Event, EventBody, EventKind, InputVersion, Provenance, ShadowOutcome};
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::version::{ReadAs, VersionNumber};
use millwork_core::{AssetKey, AssetPartition, DataVersion};

use crate::event_log::each_event;
use crate::{EventQuery, Order, StorageError, Store, input_event, is_version};

/// The way in which the lineage of a version is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To what it was made from.
    Up,
    /// To what was made with it.
    Down,
}

/// How much of a lineage is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineageLimits {
    /// The maximum number of steps from the version.
    pub depth: u32,
    /// The maximum number of versions, the first included.
    pub versions: usize,
}

/// A version in a lineage.
#[derive(Clone, Debug, PartialEq)]
pub struct LineageNode {
    /// The asset, and its partition.
    pub of: AssetPartition,
    /// The number of the version; `None` in events of before versions were numbered, and of what was made in shadow.
    pub version: Option<VersionNumber>,
    /// The version of its data; `None` if it isn't known.
    pub data_version: Option<DataVersion>,
    /// Which version the reader asked for: that of this pair which was made from the other.
    pub read_as: ReadAs,
    /// Its materialization, or the call in shadow; `None` if the event was removed. Downwards it has no metadata.
    pub made: Option<Event>,
    /// The versions that it was made from, or that were made with it.
    pub next: Vec<Self>,
    /// What isn't in `next`.
    pub rest: LineageRest,
}

/// The versions behind a version of a lineage that aren't shown there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineageRest {
    /// There are no others.
    Nothing,
    /// All of them: the version is in the tree elsewhere, with what is behind it.
    Elsewhere,
    /// This number of direct ones, which a limit left out.
    LeftOut(usize),
}

/// Maximum materializations of an asset that are searched for those made with a version.
const MOST_SEARCHED: usize = 10_000;

/// The lineage of a version; the version is its first node.
///
/// # Errors
///
/// Those of the store.
pub async fn lineage(
    store: &dyn Store,
    graph: &AssetGraph,
    version: &Event,
    direction: Direction,
    limits: LineageLimits,
) -> Result<LineageNode, StorageError> {
    let mut search = Search { store, graph, made: BTreeMap::new(), in_shadow: BTreeMap::new() };
    let mut found = vec![Found { parent: 0, depth: 0, node: LineageNode::of_event(version.clone()) }];
    let mut followed: HashMap<Identity, usize> = HashMap::new();
    let mut place = 0;
    while place < found.len() {
        let (node, depth) = (&found[place].node, found[place].depth);
        if let Some(first) = followed.get(&node.identity()) {
            let leads_on = found.iter().any(|other| other.parent == *first && other.depth > 0)
                || found[*first].node.rest != LineageRest::Nothing;
            if leads_on {
                found[place].node.rest = LineageRest::Elsewhere;
            }
            place += 1;
            continue;
        }
        followed.insert(node.identity(), place);
        let mut next = match direction {
            Direction::Up => search.made_from(node).await?,
            Direction::Down => search.made_with(node).await?,
        };
        let room = if depth >= limits.depth { 0 } else { limits.versions.saturating_sub(found.len()) };
        if next.len() > room {
            found[place].node.rest = LineageRest::LeftOut(next.len() - room);
            next.truncate(room);
        }
        found.extend(next.into_iter().map(|node| Found { parent: place, depth: depth + 1, node }));
        place += 1;
    }
    Ok(as_tree(found))
}

/// A node of the tree that is being built, behind its parent.
struct Found {
    parent: usize,
    /// The number of steps from the first node, which alone has 0.
    depth: u32,
    node: LineageNode,
}

/// What makes two nodes the same version.
type Identity = (AssetPartition, Option<VersionNumber>, Option<DataVersion>, Option<u64>);

fn as_tree(mut found: Vec<Found>) -> LineageNode {
    loop {
        match found.pop() {
            Some(Found { depth: 0, mut node, .. }) => {
                node.next.reverse();
                return node;
            }
            Some(Found { parent, mut node, .. }) => {
                node.next.reverse();
                found[parent].node.next.push(node);
            }
            None => unreachable!("a lineage begins with a version"),
        }
    }
}

impl LineageNode {
    /// The node of a materialization or a call in shadow, with nothing behind it yet.
    fn of_event(event: Event) -> Self {
        let data_version = if let EventBody::Materialized(made) = &event.body {
            Some(made.data_version.clone())
        } else if let Some(ShadowOutcome::Made(made)) = shadow_outcome(&event) {
            Some(made.data_version.clone())
        } else {
            None
        };
        let version = event.body.version();
        let of =
            AssetPartition::new(event.asset.clone().unwrap_or_else(|| "".into()), event.partition.clone());
        let (read_as, next, rest) = (ReadAs::Latest, Vec::new(), LineageRest::Nothing);
        Self { of, version, data_version, read_as, made: Some(event), next, rest }
    }

    /// The node of an input, whose event may be gone.
    fn of_input(input: InputVersion, event: Option<Event>) -> Self {
        let InputVersion { upstream, data_version, version, read_as } = input;
        match event {
            Some(event) => Self { read_as, ..Self::of_event(event) },
            None => {
                let (next, rest) = (Vec::new(), LineageRest::Nothing);
                Self { of: upstream, version, data_version, read_as, made: None, next, rest }
            }
        }
    }

    /// Whether it was made in shadow.
    pub fn is_in_shadow(&self) -> bool {
        self.made.as_ref().is_some_and(|event| shadow_outcome(event).is_some())
    }

    fn identity(&self) -> Identity {
        // A number alone names a version; the data is for those of before there were numbers.
        let data_version = self.data_version.clone().filter(|_| self.version.is_none());
        let in_shadow = self.made.as_ref().filter(|_| self.is_in_shadow()).map(|event| event.sequence);
        (self.of.clone(), self.version, data_version, in_shadow)
    }
}

struct Search<'a> {
    store: &'a dyn Store,
    graph: &'a AssetGraph,
    /// The materializations of assets that were searched so far, newest first.
    made: BTreeMap<AssetKey, Vec<Event>>,
    /// What versions in shadow have made of assets that were searched so far, newest first.
    in_shadow: BTreeMap<AssetKey, Vec<Event>>,
}

/// What became of a call in shadow; `None` of other events.
fn shadow_outcome(event: &Event) -> Option<&ShadowOutcome> {
    if let EventBody::ShadowCalled(called) = &event.body { Some(&called.outcome) } else { None }
}

/// What a materialization, or what was made in shadow, was made from.
fn provenance(event: &Event) -> Option<&Provenance> {
    if let EventBody::ShadowCalled(called) = &event.body {
        return Some(&called.provenance);
    }
    event.body.provenance()
}

impl Search<'_> {
    async fn made_from(&self, node: &LineageNode) -> Result<Vec<LineageNode>, StorageError> {
        let Some(event) = &node.made else { return Ok(Vec::new()) };
        let mut next = Vec::new();
        for input in provenance(event).iter().flat_map(|provenance| &provenance.inputs) {
            if input.version.is_none() && input.data_version.is_none() {
                continue;
            }
            let event = input_event(self.store, event, input).await?;
            next.push(LineageNode::of_input(input.clone(), event));
        }
        Ok(next)
    }

    async fn made_with(&mut self, node: &LineageNode) -> Result<Vec<LineageNode>, StorageError> {
        let Some(index) = self.graph.index(node.of.asset.as_str()) else { return Ok(Vec::new()) };
        if let Some(event) = node.made.as_ref().filter(|_| node.is_in_shadow()) {
            return self.made_with_shadow(index, node, event.sequence).await;
        }
        let mut next = Vec::new();
        let asset = &self.graph.assets()[index];
        let read_only = asset.history_readers.iter().filter(|reader| !asset.downstream.contains(reader));
        for downstream in asset.downstream.iter().chain(read_only) {
            let key = self.graph.key(*downstream);
            self.search(*downstream).await?;
            for event in self.made[key].iter().chain(self.in_shadow.get(key).into_iter().flatten()) {
                let inputs = provenance(event).into_iter().flat_map(|provenance| &provenance.inputs);
                let mut of_node = inputs.filter(|input| input.upstream == node.of);
                if let Some(input) = of_node.find(|input| is_version(input, node.version, node.made.as_ref()))
                {
                    let read_as = input.read_as.clone();
                    next.push(LineageNode { read_as, ..LineageNode::of_event(event.clone()) });
                }
            }
        }
        Ok(next)
    }

    /// What was made with what a version in shadow has made of an asset, at this place of the log.
    async fn made_with_shadow(
        &mut self,
        asset: AssetIndex,
        node: &LineageNode,
        place: u64,
    ) -> Result<Vec<LineageNode>, StorageError> {
        let mut next = Vec::new();
        for reader in self.graph.shadow_readers(asset).collect::<Vec<_>>() {
            self.search(reader).await?;
            for event in &self.made[self.graph.key(reader)] {
                let inputs = provenance(event).into_iter().flat_map(|provenance| &provenance.inputs);
                let mut of_node = inputs.filter(|input| input.upstream == node.of);
                let read = of_node.find(|input| match input.read_as {
                    ReadAs::Shadow { after, until } => after < place && place <= until,
                    ReadAs::Latest
                    | ReadAs::Alias(_)
                    | ReadAs::InputOf { .. }
                    | ReadAs::InputOfChallenger { .. }
                    | ReadAs::History { .. } => false,
                });
                if let Some(input) = read {
                    let read_as = input.read_as.clone();
                    next.push(LineageNode { read_as, ..LineageNode::of_event(event.clone()) });
                }
            }
        }
        Ok(next)
    }

    /// Reads what was made of an asset, unless that was done before.
    async fn search(&mut self, asset: AssetIndex) -> Result<(), StorageError> {
        let key = self.graph.key(asset);
        if self.made.contains_key(key) {
            return Ok(());
        }
        self.made.insert(key.clone(), newest_first(self.store, key, EventKind::Materialized).await?);
        let computation = self.graph.definition(asset).and_then(|asset| asset.computation.as_ref());
        if computation.is_some_and(|computation| computation.shadow_safe) {
            let mut made = newest_first(self.store, key, EventKind::ShadowCalled).await?;
            made.retain(|call| matches!(shadow_outcome(call), Some(ShadowOutcome::Made(_))));
            self.in_shadow.insert(key.clone(), made);
        }
        Ok(())
    }
}

/// The events of a kind about an asset, newest first, without their metadata.
async fn newest_first(
    store: &dyn Store,
    asset: &AssetKey,
    kind: EventKind,
) -> Result<Vec<Event>, StorageError> {
    let mut found = Vec::new();
    let query = EventQuery {
        asset: Some(asset.clone()),
        kinds: Some(kind.into()),
        order: Order::NewestFirst,
        ..EventQuery::default()
    };
    each_event(store, query, |event| {
        found.push(without_metadata(event));
        if found.len() < MOST_SEARCHED { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
    .await?;
    Ok(found)
}

/// Curves and pictures of thousands of versions would exhaust memory.
fn without_metadata(mut event: Event) -> Event {
    if let EventBody::Materialized(made) = &mut event.body {
        made.metadata.clear();
    } else if let EventBody::ShadowCalled(called) = &mut event.body
        && let ShadowOutcome::Made(made) = &mut called.outcome
    {
        made.metadata.clear();
    }
    event
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use millwork_core::event::{Materialization, NewEvent, Provenance, StoredValue, ValueLocation};
    use millwork_core::run::RunId;
    use millwork_core::{AssetDefinition, Definitions, Pipeline};

    use super::*;
    use crate::{Batch, EventLog as _, MemoryStore};

    /// `raw` → `features` → `model` → `predictions`, and `raw` → `predictions`.
    fn pipeline() -> Pipeline {
        let asset = |key: &str, inputs: &[&str]| {
            let definition = AssetDefinition::new(key).produces::<u8, _>();
            inputs
                .iter()
                .fold(definition, |definition, input| definition.input::<u8>(input))
                .blocking(|_| Ok(0_u8))
        };
        let definitions = Definitions::new().asset(asset("raw", &[])).asset(asset("features", &["raw"]));
        let definitions = definitions.asset(asset("model", &["features"]));
        definitions.asset(asset("predictions", &["model", "raw"])).resolve().unwrap()
    }

    /// Materializes a version of an asset from versions of others.
    async fn make(store: &MemoryStore, asset: &str, version: u32, inputs: &[(&str, u32)]) {
        let inputs = inputs.iter().map(|(upstream, version)| (*upstream, *version, ReadAs::Latest));
        make_reading(store, asset, version, inputs).await;
    }

    async fn make_reading<'a>(
        store: &MemoryStore,
        asset: &str,
        version: u32,
        inputs: impl IntoIterator<Item = (&'a str, u32, ReadAs)>,
    ) {
        let number = VersionNumber::new(version);
        let input = |(upstream, version, read_as): (&str, u32, ReadAs)| InputVersion {
            upstream: AssetPartition::new(upstream.into(), None),
            data_version: Some("d".into()),
            version: VersionNumber::new(version),
            read_as,
        };
        let stored =
            StoredValue { location: ValueLocation::Database, bytes: 1, format: "json".into(), hash: None };
        let body = EventBody::Materialized(Materialization {
            version: number,
            data_version: "d".into(),
            provenance: Provenance {
                code_version: "c".into(),
                inputs: inputs.into_iter().map(input).collect(),
                config: None,
            },
            stored,
            metadata: Default::default(),
        });
        let event = NewEvent {
            asset: Some(asset.into()),
            run: None,
            ..NewEvent::of_run(RunId::from_u128(1), Timestamp::UNIX_EPOCH, body)
        };
        store.append(Batch { fence: None, events: vec![event] }).await.unwrap();
    }

    async fn store() -> MemoryStore {
        let store = MemoryStore::default();
        for version in 1..=2 {
            make(&store, "raw", version, &[]).await;
            make(&store, "features", version, &[("raw", version)]).await;
            make(&store, "model", version, &[("features", version)]).await;
            make(&store, "predictions", version, &[("model", version), ("raw", version)]).await;
        }
        // Predictions of the second data by the first model.
        make(&store, "predictions", 3, &[("model", 1), ("raw", 2)]).await;
        store
    }

    fn shown(node: &LineageNode, indent: usize, text: &mut String) {
        let version = node.version.map_or_else(String::new, |version| format!("@{version}"));
        let rest = match node.rest {
            LineageRest::Nothing => String::new(),
            LineageRest::Elsewhere => " (elsewhere)".to_owned(),
            LineageRest::LeftOut(count) => format!(" (+{count})"),
        };
        text.push_str(&format!("{}{}{version}{rest}\n", " ".repeat(indent), node.of));
        node.next.iter().for_each(|next| shown(next, indent + 1, text));
    }

    async fn check(asset: &str, version: u32, direction: Direction, limits: LineageLimits, expected: &str) {
        let (store, pipeline) = (store().await, pipeline());
        let of = AssetPartition::new(asset.into(), None);
        let version = VersionNumber::new(version).unwrap();
        let event = crate::VersionStore::version(&store, &of, version).await.unwrap().unwrap();
        let tree = lineage(&store, pipeline.graph(), &event, direction, limits).await.unwrap();
        let mut text = String::new();
        shown(&tree, 0, &mut text);
        assert_eq!(text, expected, "{asset}@{version}");
    }

    /// The second version of a total is made from all versions of the raw data but the first, whose newest one is recorded.
    #[tokio::test]
    async fn what_was_read_as_a_history() {
        let store = store().await;
        make(&store, "raw", 3, &[]).await;
        let total = AssetDefinition::new("total").produces::<u8, _>();
        let total = total.policy(|computation| computation.requirements.history::<u8>("raw"));
        let raw = AssetDefinition::new("raw").produces::<u8, _>().blocking(|_| Ok(0_u8));
        let pipeline = Definitions::new().assets([raw, total.blocking(|_| Ok(0_u8))]).resolve().unwrap();
        let number = |version| VersionNumber::new(version).unwrap();
        for (version, newest, after) in [(1, 1, None), (2, 3, Some(number(1)))] {
            make_reading(&store, "total", version, [("raw", newest, ReadAs::History { after })]).await;
        }
        for (version, expected) in [(1, "total@1"), (2, "total@2"), (3, "total@2")] {
            let raw = AssetPartition::new("raw".into(), None);
            let event = crate::VersionStore::version(&store, &raw, number(version)).await.unwrap().unwrap();
            let tree = lineage(&store, pipeline.graph(), &event, Direction::Down, ALL).await.unwrap();
            let mut text = String::new();
            shown(&tree, 0, &mut text);
            assert_eq!(text, format!("raw@{version}\n {expected}\n"));
        }
        let total = AssetPartition::new("total".into(), None);
        let event = crate::VersionStore::version(&store, &total, number(2)).await.unwrap().unwrap();
        let tree = lineage(&store, pipeline.graph(), &event, Direction::Up, ALL).await.unwrap();
        let mut text = String::new();
        shown(&tree, 0, &mut text);
        assert_eq!(text, "total@2\n raw@3\n");
    }

    const ALL: LineageLimits = LineageLimits { depth: 100, versions: 100 };

    #[tokio::test]
    async fn up_to_the_roots() {
        let tree = "predictions@3\n model@1\n  features@1\n   raw@1\n raw@2\n";
        check("predictions", 3, Direction::Up, ALL, tree).await;
        // Met twice: as an input of its own, and behind the model.
        let tree = "predictions@2\n model@2\n  features@2\n   raw@2\n raw@2\n";
        check("predictions", 2, Direction::Up, ALL, tree).await;
    }

    #[tokio::test]
    async fn down_to_everything_made_with_it() {
        let tree = "raw@1\n features@1\n  model@1\n   predictions@3\n   predictions@1\n predictions@1\n";
        check("raw", 1, Direction::Down, ALL, tree).await;
        check("predictions", 1, Direction::Down, ALL, "predictions@1\n").await;
    }

    #[tokio::test]
    async fn limits_leave_out_the_farthest() {
        let check = async |depth, versions, tree| {
            check("raw", 1, Direction::Down, LineageLimits { depth, versions }, tree).await;
        };
        check(0, 100, "raw@1 (+2)\n").await;
        check(1, 100, "raw@1\n features@1 (+1)\n predictions@1\n").await;
        check(100, 4, "raw@1\n features@1\n  model@1 (+2)\n predictions@1\n").await;
        check(100, 1, "raw@1 (+2)\n").await;
    }
}
