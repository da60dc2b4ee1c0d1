//! `daemon` and `serve`: what goes on until it is interrupted.

use std::ffi::OsString;
use std::num::NonZero;
use std::sync::Arc;

use millwork_core::{Problem, QueueLimits};
use millwork_daemon::{Daemon, DaemonEvent, DaemonOptions, Launcher, ProcessLauncher};
use millwork_engine::{
    CapturedOutput, EngineOptions, ask_descendants_to_end, capture_output, end_descendants,
};
use millwork_web::{ConnectionLimits, ServeOptions};
use tokio::sync::watch;

use crate::app::arguments::{DaemonArguments, DevArguments, ServeArguments};
use crate::app::dev::{Build, supervise};
use crate::app::failure::{Exit, Failure};
use crate::app::listen_address::ListenAddress;
use crate::app::log;
use crate::app::service_log::{LastLines, ServiceLog};
use crate::app::session::{Opened, Session, block_on};
use crate::app::signals::{EndSignal, EndSignals};

use super::in_process::InProcessRuns;
use super::serving::ServingProcess;

/// Keeps schedules and launches runs.
pub(super) fn run(session: &Session, arguments: &DaemonArguments) -> Result<Exit, Failure> {
    block_on(async {
        let opened = session.home().await?;
        let service = Service::new(session, &opened, arguments)?;
        let (_stop, stopped) = until_asked_to_end(service.runs.clone())?;
        let schedules = session.pipeline()?.schedules().len();
        let runs = limits(session, arguments)?.max_runs;
        service.log.say(&format!("daemon started: {schedules} schedules, {runs} runs at a time"));
        service.daemon.run(stopped).await;
        service.end("daemon stopped").await;
        opened.store.close().await;
        Ok(Exit::Success)
    })
}

/// The same, with the pages and the HTTP API.
pub(super) fn serve(session: &Session, arguments: ServeArguments) -> Result<Exit, Failure> {
    let ServeArguments { listen, token, daemon, until_input_ends, watched } = arguments;
    let address = ListenAddress::new(listen.address, listen.port).map_err(Failure::usage)?;
    block_on(async {
        let opened = session.home().await?;
        let service = Service::new(session, &opened, &daemon)?;
        let host = Arc::new(ServingProcess {
            metrics: service.daemon.metrics(),
            store: opened.store.clone(),
            values: session.engine(&opened, EngineOptions::default())?.values().clone(),
            path: std::path::absolute(&opened.home.path).map_err(Failure::failed)?,
            home: opened.home.clone(),
        });
        let options = ServeOptions {
            address: address.socket,
            token,
            allowed_hosts: listen.allowed_hosts.into_iter().chain(address.name).collect(),
            host,
            wake: service.daemon.wake(),
            connections: ConnectionLimits::default(),
        };
        let serving = millwork_web::serve(session.pipeline()?.clone(), opened.store.clone(), options);
        let serving = serving.await?;
        let (stop, stopped) = until_asked_to_end(service.runs.clone())?;
        if until_input_ends {
            stop_when_input_ends(stop.clone());
        }
        service.log.say(&format!("serving http://{}", serving.address));
        service.log.say(&format!("its HTTP API is http://{}/api/v1", serving.address));
        if let Some(watched) = watched {
            service.log.say(&format!("watching {}", watched.display()));
        }
        tokio::join!(service.daemon.run(stopped.clone()), serving.run(stopped));
        service.end("stopped").await;
        opened.store.close().await;
        Ok(Exit::Success)
    })
}

/// Serves in a process of its own, which is replaced when the sources have changed and build.
pub(super) fn develop(session: &Session, arguments: DevArguments) -> Result<Exit, Failure> {
    let DevArguments { listen, build, daemon } = arguments;
    let address = ListenAddress::new(listen.address, listen.port).map_err(Failure::usage)?;
    let no_package = Problem::new("`dev` needs the sources").with_hint("start it with `cargo run -- dev`");
    let package = std::env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| Failure::usage(no_package))?;
    let home = std::path::absolute(session.home_path()).map_err(Failure::failed)?;
    let serve = serve_arguments(home.clone().into_os_string(), &address, &listen.allowed_hosts, &daemon);
    let binary = std::env::current_exe().map_err(Failure::failed)?;
    block_on(async {
        let (_stop, stopped) = until_asked_to_end(None)?;
        let (log, last) = ServiceLog::start(None).map_err(Failure::failed)?;
        let build = Build::new(binary, package.into(), home, build);
        let ended = supervise(&build, &serve, &log, stopped).await.map_err(Failure::failed)?;
        drop(log);
        last.wait();
        Ok(match ended {
            Some(status) if !status.success() => Exit::Failed,
            _ => Exit::Success,
        })
    })
}

/// The arguments of the process that serves for `dev`.
fn serve_arguments(
    home: OsString,
    address: &ListenAddress,
    allowed_hosts: &[String],
    daemon: &DaemonArguments,
) -> Vec<OsString> {
    let mut serve = vec!["--home".into(), home];
    let address = address.written();
    serve.extend(["serve", "--until-input-ends", "--address", &address].map(OsString::from));
    for host in allowed_hosts {
        serve.extend(["--allowed-hosts", host].map(OsString::from));
    }
    if let Some(runs) = daemon.max_runs {
        serve.extend(["--max-runs", &runs.to_string()].map(OsString::from));
    }
    serve.extend(daemon.in_process.then(|| "--in-process".into()));
    serve
}

/// A daemon, and what goes with it in its process.
struct Service {
    daemon: Daemon,
    /// The runs that are executed here, if any are.
    runs: Option<Arc<InProcessRuns>>,
    log: ServiceLog,
    last: LastLines,
    /// What steps print, if they do so here, belongs to the logs of their runs.
    captured: Option<CapturedOutput>,
}

impl Service {
    fn new(session: &Session, opened: &Opened, arguments: &DaemonArguments) -> Result<Self, Failure> {
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
        let says = log.clone();
        let observer = Arc::new(move |event: &DaemonEvent| says.say(&event.to_string()));
        let options = DaemonOptions { queue: limits(session, arguments)?, ..DaemonOptions::default() };
        let daemon = Daemon::new(session.pipeline()?.clone(), opened.home.clone(), launcher, observer);
        Ok(Self { daemon: daemon.options(options), runs, log, last, captured })
    }

    /// Waits for the ends of the runs that were asked to end, and says that it is over.
    async fn end(self, ended: &str) {
        let Self { daemon, runs, log, last, captured } = self;
        match runs {
            Some(runs) => {
                runs.ask_to_end();
                runs.ended().await;
                end_descendants();
                let ends =
                    runs.ends().map_or("no run was going on".to_owned(), |ends| format!("its runs: {ends}"));
                log.say(&format!("{ended}; {ends}"));
            }
            None => log.say(&format!("{ended}; runs that were launched go on")),
        }
        drop((daemon, log));
        last.wait();
        drop(captured);
    }
}

/// Becomes true when this process is asked to end, or when the sender says so. Runs in this process are asked to end as
/// well. Being asked again ends them at once, and what hangs without any.
fn until_asked_to_end(
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

/// Stops when whoever started this process has closed its standard input, or has ended.
fn stop_when_input_ends(stop: watch::Sender<bool>) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = stop.send(true);
    });
}

/// What the definitions say, unless the command line says otherwise.
fn limits(session: &Session, arguments: &DaemonArguments) -> Result<QueueLimits, Failure> {
    let limits = session.pipeline()?.queue();
    Ok(QueueLimits { max_runs: arguments.max_runs.map_or(limits.max_runs, NonZero::get), ..limits })
}
