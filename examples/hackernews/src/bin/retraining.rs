//! Compares three ways to retrain on a file of stories: never, every week, and by the job's own loop.

use std::process::ExitCode;

use clap::Parser as _;
use hackernews::demo::{ComparisonArgs, compare};
use millwork::advice;

#[tokio::main]
async fn main() -> ExitCode {
    match compare(&ComparisonArgs::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", advice::one_line_of(&*error));
            ExitCode::FAILURE
        }
    }
}
