//! `daemon`: evaluates schedules, sensors and conditions and launches runs until it is interrupted. `serve` does the same, with the
//! pages.

use std::ffi::OsString;
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use jiff::Timestamp;
use millwork_core::{Clock as _, QueueLimits, SystemClock};
use millwork_daemon::{Daemon, DaemonEvent, DaemonOptions, Launcher, ProcessLauncher};
use millwork_engine::{
    CapturedOutput, EngineOptions, ask_descendants_to_end, capture_output, end_descendants,
};
use tokio::sync::watch;

use super::automation::{Shown, Span, simulate};
use super::in_process::InProcessRuns;
use crate::app::failure::{Exit, Failure};
use crate::app::log;
use crate::app::repeats::Repeats;
use crate::app::service_log::{LastLines, ServiceLog};
use crate::app::session::{Opened, Session, block_on};
use crate::app::signals::{EndSignal, EndSignals};
use crate::app::when::read_moment;

#[derive(Debug, Args)]
pub(super) struct DaemonCommand {
    #[command(flatten)]
    pub(super) daemon: DaemonArguments,
    /// Print the runs that schedules and conditions would request in a span of time, and exit
    #[arg(long, requires_all = ["from", "to"])]
    pub(super) dry_run: bool,
    /// Start of the span, as in 2026-05-01 (in the local time zone) or 2026-05-01T00:00:00Z
    #[arg(long, value_name = "TIME", requires = "dry_run", value_parser = read_moment)]
    pub(super) from: Option<Timestamp>,
    /// End of the span
    #[arg(long, value_name = "TIME", requires = "dry_run", value_parser = read_moment)]
    pub(super) to: Option<Timestamp>,
    /// Also simulate what is switched off
    #[arg(long, requires = "dry_run")]
    pub(super) all: bool,
}

#[derive(Debug, Args)]
pub(super) struct DaemonArguments {
    /// Maximum number of concurrent runs
    #[arg(long, value_name = "N")]
    pub(super) max_runs: Option<NonZero<usize>>,
    /// Execute runs in this process: faster, but a run that crashes it ends the others as well
    #[arg(long)]
    pub(super) in_process: bool,
}

impl DaemonArguments {
    /// The same as arguments of another process.
    pub(super) fn written(&self) -> Vec<OsString> {
        let Self { max_runs, in_process } = self;
        let mut written = Vec::new();
        if let Some(runs) = max_runs {
            written.extend(["--max-runs", &runs.to_string()].map(OsString::from));
        }
        written.extend(in_process.then(|| "--in-process".into()));
        written
    }
}

/// Evaluates schedules and launches runs; with `--dry-run`, prints the runs that would be requested.
pub(super) fn run_or_simulate(session: &Session, command: &DaemonCommand) -> Result<Exit, Failure> {
    match (command.from, command.to) {
        (Some(from), Some(to)) => simulate(session, Span { from, to }, command.all, Shown::ALL, false),
        _ => run(session, &command.daemon),
    }
}

fn run(session: &Session, arguments: &DaemonArguments) -> Result<Exit, Failure> {
    block_on(async {
        let opened = session.home().await?;
        let service = Service::new(session, &opened, arguments)?;
        let (_stop, stopped) = until_asked_to_end(service.runs.clone())?;
        let schedules = session.pipeline()?.schedules().len();
        let runs = limits(session, arguments)?.max_runs;
        let noun = if schedules == 1 { "schedule" } else { "schedules" };
        service.log.say(&format!("daemon started: {schedules} {noun}, {runs} runs at a time"));
        service.daemon.run(stopped).await;
        service.end("daemon stopped").await;
        opened.store.close().await;
        Ok(Exit::Success)
    })
}

/// A daemon with its runs, log and captured output.
pub(super) struct Service {
    pub(super) daemon: Daemon,
    /// The runs that are executed in this process; `None` unless `--in-process` is given.
    pub(super) runs: Option<Arc<InProcessRuns>>,
    pub(super) log: ServiceLog,
    last: LastLines,
    /// The captured output of steps in this process, which goes into the logs of their runs.
    captured: Option<CapturedOutput>,
}

impl Service {
    pub(super) fn new(
        session: &Session,
        opened: &Opened,
        arguments: &DaemonArguments,
    ) -> Result<Self, Failure> {
        opened.check_renames()?;
        let (launcher, runs, captured): (Arc<dyn Launcher>, _, _) = if arguments.in_process {
            log::install()?;
            let runs = InProcessRuns::new(session.engine(opened, EngineOptions::default())?);
            let captured = capture_output().map_err(Failure::failed)?;
            (Arc::new(runs.launcher(&opened.home)), Some(runs), Some(captured))
        } else {
            let program = std::env::current_exe().map_err(Failure::failed)?;
            let launcher = ProcessLauncher::new(program, &opened.home).map_err(Failure::failed)?;
            (Arc::new(launcher), None, None)
        };
        let stdout = captured.as_ref().map(|captured| captured.stdout.try_clone()).transpose();
        let (log, last) = stdout.and_then(ServiceLog::start).map_err(Failure::failed)?;
        let event_log = log.clone();
        let repeats = Mutex::<Repeats>::default();
        let observer = Arc::new(move |event: &DaemonEvent| {
            let mut text = Some(event.to_string());
            if matches!(event, DaemonEvent::LoopFailed { .. }) {
                let mut repeats = repeats.lock().unwrap_or_else(PoisonError::into_inner);
                text = text.and_then(|text| repeats.text(&text, SystemClock.now()));
            }
            text.into_iter().for_each(|text| event_log.say(&text));
        });
        let options = DaemonOptions { queue: limits(session, arguments)?, ..DaemonOptions::default() };
        let daemon = Daemon::new(session.pipeline()?.clone(), opened.home.clone(), launcher, observer);
        Ok(Self { daemon: daemon.options(options), runs, log, last, captured })
    }

    /// Waits for the runs that were asked to end, and logs how they ended.
    pub(super) async fn end(self, ended: &str) {
        let Self { daemon, runs, log, last, captured } = self;
        match runs {
            Some(runs) => {
                runs.ask_to_end();
                runs.ended().await;
                end_descendants();
                let ends = runs
                    .ends()
                    .map_or("no runs were in progress".to_owned(), |ends| format!("its runs: {ends}"));
                log.say(&format!("{ended}; {ends}"));
            }
            None => log.say(&format!("{ended}; launched runs continue")),
        }
        drop((daemon, log));
        last.wait();
        drop(captured);
    }
}

/// Becomes true when this process is asked to end, or when the sender sets it. Runs in this process are asked to end as
/// well. A second signal ends them at once, and a third one, or the second if there are none, ends the process.
pub(super) fn until_asked_to_end(
    runs: Option<Arc<InProcessRuns>>,
) -> Result<(watch::Sender<bool>, watch::Receiver<bool>), Failure> {
    let (stop, stopped) = watch::channel(false);
    let (asked, mut signals) = (stop.clone(), EndSignals::listen()?);
    tokio::spawn(async move {
        let signal = signals.next().await;
        let _ = asked.send(true);
        if let Some(runs) = runs {
            runs.ask_to_end();
            if signal != EndSignal::Interrupt {
                ask_descendants_to_end();
            }
            signals.next().await;
            runs.end_at_once();
        }
        let signal = signals.next().await;
        std::process::exit(signal.exit() as i32);
    });
    Ok((stop, stopped))
}

/// The limits of the definitions, with those of the command line over them.
fn limits(session: &Session, arguments: &DaemonArguments) -> Result<QueueLimits, Failure> {
    let limits = session.pipeline()?.queue();
    Ok(QueueLimits { max_runs: arguments.max_runs.map_or(limits.max_runs, NonZero::get), ..limits })
}
