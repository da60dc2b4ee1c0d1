//! `daemon` and `serve`: what goes on until it is interrupted.

use std::num::NonZero;
use std::sync::Arc;

use millwork_core::Problem;
use millwork_core::{Clock as _, QueueLimits, SystemClock};
use millwork_daemon::{Daemon, DaemonOptions, Happening, Launcher};
use millwork_engine::{Cancel, Engine, EngineOptions};
use millwork_web::ServeOptions;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::app::arguments::{DaemonArguments, DevArguments, ServeArguments};
use crate::app::dev::supervise;
use crate::app::failure::{Exit, Failure};
use crate::app::out::outln;
use crate::app::session::{Opened, Session, block_on};
use crate::app::{log, when};

use super::serving::ServingProcess;

/// Keeps schedules and launches runs.
pub(super) fn run(session: &Session, arguments: &DaemonArguments) -> Result<Exit, Failure> {
    block_on(async {
        let opened = session.home().await?;
        let daemon = daemon(session, &opened, arguments)?;
        let (_, stopped) = until_interrupted()?;
        let schedules = session.pipeline()?.schedules().len();
        say(&format!(
            "daemon started: {schedules} schedules, {} runs at a time",
            limits(session, arguments)?.max_runs
        ));
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
        let host = Arc::new(ServingProcess {
            pulse: daemon.pulse(),
            store: opened.store.clone(),
            values: session.engine(&opened, EngineOptions::default())?.values().clone(),
            home: std::path::absolute(&opened.home.path).map_err(Failure::failed)?,
        });
        let ServeArguments { listen, token, until_input_ends, .. } = arguments;
        let options = ServeOptions {
            address: listen.address.socket,
            token,
            allowed_hosts: listen.allowed_hosts.into_iter().chain(listen.address.name).collect(),
            host,
            wake: daemon.wake(),
        };
        let serving = millwork_web::serve(session.pipeline()?.clone(), opened.store.clone(), options);
        let serving = serving.await?;
        let (stop, stopped) = until_interrupted()?;
        if until_input_ends {
            stop_when_input_ends(stop);
        }
        say(&format!("serving http://{}/api/v1", serving.address));
        tokio::join!(daemon.run(stopped.clone()), serving.run(stopped));
        say("stopped; runs that were launched go on");
        opened.store.close().await;
        Ok(Exit::Success)
    })
}

/// Serves in a process of its own, which is replaced when the sources have changed and build.
pub(super) fn develop(session: &Session, arguments: DevArguments) -> Result<Exit, Failure> {
    let no_package = Problem::new("`dev` needs the sources").with_hint("start it with `cargo run -- dev`");
    let package = std::env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| Failure::usage(no_package))?;
    let home =
        std::path::absolute(session.home_path()).map_err(Failure::failed)?.to_string_lossy().into_owned();
    let address = arguments.listen.address.written();
    let mut serve =
        ["--home", &home, "serve", "--until-input-ends", "--address", &address].map(str::to_owned).to_vec();
    for host in arguments.listen.allowed_hosts {
        serve.extend(["--allowed-hosts".to_owned(), host]);
    }
    if let Some(runs) = arguments.daemon.max_runs {
        serve.extend(["--max-runs".to_owned(), runs.to_string()]);
    }
    serve.extend(arguments.daemon.in_process.then(|| "--in-process".to_owned()));
    let binary = std::env::current_exe().map_err(Failure::failed)?;
    block_on(async {
        let (_, stopped) = until_interrupted()?;
        let ended = supervise(binary, package.into(), arguments.build, serve, say, stopped)
            .await
            .map_err(Failure::failed)?;
        Ok(match ended {
            Some(status) if !status.success() => Exit::Failed,
            _ => Exit::Success,
        })
    })
}

fn daemon(session: &Session, opened: &Opened, arguments: &DaemonArguments) -> Result<Daemon, Failure> {
    // The processes of runs get the same folder, wherever they start.
    let folder = std::path::absolute(&opened.home.path).map_err(Failure::failed)?;
    let launcher = if arguments.in_process {
        log::install();
        in_process(session.engine(opened, EngineOptions::default())?)
    } else {
        Launcher::new(std::env::current_exe().map_err(Failure::failed)?, &folder)
    };
    let observer = Arc::new(|happening: &Happening| say(&happening.to_string()));
    let options = DaemonOptions { queue: limits(session, arguments)?, ..DaemonOptions::default() };
    Ok(Daemon::new(session.pipeline()?.clone(), opened.home.clone(), launcher, observer).options(options))
}

/// Executes runs with an engine of this process.
fn in_process(engine: Engine) -> Launcher {
    Launcher::in_process(Arc::new(move |run| {
        let engine = engine.clone();
        Box::pin(async move {
            // A run that fails says so itself; one that can't be executed is settled by the daemon.
            let _ = engine.execute(run, &Cancel::default(), Arc::new(|_| {})).await;
        })
    }))
}

/// What the definitions say, unless the command line says otherwise.
fn limits(session: &Session, arguments: &DaemonArguments) -> Result<QueueLimits, Failure> {
    let limits = session.pipeline()?.queue();
    Ok(QueueLimits { max_runs: arguments.max_runs.map_or(limits.max_runs, NonZero::get), ..limits })
}

/// Becomes true when this process is interrupted or terminated, or when the sender says so.
fn until_interrupted() -> Result<(watch::Sender<bool>, watch::Receiver<bool>), Failure> {
    let (stop, stopped) = watch::channel(false);
    let interrupted = stop.clone();
    let listen = |kind| signal(kind).map_err(Failure::failed);
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        let _ = interrupted.send(true);
    });
    Ok((stop, stopped))
}

/// Stops when whoever started this process has closed its standard input, or has ended.
fn stop_when_input_ends(stop: watch::Sender<bool>) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = stop.send(true);
    });
}

fn say(text: &str) {
    outln!("{} {text}", when::moment(SystemClock.now()));
}
