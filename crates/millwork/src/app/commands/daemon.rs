//! `daemon` and `serve`: what goes on until it is interrupted.

use std::num::NonZero;
use std::sync::Arc;

use millwork_core::{Clock as _, SystemClock};
use millwork_daemon::{Daemon, DaemonOptions, Happening, Launcher};
use millwork_web::ServeOptions;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::app::arguments::{DaemonArguments, ServeArguments};
use crate::app::failure::{Exit, Failure};
use crate::app::out::outln;
use crate::app::session::{Opened, Session, block_on};
use crate::app::when;

/// Keeps schedules and launches runs.
pub(super) fn run(session: &Session, arguments: &DaemonArguments) -> Result<Exit, Failure> {
    block_on(async {
        let opened = session.home().await?;
        let daemon = daemon(session, &opened, arguments)?;
        let stopped = until_interrupted()?;
        let schedules = session.pipeline()?.schedules().len();
        say(&format!("daemon started: {schedules} schedules, {} runs at a time", max_runs(arguments)));
        daemon.run(stopped).await;
        say("daemon stopped; runs that were launched go on");
        opened.store.close().await;
        Ok(Exit::Success)
    })
}

/// The same, and the HTTP API.
pub(super) fn serve(session: &Session, arguments: ServeArguments) -> Result<Exit, Failure> {
    block_on(async {
        let opened = session.home().await?;
        let daemon = daemon(session, &opened, &arguments.daemon)?;
        let options =
            ServeOptions { address: arguments.address, token: arguments.token, wake: daemon.wake() };
        let serving = millwork_web::serve(session.pipeline()?.clone(), opened.store.clone(), options);
        let serving = serving.await.map_err(|error| Failure::usage(error.to_string()))?;
        let stopped = until_interrupted()?;
        say(&format!("serving http://{}/api/v1", serving.address));
        tokio::join!(daemon.run(stopped.clone()), serving.run(stopped));
        say("stopped; runs that were launched go on");
        opened.store.close().await;
        Ok(Exit::Success)
    })
}

fn daemon(session: &Session, opened: &Opened, arguments: &DaemonArguments) -> Result<Daemon, Failure> {
    // The processes of runs get the same folder, wherever they start.
    let folder = std::path::absolute(&opened.home.path)?;
    let launcher = Launcher::new(std::env::current_exe()?, &folder);
    let observer = Arc::new(|happening: &Happening| say(&happening.to_string()));
    let options = DaemonOptions { max_runs: max_runs(arguments), ..DaemonOptions::default() };
    Ok(Daemon::new(session.pipeline()?.clone(), opened.home.clone(), launcher, observer).options(options))
}

fn max_runs(arguments: &DaemonArguments) -> usize {
    arguments.max_runs.map_or(DaemonOptions::default().max_runs, NonZero::get)
}

/// Becomes true when this process is interrupted or terminated.
fn until_interrupted() -> Result<watch::Receiver<bool>, Failure> {
    let (stop, stopped) = watch::channel(false);
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        let _ = stop.send(true);
    });
    Ok(stopped)
}

fn say(text: &str) {
    outln!("{} {text}", when::moment(SystemClock.now()));
}
