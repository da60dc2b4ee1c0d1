//! `completions`: shell completions for this command line.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::app::failure::Exit;
use crate::app::out::print_bytes;

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// Shell to generate completions for
    shell: Shell,
}

/// Prints completions for the whole command line, including commands that the pipeline has added.
pub(super) fn run(completions: &Completions, mut whole: Command) -> Exit {
    let name = std::env::current_exe().ok().and_then(|path| Some(path.file_name()?.to_owned()));
    let name = name.map_or_else(|| "pipeline".into(), |name| name.to_string_lossy().into_owned());
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut whole, name, &mut script);
    print_bytes(&script);
    Exit::Success
}
