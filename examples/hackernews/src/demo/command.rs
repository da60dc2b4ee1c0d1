//! The subcommand `demo`: its arguments, and weeks in minutes.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use millwork::Result;

use super::account::Account;
use super::clock::VirtualClock;
use super::progress::Progress;
use super::weeks::Weeks;
use crate::hacker_news::{Archive, HackerNews, SHIFTS};
use crate::out::{out, outln};
use crate::pipeline::{Pace, definitions_at};

/// Where the virtual clock begins: a Monday.
const OPENING: &str = "2026-01-05T00:00:00Z";
/// How many days of stories there are at the opening, so that there is something to learn from.
const DAYS_BEFORE: u32 = 21;
/// The home unless another one is named: apart from that of the job itself.
const HOME: &str = ".millwork-demo";
/// How far the clock goes at once: everything is due at a multiple of it.
const STEP: SignedDuration = SignedDuration::from_hours(3);

/// Runs the job as a service for weeks of virtual time, in minutes and without network, on made-up stories that shift.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// How many days the demo has; one that has ended goes on if there are more now
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub days: u32,
    /// Decides the made-up items
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
}

/// When a demo does what.
fn pace() -> Pace {
    let [stories, training, predictions] = ["0 3 * * *", "0 6 * * mon", "0 */3 * * *"].map(str::to_owned);
    Pace { stories, training, predictions, ..Pace::default() }
}

/// The folder of a demo's home: the one that is named, or one of its own.
pub fn home_of(named: Option<PathBuf>) -> PathBuf {
    named.unwrap_or_else(|| PathBuf::from(HOME))
}

/// Runs the demo in a home, or goes on with it, and prints what came of it.
///
/// # Errors
///
/// When the home has other runs or another seed, or it can't be read or written.
pub async fn run(args: &DemoArgs, home: &Path) -> Result<()> {
    millwork::advice::register::<super::DemoError>();
    // A home of other runs is left as it is.
    Progress::of(home, args.seed)?;
    let _held = Progress::hold(home)?;
    let progress = match Progress::of(home, args.seed)? {
        Some(progress) => {
            outln!("going on with the demo in `{}` at {}", home.display(), progress.reached);
            progress
        }
        None => {
            let opening: Timestamp = OPENING.parse()?;
            let progress = Progress { seed: args.seed.unwrap_or(1), opening, reached: opening };
            // First, so that the home is known for a demo's whenever it is interrupted.
            progress.write(home)?;
            progress
        }
    };
    let Progress { seed, opening, reached } = progress;
    for shift in &SHIFTS {
        outln!("day {:>2}: {}", shift.day, shift.what);
    }
    let clock = Arc::new(VirtualClock::at(opening, reached));
    let archive = Archive::new(seed, opening.as_second(), DAYS_BEFORE);
    let source = HackerNews::over_time(Arc::new(archive), clock.clone());
    let definitions = definitions_at(&pace())
        .config(serde_json::json!({
            "hackernews_stories": { "items": 6_000 },
            "latest_stories": { "items": 50 },
        }))
        .resource(source);
    let weeks = Weeks::open(home, clock, definitions).await?;
    let end = opening + SignedDuration::from_hours(24 * i64::from(args.days));
    let mut now = reached;
    while now < end {
        now += STEP;
        weeks.until(now).await?;
        Progress { reached: now, ..progress }.write(home)?;
        report(opening, now, end);
    }
    let account = Account::of(weeks.store(), weeks.engine(), opening).await?;
    out!("{account}");
    outln!("\n{} serve --home {}", program(), home.display());
    outln!("shows all of it. Everything is switched off there, so that it stays as it is.");
    weeks.close().await
}

/// Shows on a terminal how far the demo is.
fn report(opening: Timestamp, now: Timestamp, end: Timestamp) {
    let mut out = std::io::stderr();
    if !out.is_terminal() {
        return;
    }
    let day = |time: Timestamp| time.duration_since(opening).as_hours() / 24;
    let _ = write!(out, "\rday {} of {} ", day(now), day(end));
    if now >= end {
        let _ = writeln!(out);
    }
    let _ = out.flush();
}

/// How this program is called.
fn program() -> String {
    std::env::args_os().next().unwrap_or_default().to_string_lossy().into_owned()
}
