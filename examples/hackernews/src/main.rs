//! The binary of the reference job: Millwork's command line, `replay` and `demo`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args as _, Command, FromArgMatches as _};
use hackernews::{DemoArgs, ReplayArgs, definitions, demo, replay};

fn main() -> ExitCode {
    millwork::App::new(definitions())
        .command(ReplayArgs::augment_args(Command::new("replay")), |matches| -> millwork::Result<()> {
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(replay::serve(ReplayArgs::from_arg_matches(matches)?))
        })
        .command(DemoArgs::augment_args(Command::new("demo")), |matches| -> millwork::Result<()> {
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(demo::run(&DemoArgs::from_arg_matches(matches)?, &demo::home_of(home(matches))))
        })
        .run()
}

/// The home that is named, by the option or the variable; `None` if it is the default of the other commands.
fn home(matches: &ArgMatches) -> Option<PathBuf> {
    let is_named = matches.value_source("home").is_some_and(|source| source != ValueSource::DefaultValue);
    is_named.then(|| matches.get_one::<PathBuf>("home").cloned()).flatten()
}
