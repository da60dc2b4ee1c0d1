//! A catalog like a company's: domains of a hundred assets from raw data to scores, with owners, tags, kinds, checks, partitions, schedules
//! and conditions, for testing and benchmarking the pages.

use std::time::Duration;

use millwork::{
    AssetDefinition, AssetMetric, AutomationCondition, BoxError, CheckDefinition, CheckResult, CodeVersion,
    Computation, Definitions, FreshnessPolicy, Job, Misfire, Output, PartitionsDefinition, Requirements,
    Retry, Schedule, Sensor, SensorOutcome, StepContext, StepFunction, StepResult,
};
use millwork_core::asset::IntoProduced as _;

/// The number of assets of a domain.
pub(crate) const DOMAIN: usize = 100;

const DOMAINS: [&str; 20] = [
    "orders",
    "payments",
    "users",
    "stories",
    "search",
    "ads",
    "inventory",
    "fraud",
    "support",
    "pricing",
    "delivery",
    "reviews",
    "sessions",
    "returns",
    "suppliers",
    "forecast",
    "churn",
    "messages",
    "catalogue",
    "energy",
];

/// The stages of the assets of a domain, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Raw,
    Clean,
    Features,
    TrainingSet,
    Model,
    Score,
}

/// Each stage, its name, the number of its assets in a domain, and their kinds.
const STAGES: [(Stage, &str, usize, &[&str]); 6] = [
    (Stage::Raw, "raw", 10, &["http", "json"]),
    (Stage::Clean, "clean", 20, &["parquet"]),
    (Stage::Features, "features", 40, &["polars", "parquet"]),
    (Stage::TrainingSet, "training_set", 10, &["npz"]),
    (Stage::Model, "model", 10, &["xgboost"]),
    (Stage::Score, "score", 10, &["json"]),
];

impl Stage {
    /// The stage of the asset with this key.
    pub(crate) fn of_key(key: &str) -> Self {
        let name = key.split_once('/').map_or(key, |(_, name)| name);
        let named = STAGES.iter().find(|(_, stage, ..)| name.starts_with(stage));
        named.map_or(Self::Raw, |(stage, ..)| *stage)
    }

    fn is_checked(self) -> bool {
        matches!(self, Self::Clean | Self::Score)
    }
}

/// An asset by its place among all.
#[derive(Clone, Copy)]
struct Place {
    domain: usize,
    stage: usize,
    number: usize,
}

impl Place {
    fn of(index: usize) -> Self {
        let (domain, mut number) = (index / DOMAIN, index % DOMAIN);
        let mut stage = 0;
        while number >= STAGES[stage].2 {
            number -= STAGES[stage].2;
            stage += 1;
        }
        Self { domain, stage, number }
    }

    fn group(self) -> String {
        let name = DOMAINS[self.domain % DOMAINS.len()];
        match self.domain / DOMAINS.len() {
            0 => name.to_owned(),
            again => format!("{name}_{}", again + 1),
        }
    }

    fn key(self) -> String {
        format!("{}/{}_{}", self.group(), STAGES[self.stage].1, self.number)
    }

    fn stage(self) -> Stage {
        STAGES[self.stage].0
    }

    /// The first two stages of every fourth domain have daily partitions.
    fn is_partitioned(self) -> bool {
        self.domain.is_multiple_of(4) && self.stage < 2
    }

    /// One to three assets of the stage before, and now and then a neighbour's.
    fn inputs(self) -> Vec<Self> {
        let Some(stage) = self.stage.checked_sub(1) else { return Vec::new() };
        let above = STAGES[stage].2;
        let mut numbers: Vec<usize> =
            (0..=self.number % 3).map(|more| (self.number * (more + 1) + more * 7) % above).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let mut inputs: Vec<Self> =
            numbers.into_iter().map(|number| Self { stage, number, ..self }).collect();
        if self.stage() == Stage::Features && self.number.is_multiple_of(8) && self.domain > 0 {
            inputs.push(Self { domain: self.domain - 1, stage, number: self.number % above });
        }
        inputs
    }
}

/// A catalog with this number of assets.
pub(crate) fn definitions(assets: usize) -> Definitions {
    let places = || (0..assets).map(Place::of);
    let definitions = Definitions::new().assets(places().map(asset));
    let checked = places().filter(|place| place.stage().is_checked() && place.number.is_multiple_of(4));
    let definitions = checked.fold(definitions, |definitions, place| definitions.check(check(place)));
    (0..assets.div_ceil(DOMAIN)).fold(definitions, |definitions, domain| {
        let group = Place::of(domain * DOMAIN).group();
        let selection = format!("group:{group}");
        let job = Job::new(format!("{group}_all"), &selection).description(format!("Everything of {group}"));
        // Once a month, and missed ticks are skipped: runs would disturb work on the pages.
        let schedule = Schedule::new(format!("{group}_monthly"), ["0 4 1 * *"], selection)
            .misfire(Misfire::Skip)
            .on_by_default();
        let sensor =
            Sensor::new(format!("{group}_uploads"), |_| async { Ok(SensorOutcome::skip("no new file")) })
                .description(format!("Looks for new files of {group}"));
        definitions.job(job).schedule(schedule).sensor(sensor)
    })
}

/// The daily partitions.
fn days() -> PartitionsDefinition {
    PartitionsDefinition::fixed((1..=30).map(|day| format!("2026-10-{day:02}")))
}

fn asset(place: Place) -> AssetDefinition {
    let (stage, inputs) = (place.stage(), place.inputs());
    let mut asset = AssetDefinition::new(place.key()).produces::<u64, _>();
    asset.description = format!(
        "The {} number {} of **{}**, made from {} others.\n\nIt stands for what a pipeline of this size has.",
        STAGES[place.stage].1.replace('_', " "),
        place.number,
        place.group(),
        inputs.len(),
    );
    if place.is_partitioned() {
        asset = asset.partitions(days());
    }
    let mut loaded = Vec::new();
    for input in inputs {
        let key = input.key();
        if input.is_partitioned() && !place.is_partitioned() {
            asset = asset.policy(|computation| computation.requirements.partitions::<u64>(key));
        } else {
            asset = asset.input::<u64>(&key);
            loaded.push(key);
        }
    }
    described(asset, place).policy(move |computation| {
        computation.code_version = CodeVersion::from(format!("{}-1", STAGES[place.stage].1));
        computation.function =
            StepFunction::Blocking(std::sync::Arc::new(move |step| made(&step, stage, &loaded)));
        if stage == Stage::Raw {
            computation.retry = Retry::constant(2, Duration::from_millis(20));
        }
    })
}

fn described(asset: AssetDefinition, place: Place) -> AssetDefinition {
    let (_, stage, _, kinds) = STAGES[place.stage];
    asset.describe(|spec| {
        spec.group = Some(place.group());
        spec.kinds = kinds.iter().map(|&kind| kind.to_owned()).collect();
        spec.owners = vec![format!("{}@example.org", place.group())];
        spec.tags = [("stage".to_owned(), stage.to_owned())].into();
        if place.number == 0 {
            spec.tags.insert("tier".to_owned(), "gold".to_owned());
            spec.owners.push("platform".to_owned());
        }
        if place.stage() == Stage::Score {
            let day = Duration::from_secs(24 * 3600);
            spec.freshness = Some(FreshnessPolicy::time_window(day * 7, Some(day)));
            spec.metric = Some(AssetMetric::higher("r_squared"));
        }
        if place.stage() == Stage::Model {
            spec.metric = Some(AssetMetric::lower("validation_rmse"));
            spec.automation = Some(AutomationCondition::on_cron("0 5 1 * *", "UTC"));
        }
    })
}

/// One more than the greatest input, after a moment, with some metadata.
fn made(step: &StepContext, stage: Stage, loaded: &[String]) -> Result<StepResult, BoxError> {
    let millis = if stage == Stage::Model { 60 } else { 10 };
    std::thread::sleep(Duration::from_millis(millis));
    let mut greatest = 0;
    for input in loaded {
        greatest = greatest.max(*step.input::<u64>(input)?);
    }
    let output = Output::new(greatest + 1).metadata("rows", 1_000 + greatest);
    Ok(StepResult::Assets(vec![output.into_produced()]))
}

fn check(place: Place) -> CheckDefinition {
    let mut requirements = Requirements::default();
    requirements.input::<u64>(place.key());
    let function =
        StepFunction::Blocking(std::sync::Arc::new(|_| Ok(StepResult::Check(CheckResult::pass()))));
    let name = if place.stage() == Stage::Score { "is_not_worse" } else { "rows_are_enough" };
    let check = CheckDefinition::new(name, place.key(), Computation::new(requirements, function));
    CheckDefinition { description: "Compares with what was made before.".to_owned(), ..check }
}
