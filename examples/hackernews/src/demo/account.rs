//! The account of a demo: what was trained and why, what the gate decided, and how the predictions turned out, day by day.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use millwork::monitor::{Metric, Performance, WindowMeasures};
use millwork::{AssetKey, AssetValue, Decision, Result};
use millwork_core::AssetPartition;
use millwork_core::event::{AliasChange, AliasMoved};
use millwork_core::model::{Dated, ModelHistory, ModelVersion};
use millwork_core::run::RunTag;
use millwork_engine::Engine;
use millwork_storage::{RunRecord, Store, model_history};

const MODEL: &str = "comments_model";
const PERFORMANCE: &str = "live_performance";

/// What happened in a demo.
#[derive(Debug)]
pub(crate) struct Account {
    opening: Timestamp,
    /// What happened to the model, in the order of time.
    pub(crate) happened: Vec<(Timestamp, Happened)>,
    /// The measures of the version in use, day by day.
    pub(crate) days: Vec<Day>,
    /// How long the runs took that have trained a version, in seconds.
    pub(crate) training_seconds: f64,
}

/// What happened to the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    /// A version was trained and judged.
    Trained {
        version: u32,
        /// What asked for it.
        why: String,
        /// The decision in a word.
        verdict: &'static str,
        /// The reason of the decision.
        reason: String,
    },
    /// The alias went back to an earlier version.
    RolledBack { to: Option<u32>, reason: String },
}

/// How the predictions of a day turned out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Day {
    pub(crate) start: Timestamp,
    pub(crate) version: u32,
    pub(crate) deviance: Option<f64>,
    pub(crate) mae: Option<f64>,
    pub(crate) spearman: Option<f64>,
    pub(crate) coverage: f64,
    /// How many predictions these are of.
    pub(crate) matched: u64,
}

impl Account {
    /// Reads what happened since the opening.
    pub(crate) async fn of(store: &dyn Store, engine: &Engine, opening: Timestamp) -> Result<Self> {
        let asset = AssetPartition { asset: AssetKey::from(MODEL), partition: None };
        let history = model_history(store, &asset).await?;
        let (mut happened, mut training_seconds) = (Vec::new(), 0.0);
        for (number, version) in &history.versions {
            let Some(made) = &version.made else { continue };
            let run = match made.run {
                Some(run) => store.run(run).await?,
                None => None,
            };
            training_seconds += run.as_ref().map_or(0.0, seconds);
            happened.push((made.at, trained(number.get(), version, run.as_ref())));
        }
        happened.extend(rollbacks(&history));
        happened.sort_by_key(|(at, _)| *at);
        Ok(Self { opening, happened, days: days(store, engine).await?, training_seconds })
    }

    /// The day of a time, from 0.
    fn day(&self, at: Timestamp) -> i64 {
        at.duration_since(self.opening).as_hours().div_euclid(24)
    }
}

fn trained(number: u32, version: &ModelVersion, run: Option<&RunRecord>) -> Happened {
    let verdict = version.verdicts.last().map(|verdict| &verdict.what);
    let word = match verdict.and_then(|verdict| verdict.decision) {
        Some(Decision::Promote) => "promoted",
        Some(Decision::Keep) => "kept",
        Some(Decision::Reject) => "rejected",
        None => "unjudged",
    };
    let reason = verdict.map(|verdict| verdict.reason.clone()).unwrap_or_default();
    Happened::Trained { version: number, why: run.map(why).unwrap_or_default(), verdict: word, reason }
}

/// How long a run took: on the virtual clock, real time passes while it is in progress.
fn seconds(run: &RunRecord) -> f64 {
    let span = run.started_at.zip(run.finished_at);
    span.map_or(0.0, |(from, to)| to.duration_since(from).as_secs_f64())
}

/// What asked for a run.
fn why(run: &RunRecord) -> String {
    let tags = &run.request.tags;
    let origins = [RunTag::Reason, RunTag::Schedule, RunTag::Automation];
    origins.into_iter().find_map(|tag| tag.of(tags)).unwrap_or("by hand").to_owned()
}

fn rollbacks(history: &ModelHistory) -> impl Iterator<Item = (Timestamp, Happened)> {
    let is_back = |moved: &&Dated<AliasMoved>| moved.what.change == AliasChange::RolledBack;
    history.moves.iter().filter(is_back).map(|moved| {
        let to = moved.what.to.map(millwork::VersionNumber::get);
        (moved.at, Happened::RolledBack { to, reason: moved.what.reason.clone() })
    })
}

async fn days(store: &dyn Store, engine: &Engine) -> Result<Vec<Day>> {
    let latest = store.latest(&[AssetKey::from(PERFORMANCE)]).await?;
    let Some(event) = latest.into_iter().find_map(|latest| latest.materialization) else {
        return Ok(Vec::new());
    };
    let performance: Performance<i64> = Performance::decode(&engine.values().load_bytes(&event).await?)?;
    // Of several versions in a day, the one that made the most predictions.
    let mut days: BTreeMap<Timestamp, &WindowMeasures> = BTreeMap::new();
    for measures in performance.windows().filter(|measures| measures.coverage.matched > 0) {
        let day = days.entry(measures.start).or_insert(measures);
        if measures.coverage.expected > day.coverage.expected {
            *day = measures;
        }
    }
    Ok(days.into_values().map(Day::of).collect())
}

impl Day {
    fn of(measures: &WindowMeasures) -> Self {
        Self {
            start: measures.start,
            version: measures.model.version.get(),
            deviance: measures.metric(Metric::MeanPoissonDeviance),
            mae: measures.metric(Metric::MeanAbsoluteError),
            spearman: measures.metric(Metric::SpearmanCorrelation),
            coverage: measures.coverage.share(),
            matched: measures.coverage.matched,
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{:>4}  {:<9}  WHAT HAPPENED", "DAY", "VERSION")?;
        for (at, happened) in &self.happened {
            let day = self.day(*at);
            match happened {
                Happened::Trained { version, why, verdict, reason } => {
                    writeln!(f, "{day:>4}  {version:<9}  trained: {why}")?;
                    writeln!(f, "{:>4}  {:<9}  {verdict}: {reason}", "", "")?;
                }
                Happened::RolledBack { to, reason } => {
                    let to = to.map_or("none".to_owned(), |version| version.to_string());
                    writeln!(f, "{day:>4}  {:<9}  rolled back: {reason}", format!("→ {to}"))?;
                }
            }
        }
        writeln!(
            f,
            "\n{:>4}  {:<9}  {:>8}  {:>7}  {:>8}  {:>8}",
            "DAY", "VERSION", "DEVIANCE", "MAE", "SPEARMAN", "COVERAGE"
        )?;
        let number = |value: Option<f64>, decimals: usize| {
            value.map_or("–".to_owned(), |value| format!("{value:.decimals$}"))
        };
        for day in &self.days {
            let (deviance, mae) = (number(day.deviance, 1), number(day.mae, 1));
            let (spearman, coverage) = (number(day.spearman, 2), 100.0 * day.coverage);
            let (at, version) = (self.day(day.start), day.version);
            writeln!(f, "{at:>4}  {version:<9}  {deviance:>8}  {mae:>7}  {spearman:>8}  {coverage:>6.0} %")?;
        }
        Ok(())
    }
}
