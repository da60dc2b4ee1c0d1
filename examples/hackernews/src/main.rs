//! The binary of the reference job: Millwork's command line, and `replay`.

use std::process::ExitCode;

use clap::{Args as _, Command, FromArgMatches as _};
use hackernews::{ReplayArgs, definitions, replay};

fn main() -> ExitCode {
    let command = ReplayArgs::augment_args(Command::new("replay"));
    millwork::App::new(definitions())
        .command(command, |matches| -> millwork::Result<()> {
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(replay::serve(ReplayArgs::from_arg_matches(matches)?))
        })
        .run()
}
