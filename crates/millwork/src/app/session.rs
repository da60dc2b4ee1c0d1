//! The context of a command: the pipeline, and the home once it is needed.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use millwork_api::{find_asset, find_run};
use millwork_core::Problem;
use millwork_core::event::{AssetRenamed, Event};
use millwork_core::graph::{AssetGraph, AssetSet, Selection};
use millwork_core::run::{RunId, RunStatus};
use millwork_core::version::WhichVersion;
use millwork_core::{
    Advice as _, AssetKey, Clock as _, DefinitionErrors, Definitions, Instigator, KeyMoment, Pipeline,
    SystemClock,
};
use millwork_engine::{Engine, EngineOptions, EnvironmentProbe};
use millwork_storage::{
    EventQuery, Home, InstigatorState, RunQuery, RunRecord, StorageError, Store, Unwritable, key_moment,
    shown_states,
};
use tokio::runtime::Runtime;

use super::failure::Failure;
use super::out::print_error;
use super::style::style;

/// The features of Millwork that this binary was built with.
const FEATURES: &[&str] = &[
    #[cfg(feature = "linfa")]
    "linfa",
    #[cfg(feature = "ml")]
    "ml",
    #[cfg(feature = "polars")]
    "polars",
];

/// A command's access to the pipeline and its home.
pub(super) struct Session {
    definitions: Cell<Option<Definitions>>,
    pipeline: OnceCell<Result<Pipeline, DefinitionErrors>>,
    home: PathBuf,
    wants_json: bool,
}

impl Session {
    pub(super) fn new(definitions: Definitions, home: PathBuf, wants_json: bool) -> Self {
        let definitions = Cell::new(Some(definitions));
        Self { definitions, pipeline: OnceCell::new(), home, wants_json }
    }

    /// The pipeline; the definitions are resolved on the first call.
    pub(super) fn pipeline(&self) -> Result<&Pipeline, Failure> {
        let pipeline = self.pipeline.get_or_init(|| self.definitions.take().unwrap_or_default().resolve());
        pipeline.as_ref().map_err(|errors| errors.clone().into())
    }

    /// Whether the command prints JSON, by `--json`.
    pub(super) fn wants_json(&self) -> bool {
        self.wants_json
    }

    /// The folder of the home.
    pub(super) fn home_path(&self) -> &Path {
        &self.home
    }

    /// The assets that a selection selects; none for `*` where no asset is defined.
    pub(super) fn select(&self, selection: &str) -> Result<AssetSet, Failure> {
        if selection == "*" && self.pipeline()?.graph().assets().is_empty() {
            return Ok(AssetSet::new());
        }
        Ok(Selection::parse(selection)?.select(self.pipeline()?.graph())?)
    }

    /// The asset of this key.
    pub(super) fn asset(&self, key: &str) -> Result<AssetKey, Failure> {
        let graph = self.pipeline()?.graph();
        Ok(graph.key(find_asset(graph, key)?).clone())
    }

    /// The keys of partitions that there are now. The home is only opened where an asset has texts that are added at run time.
    pub(super) async fn moment(&self) -> Result<KeyMoment, Failure> {
        let graph = self.pipeline()?.graph();
        if graph.has_dynamic_partitions() {
            return self.home().await?.moment(graph).await;
        }
        Ok(KeyMoment::at(SystemClock.now()))
    }

    /// Opens the home, and marks the runs whose processes have died as lost or canceled.
    pub(super) async fn home(&self) -> Result<Opened, Failure> {
        let home = Home::open(&self.home).await?;
        if let Some(unwritable) = home.store().unwritable() {
            let (note, home) = (style("note").yellow(), self.home.display());
            let (why, hint) = match unwritable {
                Unwritable::FullDisk => {
                    ("the disk is full", format!("free some space on the disk that holds `{home}`"))
                }
                Unwritable::ReadOnly => {
                    ("the home is read-only", format!("make `{home}` writable, or copy it"))
                }
            };
            print_error(&format!(
                "{note}: {why}: the stored state is shown, and nothing can be written\n  hint: {hint}\n"
            ));
        }
        for run in home.recover(SystemClock.now()).await? {
            let (note, id) = (style("note").yellow(), run.id);
            let outcome = match run.status {
                RunStatus::Canceled => {
                    "is canceled: it was asked to stop, and its process has ended".to_owned()
                }
                RunStatus::Queued
                | RunStatus::Running
                | RunStatus::Canceling
                | RunStatus::Succeeded
                | RunStatus::Failed
                | RunStatus::Lost => format!("is lost: {}", run.reason.unwrap_or_default()),
            };
            let short = id.short();
            print_error(&format!(
                "{note}: run {id} {outcome}\n  hint: `runs retry {short}` goes on where it stopped\n"
            ));
        }
        let refused = self.rename_assets(&home).await;
        Ok(Opened::new(home, refused.err()))
    }

    /// Gives assets the histories of their keys of before. What keeps that from happening is noted, and an error once something is to be made.
    async fn rename_assets(&self, home: &Home) -> Result<(), StorageError> {
        let asks = self.definitions.take().map(|definitions| {
            let asks = definitions.has_renames();
            self.definitions.set(Some(definitions));
            asks
        });
        if asks == Some(false) {
            return Ok(());
        }
        // Errors of the definitions are those of commands that need them.
        let Ok(pipeline) = self.pipeline() else { return Ok(()) };
        let renamed = home.rename_assets(&pipeline.renames(), SystemClock.now()).await;
        for AssetRenamed { from, to, .. } in renamed.as_deref().unwrap_or_default() {
            let note = style("note").yellow();
            print_error(&format!("{note}: asset `{to}` has the history of `{from}` now\n"));
        }
        if let Err(error) = &renamed {
            let (note, hint) = (style("note").yellow(), error.hint().unwrap_or_default());
            print_error(&format!("{note}: {error}\n  hint: {hint}\n"));
        }
        renamed.map(drop)
    }

    /// Switches what requests runs on or off.
    pub(super) fn switch(&self, instigator: &Instigator, on: bool) -> Result<(), Failure> {
        let cursor = self.pipeline()?.switched_cursor(instigator);
        block_on(async {
            let opened = self.home().await?;
            opened.store.switch(instigator, Some(on), cursor).await?;
            opened.store.close().await;
            Ok(())
        })
    }

    /// An engine for this pipeline in an opened home.
    pub(super) fn engine(&self, opened: &Opened, options: EngineOptions) -> Result<Engine, Failure> {
        opened.check_renames()?;
        let (pipeline, store) = (self.pipeline()?.clone(), opened.store.clone());
        let holder = opened.home.holder().clone();
        let source_folder = pipeline.source_folder().map(Path::new);
        let environment = EnvironmentProbe::new(&opened.home.path, source_folder, FEATURES);
        let engine = Engine::new(pipeline, store, &opened.home.values_path(), holder);
        Ok(engine.options(options).record_environment(environment))
    }
}

/// Splits `KEY@VERSION` into the key and the version that it names.
pub(super) fn split_version(written: &str) -> Result<(&str, WhichVersion), Failure> {
    WhichVersion::split(written).map_err(Failure::usage)
}

/// Runs a command's future, and doesn't wait for blocking steps that were given up.
pub(super) fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = Runtime::new().map_err(Failure::failed)?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}

/// An opened home.
pub(super) struct Opened {
    pub(super) home: Home,
    pub(super) store: Arc<dyn Store>,
    /// Why an asset doesn't have the history of its key of before; `None` if all have, or that was said.
    refused: Mutex<Option<StorageError>>,
}

impl Opened {
    /// A home, and why an asset doesn't have the history of its key of before.
    pub(super) fn new(home: Home, refused: Option<StorageError>) -> Self {
        Self { store: home.store(), home, refused: Mutex::new(refused) }
    }

    /// That all assets have the histories of their keys of before: they would be made anew otherwise.
    pub(super) fn check_renames(&self) -> Result<(), Failure> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).take();
        refused.map_or(Ok(()), |error| Err(error.into()))
    }

    /// The keys of partitions that there are now.
    pub(super) async fn moment(&self, graph: &AssetGraph) -> Result<KeyMoment, Failure> {
        Ok(key_moment(&*self.store, graph, SystemClock.now()).await?)
    }

    /// The run of an id, of the beginning or end of its id, or of `last`.
    pub(super) async fn run(&self, meant: &str) -> Result<RunRecord, Failure> {
        if meant != "last" {
            return Ok(find_run(&*self.store, meant).await?);
        }
        let last = RunQuery { limit: Some(1), ..RunQuery::default() };
        let missing =
            || Failure::usage(Problem::new("the home has no runs").with_hint("`materialize` starts one"));
        self.store.runs(last).await?.pop().ok_or_else(missing)
    }

    /// The states of what requests runs, as they are shown.
    pub(super) async fn instigators(&self) -> Result<BTreeMap<Instigator, InstigatorState>, Failure> {
        Ok(shown_states(&*self.store, self.home.queue_limits().as_ref()).await?)
    }

    /// All events of a run.
    pub(super) async fn events(&self, run: RunId) -> Result<Vec<Event>, Failure> {
        Ok(self.store.events(EventQuery { run: Some(run), ..EventQuery::default() }).await?)
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::run::RunRequest;
    use millwork_core::{AssetDefinition, QueueLimits};
    use millwork_engine::Cancel;

    use super::*;

    /// What shows everything shows that there is nothing; a name that isn't defined is an error all the same.
    #[test]
    fn a_pipeline_without_assets_has_no_asset_to_select() {
        let session = Session::new(Definitions::new(), "home".into(), false);
        assert!(session.select("*").expect("no asset").is_empty());
        assert!(session.select("x").is_err());
    }

    fn session(asset: AssetDefinition, home: &Path) -> Session {
        let asset = asset.produces::<u8, _>().blocking(|_| Ok(0_u8));
        Session::new(Definitions::new().asset(asset), home.to_owned(), false)
    }

    async fn make(opened: &Opened, session: &Session, asset: &str) {
        let engine = session.engine(opened, EngineOptions::default()).expect("an engine");
        let request = RunRequest::of_assets([asset.into()]);
        let run = engine.request(request).await.expect("it is requested");
        execute(&engine, run).await;
    }

    async fn execute(engine: &Engine, run: RunId) {
        let outcome =
            engine.execute(run, &Cancel::default(), Arc::new(|_| {})).await.expect("it is executed");
        assert_eq!(outcome.status, RunStatus::Succeeded, "{outcome:?}");
    }

    #[tokio::test]
    async fn an_asset_has_the_history_of_its_former_key_once_a_home_is_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let before = session(AssetDefinition::new("old"), folder.path());
        let opened = before.home().await.expect("a home");
        make(&opened, &before, "old").await;
        let engine = before.engine(&opened, EngineOptions::default()).expect("an engine");
        let waiting =
            engine.request(RunRequest::of_assets(["old".into()]).queued()).await.expect("it is queued");
        let after = session(AssetDefinition::new("new").renamed_from("old"), folder.path());
        let new = AssetKey::from("new");
        {
            // While a daemon knows it by its old name, it is shown as it is, and nothing is made.
            let announced = opened.home.announce_daemon(&QueueLimits::of(1)).expect("it is announced");
            let looked = after.home().await.expect("it can be looked at");
            assert!(
                looked.store.known_assets(std::slice::from_ref(&new)).await.expect("an answer").is_empty()
            );
            assert!(after.engine(&looked, EngineOptions::default()).is_err());
            drop(announced);
        }
        let opened = after.home().await.expect("a home");
        let last = async || opened.store.last_versions(std::slice::from_ref(&new)).await.expect("versions");
        assert_eq!(last().await.len(), 1);
        // Its value is where it was, and is found.
        let value = opened.store.latest(std::slice::from_ref(&new)).await.expect("the latest").remove(0);
        let engine = after.engine(&opened, EngineOptions::default()).expect("an engine");
        engine.values().load_bytes(&value.verdict).await.expect("the value");
        // Nothing has to be made again, and what was requested before is made by the new name.
        let stale = RunRequest { stale_only: true, ..RunRequest::of_assets([new.clone()]) };
        assert!(engine.plan(&stale).await.expect("a plan").steps.is_empty());
        execute(&engine, waiting).await;
        assert_eq!(last().await[0].1.get(), 2);
        make(&opened, &after, "new").await;
        assert_eq!(last().await[0].1.get(), 3);
        assert_eq!(after.asset("old").expect("the asset that was called so"), new);
    }
}
