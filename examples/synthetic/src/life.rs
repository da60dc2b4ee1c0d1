//! A model's life, made up: six versions over two months with a gate, a rollback and a shadow, and what was measured of their predictions.
//!
//! The days are fixed, so that pictures of it are the same each time.

use jiff::{Timestamp, ToSpan as _};
use millwork_core::asset::Decision;
use millwork_core::event::{
    AliasChange, AliasMoved, EventBody, Materialization, Mover, NewEvent, Provenance, StoredValue,
    ValueLocation, VersionDecided, VersionJudged,
};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{Better, LiveMeasure, LivePerformance, LiveWindow, Metadata};
use millwork_storage::{Batch, StorageError, Store};

/// The windows, of a day each, of which the last ones are open.
const WINDOWS: i64 = 66;
const OPEN: i64 = 7;

/// The versions: the day on which each was made, its error when it was made, and how fast it gets worse in use.
const VERSIONS: [(i64, f64, f64); 6] =
    [(-1, 2.4, 0.010), (9, 2.5, 0.0), (16, 2.0, 0.012), (28, 1.9, 0.45), (37, 1.85, 0.008), (58, 1.7, 0.005)];

/// What was in use: the days, and the version.
const IN_USE: [(i64, usize); 5] = [(0, 1), (17, 3), (29, 4), (33, 3), (46, 5)];

/// The days on which a version predicted beside the one in use.
const IN_SHADOW: [(std::ops::Range<i64>, usize); 2] = [(37..46, 5), (58..WINDOWS, 6)];

/// Writes the life of `price_model` and its `live_performance` into an empty store.
///
/// # Errors
///
/// Those of the store.
pub async fn write_life(store: &dyn Store) -> Result<(), StorageError> {
    for event in events() {
        store.append(Batch { fence: None, events: vec![event] }).await?;
    }
    Ok(())
}

fn number(version: usize) -> VersionNumber {
    VersionNumber::new(version as u32).expect("versions begin with 1")
}

/// An hour of a day since the first window.
fn at(day: i64, hour: i64) -> Timestamp {
    let first: Timestamp = "2026-09-20T00:00:00Z".parse().expect("a time");
    first + (day * 24 + hour).hours()
}

fn event(asset: &str, at: Timestamp, body: EventBody) -> NewEvent {
    NewEvent {
        run: None,
        at,
        step: None,
        asset: Some(asset.into()),
        partition: None,
        attempt: 0,
        body,
        value: None,
    }
}

fn made(version: usize, metadata: Metadata) -> EventBody {
    EventBody::Materialized(Materialization {
        version: Some(number(version)),
        data_version: format!("{version}d41c2a90b7e65f3").as_str().into(),
        provenance: Provenance { code_version: "f3".into(), inputs: Vec::new(), config: None },
        stored: StoredValue {
            location: ValueLocation::Database,
            bytes: 48_200,
            format: "json".to_owned(),
            hash: None,
        },
        metadata,
    })
}

fn moved(from: Option<usize>, to: usize, change: AliasChange, by: Mover, reason: &str) -> EventBody {
    EventBody::AliasMoved(AliasMoved {
        alias: AliasName::champion(),
        from: from.map(number),
        to: Some(number(to)),
        data_version: None,
        change,
        by,
        reason: reason.to_owned(),
    })
}

fn judged(version: usize, against: Option<usize>, decision: Decision, reason: &str) -> EventBody {
    let error = |version: usize| VERSIONS[version - 1].1;
    let mut metadata = Metadata::from([("MAE: challenger".to_owned(), error(version).into())]);
    metadata.extend(against.map(|against| ("MAE: champion".to_owned(), (error(against) + 0.3).into())));
    EventBody::VersionJudged(VersionJudged {
        gate: "better_prices".to_owned(),
        version: number(version),
        against: against.map(number),
        decision: Some(decision),
        asked: None,
        shadow: None,
        answers: None,
        reason: reason.to_owned(),
        metadata,
        provenance: Provenance::reported(),
    })
}

fn events() -> Vec<NewEvent> {
    let mut events: Vec<NewEvent> = Vec::new();
    for (version, (day, error, _)) in (1..).zip(VERSIONS) {
        let metadata = [("MAE".to_owned(), error.into()), ("rows".to_owned(), (4_000 + day * 60).into())];
        events.push(event("price_model", at(day, 20), made(version, metadata.into())));
    }
    let gate = || Mover::Gate("better_prices".to_owned());
    let mut of_model = |day, hour, body| events.push(event("price_model", at(day, hour), body));
    let promoted = AliasChange::Promoted;
    of_model(-1, 21, judged(1, None, Decision::Promote, "none was in use"));
    of_model(-1, 22, moved(None, 1, promoted, gate(), "none was in use"));
    of_model(9, 21, judged(2, Some(1), Decision::Keep, "MAE −0.2 [−0.6, 0.3]: not better for certain"));
    of_model(16, 21, judged(3, Some(1), Decision::Promote, "MAE −0.7 [−1.0, −0.4]"));
    of_model(16, 22, moved(Some(1), 3, promoted, gate(), "MAE −0.7 [−1.0, −0.4]"));
    of_model(28, 21, judged(4, Some(3), Decision::Promote, "MAE −0.4 [−0.7, −0.1]"));
    of_model(28, 22, moved(Some(3), 4, promoted, gate(), "MAE −0.4 [−0.7, −0.1]"));
    let ada = Mover::Person("ada".to_owned());
    of_model(32, 23, moved(Some(4), 3, AliasChange::RolledBack, ada.clone(), "prices of new flats are off"));
    of_model(37, 21, judged(5, Some(3), Decision::Keep, "shadow first"));
    let reason = "better for nine days in shadow";
    let decided = VersionDecided {
        version: number(5),
        decision: Decision::Promote,
        answers: None,
        after_shadow: false,
        by: ada.clone(),
        reason: reason.to_owned(),
    };
    of_model(45, 22, EventBody::VersionDecided(decided));
    of_model(45, 22, moved(Some(3), 5, promoted, ada, reason));
    of_model(58, 21, judged(6, Some(5), Decision::Keep, "MAE −0.1 [−0.3, 0.1]: not better for certain"));
    let live = LivePerformance::new(
        "MAE",
        Better::Lower,
        vec!["median".to_owned(), "last known value".to_owned()],
        windows(),
    );
    let mut metadata = Metadata::new();
    if let Some(measure) = live.newest_final().and_then(|window| window.in_use(&AliasName::champion())) {
        metadata.extend(measure.value.map(|value| ("MAE".to_owned(), value.into())));
        metadata.insert("coverage".to_owned(), measure.coverage().into());
    }
    metadata.insert("live performance".to_owned(), live.into());
    events.push(event("price_predictions", at(WINDOWS - 1, 6), made(1, Metadata::new())));
    events.push(event("live_performance", at(WINDOWS - 1, 7), made(1, metadata)));
    // As they would have been written.
    events.sort_by_key(|event| event.at);
    events
}

fn windows() -> Vec<LiveWindow> {
    let mut drawn = 0.0_f64;
    let mut noise = move |scale: f64| {
        drawn += 1.0;
        let share = (drawn * 12.989_8).sin() * 43_758.545_3;
        (share - share.floor() - 0.5) * scale
    };
    let mut window = |day: i64| {
        let in_use = IN_USE.iter().rev().find(|(from, _)| *from <= day).map(|(_, version)| *version);
        let beside = IN_SHADOW.iter().find(|(days, _)| days.contains(&day)).map(|(_, version)| *version);
        let is_last = day == WINDOWS - 1;
        let predictions = (if is_last { 90.0 } else { 310.0 } + noise(60.0)) as u64;
        let age = WINDOWS - 1 - day;
        let share = match age < OPEN {
            true => 0.08 + 0.12 * age as f64,
            // Two days of which the office that knows the prices was closed.
            false if day == 22 || day == 23 => 0.58 + noise(0.1),
            false => 0.95 + noise(0.08),
        };
        let matched = (predictions as f64 * share.min(1.0)) as u64;
        // Weeks have a shape, and prices begin to move.
        let season = 0.22 * (day as f64 * std::f64::consts::TAU / 7.0).sin() + 0.006 * day as f64;
        let baselines = [3.7 + season + noise(0.3), 4.3 + season + noise(0.5)];
        let mut measure = |version: usize, role: &str| {
            let (made, error, decay) = VERSIONS[version - 1];
            LiveMeasure {
                version: number(version),
                role: role.parse().expect("a name"),
                value: Some(error + 0.25 + decay * (day - made) as f64 + season + noise(0.35)),
                baselines: baselines.map(Some).into(),
                predictions,
                matched,
            }
        };
        let measures = in_use.map(|version| measure(version, AliasName::CHAMPION)).into_iter();
        let measures = measures.collect::<Vec<_>>().into_iter();
        let measures = measures.chain(beside.map(|version| measure(version, "shadow"))).collect();
        LiveWindow { start: at(day, 0), end: at(day + 1, 0), is_final: age >= OPEN, measures }
    };
    (0..WINDOWS).map(&mut window).collect()
}
