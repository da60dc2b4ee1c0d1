//! `dev`: serves in a process of its own, which is replaced when the sources have changed and build.

use std::ffi::OsString;

use clap::Args;
use millwork_core::Problem;

use super::daemon::{DaemonArguments, until_asked_to_end};
use crate::app::dev::{Build, supervise};
use crate::app::failure::{Exit, Failure};
use crate::app::listen_address::{ListenAddress, ListenArguments};
use crate::app::service_log::ServiceLog;
use crate::app::session::{Session, block_on};

#[derive(Debug, Args)]
pub(super) struct DevArguments {
    #[command(flatten)]
    pub(super) listen: ListenArguments,
    /// Build command, run in the package's folder instead of `cargo build`
    #[arg(long, value_name = "COMMAND")]
    pub(super) build: Option<String>,
    #[command(flatten)]
    pub(super) daemon: DaemonArguments,
}

/// Serves in a process of its own, which is replaced when the sources have changed and build.
pub(super) fn run(session: &Session, arguments: DevArguments) -> Result<Exit, Failure> {
    let DevArguments { listen, build, daemon } = arguments;
    let address = ListenAddress::new(listen.address, listen.port).map_err(Failure::usage)?;
    let no_package = Problem::new("`dev` needs the sources").with_hint("start it with `cargo run -- dev`");
    let package = std::env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| Failure::usage(no_package))?;
    address.check_is_free()?;
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
            // Its arguments are ours, so an error in them is ours.
            Some(status) if status.code() == Some(Exit::Usage as i32) => Exit::Usage,
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
    serve.extend(daemon.written());
    serve
}
