//! `serve`: the pages and the HTTP API, with a daemon in the same process.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use millwork_engine::EngineOptions;
use millwork_web::{ConnectionLimits, ServeOptions};
use tokio::sync::watch;

use super::daemon::{DaemonArguments, Service, until_asked_to_end};
use super::serving::ServingProcess;
use crate::app::failure::{Exit, Failure};
use crate::app::listen_address::{ListenAddress, ListenArguments};
use crate::app::session::{Session, block_on};

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    #[command(flatten)]
    pub(super) listen: ListenArguments,
    /// Token that requests must present as `Authorization: Bearer`
    #[arg(long, env = "MILLWORK_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(super) token: Option<String>,
    #[command(flatten)]
    pub(super) daemon: DaemonArguments,
    /// Stop when standard input is closed, for `dev`
    #[arg(long, hide = true)]
    pub(super) until_input_ends: bool,
    /// Log that this folder is watched, after the address, for `dev`
    #[arg(long, hide = true, value_name = "FOLDER")]
    pub(super) watched: Option<PathBuf>,
}

/// Serves the pages and the HTTP API, and does what `daemon` does.
pub(super) fn run(session: &Session, arguments: ServeArguments) -> Result<Exit, Failure> {
    let ServeArguments { listen, token, daemon, until_input_ends, watched } = arguments;
    let address = ListenAddress::new(listen.address, listen.port).map_err(Failure::usage)?;
    let allowed_hosts: Vec<String> =
        listen.allowed_hosts.into_iter().chain(address.name.iter().cloned()).collect();
    // Checked before the home is created.
    millwork_web::check_options(address.socket, token.as_deref(), &allowed_hosts)?;
    address.check_is_free()?;
    block_on(async {
        let opened = session.home().await?;
        let service = Service::new(session, &opened, &daemon)?;
        let host = Arc::new(ServingProcess {
            metrics: service.daemon.metrics(),
            store: opened.store.clone(),
            engine: session.engine(&opened, EngineOptions::default())?,
            backtests: Arc::default(),
            log: service.log.clone(),
            path: std::path::absolute(&opened.home.path).map_err(Failure::failed)?,
            home: opened.home.clone(),
        });
        let options = ServeOptions {
            address: address.socket,
            token,
            allowed_hosts,
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

/// Stops when the parent process has closed this one's standard input, or has ended.
fn stop_when_input_ends(stop: watch::Sender<bool>) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = stop.send(true);
    });
}
