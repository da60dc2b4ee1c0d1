//! Retrains the model when enough stories have changed since the last time.

use millwork::{BoxError, MetadataValue, RunSpec, Sensor, SensorContext, SensorEvent, SensorOutcome};
use serde::{Deserialize, Serialize};

/// The number of newly fetched stories that triggers a training.
const ENOUGH: i64 = 5_000;
/// The selection to rematerialize: everything from the split on, from the stored stories.
const TRAINING: &str = "(+comments_model or +comments_model_test_set_r_squared) and not hackernews_stories";

/// The fetches since this sensor last requested a training.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Fetched {
    stories: i64,
    data_version: String,
}

/// Requests a training when enough stories were fetched that aren't those of the fetch before.
pub(super) fn enough_new_stories() -> Sensor {
    Sensor::on_materialization("enough_new_stories", "hackernews_stories", |context, event| {
        count(&context, &event)
    })
    .description("Train again after 5,000 newly fetched stories")
}

fn count(context: &SensorContext, event: &SensorEvent) -> Result<SensorOutcome, BoxError> {
    let millwork::EventBody::Materialized(made) = &event.event.body else {
        return Ok(SensorOutcome::default());
    };
    let mut fetched: Fetched = match &context.cursor {
        Some(cursor) => serde_json::from_str(cursor)?,
        None => Fetched::default(),
    };
    let data_version = made.data_version.to_string();
    if let (Some(MetadataValue::Int(new)), true) =
        (made.metadata.get("new stories"), data_version != fetched.data_version)
    {
        fetched = Fetched { stories: fetched.stories.saturating_add(*new), data_version };
    }
    let is_enough = fetched.stories >= ENOUGH;
    if is_enough {
        fetched.stories = 0;
    }
    let cursor = serde_json::to_string(&fetched)?;
    let outcome = match is_enough {
        true => SensorOutcome::request(RunSpec::of(TRAINING).tag("reason", "enough new stories")),
        false => SensorOutcome::skip(format!("{} of {ENOUGH} new stories", fetched.stories)),
    };
    Ok(outcome.cursor(cursor))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use millwork::{Definitions, EventBody, EventKind, RunId};

    use super::*;

    /// Fetches stories of a data version, and returns whether a training follows.
    fn fetch(cursor: &mut Option<String>, new: i64, data_version: &str) -> bool {
        let json = serde_json::json!({
            "data_version": data_version, "code_version": "c",
            "stored": { "in": "database", "bytes": 1, "format": "json" },
            "metadata": { "new stories": { "type": "int", "value": new } },
        });
        let body = EventBody::from_stored(EventKind::Materialized, Some(&json.to_string())).unwrap();
        let at = "2026-11-23T00:00:00Z".parse().unwrap();
        let event = millwork::NewEvent::of_run(RunId::from_u128(1), at, body).at_sequence(1);
        let resources = Definitions::new().resolve().unwrap().resources().clone();
        let context = SensorContext::new(cursor.clone(), at, Arc::clone(&resources));
        let outcome = count(&context, &SensorEvent { event, request: None }).unwrap();
        *cursor = outcome.cursor;
        !outcome.runs.is_empty()
    }

    #[test]
    fn trained_after_enough_stories_that_are_new() {
        let mut cursor = None;
        assert!(!fetch(&mut cursor, 3_000, "a"));
        assert!(!fetch(&mut cursor, 3_000, "a"), "the same stories again");
        assert!(fetch(&mut cursor, 2_000, "b"));
        assert!(!fetch(&mut cursor, 4_999, "c"), "counting begins anew");
        assert!(fetch(&mut cursor, 1, "d"));
    }
}
