//! The context of a command: the pipeline, and the home once it is needed.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use millwork_api::{find_asset, find_run};
use millwork_core::Problem;
use millwork_core::event::Event;
use millwork_core::graph::{AssetGraph, AssetSet, Selection};
use millwork_core::run::{RunId, RunStatus};
use millwork_core::version::WhichVersion;
use millwork_core::{
    AssetKey, Clock as _, DefinitionErrors, Definitions, Instigator, KeyMoment, Pipeline, SystemClock,
};
use millwork_engine::{Engine, EngineOptions, EnvironmentProbe};
use millwork_storage::{
    EventQuery, Home, InstigatorState, RunQuery, RunRecord, Store, Unwritable, key_moment, shown_states,
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
        Ok(Opened { store: home.store(), home })
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
    pub(super) store: std::sync::Arc<dyn Store>,
}

impl Opened {
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
    use super::*;

    /// What shows everything shows that there is nothing; a name that isn't defined is an error all the same.
    #[test]
    fn a_pipeline_without_assets_has_no_asset_to_select() {
        let session = Session::new(Definitions::new(), "home".into(), false);
        assert!(session.select("*").expect("no asset").is_empty());
        assert!(session.select("x").is_err());
    }
}
