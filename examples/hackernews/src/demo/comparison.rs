//! Three ways to retrain, over a year of stories: never, every week, and when something asks for it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use millwork::{Problem, Result};

use super::account::{Account, Happened};
use super::clock::VirtualClock;
use super::weeks::Weeks;
use crate::hacker_news::{HackerNews, Timeline};
use crate::out::outln;
use crate::pipeline::{Pace, definitions_at};
use crate::replay::{Replay, ReplayOptions};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How many days of stories there are before the first training.
const DAYS_BEFORE: i64 = 90;

/// Compares ways to retrain on a file of stories.
#[derive(Clone, Debug, clap::Parser)]
pub struct ComparisonArgs {
    /// File of stories, in the format of `replay`
    #[arg(long, value_name = "FILE")]
    pub csv: PathBuf,
    /// Where to keep the homes, to be looked at
    #[arg(long, value_name = "FOLDER")]
    pub folder: PathBuf,
    /// How many days to run; to the end of the file by default
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
}

/// A way to retrain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Once, at the beginning.
    Never,
    /// Each Monday.
    Weekly,
    /// At the beginning, and when something asks for it.
    Loop,
}

impl Way {
    const ALL: [Self; 3] = [Self::Never, Self::Weekly, Self::Loop];

    fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Weekly => "every week",
            Self::Loop => "the loop",
        }
    }

    /// Models are trained at four on Mondays: on all of them, or on that of the opening.
    fn pace(self, opening: Timestamp) -> Pace {
        let opening = opening.to_zoned(TimeZone::UTC).date();
        let once = format!("0 4 {} {} *", opening.day(), opening.month());
        let [stories, predictions] = ["0 3 * * mon,thu", "0 0 * * *"].map(str::to_owned);
        let training = match self {
            Self::Never | Self::Loop => once,
            Self::Weekly => "0 4 * * mon".to_owned(),
        };
        Pace { stories, training, predictions, retrains: self == Self::Loop }
    }
}

/// What a way has cost, and what it was worth.
struct Outcome {
    way: Way,
    trained: usize,
    promoted: usize,
    /// The time that training and judging took, in seconds.
    seconds: f64,
    /// The means over all predictions.
    deviance: f64,
    mae: f64,
    spearman: f64,
}

/// Runs the job through the file in each way, and prints a table.
///
/// # Errors
///
/// When the file can't be read or has fewer than four months of stories, or a folder can't be written.
pub async fn compare(args: &ComparisonArgs) -> Result<()> {
    millwork::advice::register::<super::DemoError>();
    millwork::advice::register::<crate::ReplayError>();
    let replay = Replay::load(&args.csv, ReplayOptions { story_share: 1.0, ..ReplayOptions::default() })?;
    let opening = monday_after(Timestamp::from_second(replay.first_time())? + DAY * DAYS_BEFORE as i32)?;
    let last = Timestamp::from_second(replay.last_time())?;
    let end = args.days.map_or(last, |days| (opening + DAY * days as i32).min(last));
    if end.duration_since(opening) < DAY * 14 {
        return Err(Problem::new("the file has too few days of stories")
            .with_hint("it takes four months of them")
            .into());
    }
    outln!(
        "{:<12} {:>8} {:>9} {:>8} {:>10} {:>7} {:>9}",
        "retrained",
        "trained",
        "promoted",
        "seconds",
        "deviance",
        "MAE",
        "Spearman"
    );
    for way in Way::ALL {
        let home = args.folder.join(way.name().replace(' ', "_"));
        outln!("{}", run(way, &home, replay.timeline(), opening, end).await?);
    }
    Ok(())
}

async fn run(
    way: Way,
    home: &Path,
    timeline: Arc<dyn Timeline>,
    opening: Timestamp,
    end: Timestamp,
) -> Result<Outcome> {
    let clock = Arc::new(VirtualClock::at(opening, opening));
    let definitions = definitions_at(&way.pace(opening))
        .config(serde_json::json!({
            "hackernews_stories": { "items": 8_000 },
            // Those of the last day: there are 52 on an average one.
            "latest_stories": { "items": 80 },
            "live_performance": { "window": "week" },
        }))
        .resource(HackerNews::over_time(timeline, clock.clone()));
    let weeks = Weeks::open(home, clock, definitions).await?;
    let mut now = opening;
    while now < end {
        now += SignedDuration::from_hours(1);
        // Nothing is due in between.
        if matches!(now.to_zoned(TimeZone::UTC).hour(), 0 | 3 | 4 | 5) {
            weeks.until(now).await?;
        }
    }
    let account = Account::of(weeks.store(), weeks.engine(), opening).await?;
    weeks.close().await?;
    Ok(Outcome::of(way, &account))
}

/// The beginning of the first Monday after a moment.
fn monday_after(time: Timestamp) -> Result<Timestamp> {
    let day = time.to_zoned(TimeZone::UTC).nth_weekday(1, Weekday::Monday)?;
    Ok(day.start_of_day()?.timestamp())
}

impl Outcome {
    fn of(way: Way, account: &Account) -> Self {
        let trained = account.happened.iter().filter(|(_, what)| matches!(what, Happened::Trained { .. }));
        let promoted = account
            .happened
            .iter()
            .filter(|(_, what)| matches!(what, Happened::Trained { verdict: "promoted", .. }));
        let mean = |of: fn(&super::account::Day) -> Option<f64>| {
            let days = account.days.iter().filter_map(|day| Some((of(day)?, day.matched as f64)));
            let (sum, all) =
                days.fold((0.0, 0.0), |(sum, all), (value, rows)| (sum + value * rows, all + rows));
            sum / all
        };
        Self {
            way,
            trained: trained.count(),
            promoted: promoted.count(),
            seconds: account.training_seconds,
            deviance: mean(|day| day.deviance),
            mae: mean(|day| day.mae),
            spearman: mean(|day| day.spearman),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { way, trained, promoted, seconds, deviance, mae, spearman } = self;
        let name = way.name();
        write!(
            f,
            "{name:<12} {trained:>8} {promoted:>9} {seconds:>8.1} {deviance:>10.2} {mae:>7.2} {spearman:>9.3}"
        )
    }
}
