//! The reference job, and definitions that misbehave beside it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use hackernews::definitions as reference_job;
use millwork::{
    AlertRule, Definitions, Destination, Output, Pipeline, RunRetries, RunSpec, Secret, Sensor,
    SensorContext, SensorOutcome, Series, Trigger, asset,
};
use millwork_core::run::FailureClass;
use serde::{Deserialize, Serialize};

use crate::journal::{Entry, Journal};

/// The environment variable with the address for alerts, which is the reference job's.
pub(crate) const RECEIVER: &str = "HACKER_NEWS_ALERTS";
/// The sensor that requests impossible runs, requests twice, blocks and panics.
pub(crate) const CARELESS: &str = "careless";
/// The asset that it requests.
pub(crate) const DIVERGING: &str = "diverging";

/// The time limit of the careless sensor, and how long it blocks when it does.
const LIMIT: Duration = Duration::from_millis(50);
const BLOCK: Duration = Duration::from_millis(200);

/// A training that diverged: its curve isn't finite.
#[asset(group = "soak")]
fn diverging() -> Output<f64> {
    let loss = vec![0.7, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    Output::new(2.0)
        .metadata("loss", Series::by_index("round", [("train".to_owned(), loss)]))
        .metadata("best", f64::NAN)
}

/// The reference job with everything switched on, and the definitions that misbehave.
pub(crate) fn definitions(journal: Arc<Journal>) -> Definitions {
    reference_job()
        .merge(millwork::definitions![diverging])
        .run_retries(RunRetries::of(5, [FailureClass::Killed, FailureClass::Lost]))
        .sensor(careless(journal))
        .alert(
            AlertRule::new("ticks_fail")
                .when(Trigger::TickFailed)
                .to(Destination::webhook(Secret::env(RECEIVER)).optional()),
        )
}

/// The cursor of the careless sensor.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct CarelessCursor {
    pub(crate) number: u64,
    hour: i64,
}

/// The key of a run that the careless sensor requests.
pub(crate) fn key(number: u64) -> String {
    format!("number-{number}")
}

/// Requests a run for each new hour of the wall clock, unless it misbehaves.
fn careless(journal: Arc<Journal>) -> Sensor {
    Sensor::new(CARELESS, move |context: SensorContext| {
        let journal = journal.clone();
        async move {
            let seen: CarelessCursor = match &context.cursor {
                Some(cursor) => serde_json::from_str(cursor)?,
                None => CarelessCursor::default(),
            };
            let hour = context.now.as_second().div_euclid(3_600);
            if hour == seen.hour {
                return Ok(SensorOutcome::skip("the hour has passed already"));
            }
            let next = CarelessCursor { number: seen.number + 1, hour };
            let key = key(next.number);
            let request = |selection: &str| RunSpec::of(selection).key(key.clone());
            let asked = |times, is_good| journal.add(&Entry::Asked { key: key.clone(), times, is_good });
            let runs = match fastrand::u8(..20) {
                0 => {
                    journal.add(&Entry::Blocked)?;
                    std::thread::sleep(BLOCK);
                    return Ok(SensorOutcome::skip("it took too long"));
                }
                1 => {
                    journal.add(&Entry::Panicked)?;
                    panic!("the careless sensor panics");
                }
                2..5 => {
                    asked(1, false)?;
                    vec![request("divergingg")]
                }
                5..9 => {
                    asked(2, true)?;
                    vec![request(DIVERGING), request(DIVERGING)]
                }
                _ => {
                    asked(1, true)?;
                    vec![request(DIVERGING)]
                }
            };
            Ok(SensorOutcome::requests(runs).cursor(serde_json::to_string(&next)?))
        }
    })
    .interval(Duration::from_millis(5))
    .timeout(LIMIT)
    .on_by_default()
    .description("Asks for a run each hour, if nothing goes wrong with it")
}

/// The pipeline, for reading only.
pub(crate) fn resolved() -> Result<Pipeline> {
    Ok(definitions(Arc::new(Journal::open(Path::new("/dev/null"))?)).resolve()?)
}
