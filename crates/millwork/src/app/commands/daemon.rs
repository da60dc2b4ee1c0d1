//! `daemon`: keeps schedules and launches runs, until it is interrupted.

use std::num::NonZero;
use std::sync::Arc;

use millwork_core::{Clock as _, SystemClock};
use millwork_daemon::{Daemon, DaemonOptions, Happening, Launcher};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::app::arguments::DaemonArguments;
use crate::app::failure::{Exit, Failure};
use crate::app::out::outln;
use crate::app::session::{Session, block_on};
use crate::app::when;

pub(super) fn run(session: &Session, arguments: &DaemonArguments) -> Result<Exit, Failure> {
    let pipeline = session.pipeline()?.clone();
    let options = DaemonOptions::default();
    let options =
        DaemonOptions { max_runs: arguments.max_runs.map_or(options.max_runs, NonZero::get), ..options };
    block_on(async {
        let opened = session.home().await?;
        // The processes of runs get the same folder, wherever they start.
        let folder = std::path::absolute(&opened.home.path)?;
        let launcher = Launcher::new(std::env::current_exe()?, &folder);
        let observer = Arc::new(|happening: &Happening| {
            outln!("{} {happening}", when::moment(SystemClock.now()));
        });
        let (stop, stopped) = watch::channel(false);
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            let _ = stop.send(true);
        });
        let on = pipeline.schedules().len();
        outln!(
            "{} daemon started: {on} schedules, {} runs at a time",
            when::moment(SystemClock.now()),
            options.max_runs
        );
        Daemon::new(pipeline, opened.home, launcher, observer).options(options).run(stopped).await;
        outln!("{} daemon stopped; runs that were launched go on", when::moment(SystemClock.now()));
        opened.store.close().await;
        Ok(Exit::Success)
    })
}
