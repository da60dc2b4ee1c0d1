//! `millwork new NAME`: creates a pipeline that runs.
//!
//! A pipeline's own binary is its command line, so a program of its own has one thing left to do: create the first version, including what
//! is easily forgotten. Above all, these are the lines of the dev profile that optimize kernels: cargo takes them from the pipeline's
//! workspace, not from Millwork's.

mod checkout;
mod create;
mod enclosing;
mod name;
mod template;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use checkout::Checkout;
use create::{CreateError, create};
use enclosing::enclosing_workspace;
use name::PackageName;
use template::{Millwork, Root, Template};

// Exit codes, the same as those of pipelines.
const FAILURE: u8 = 1;
const USAGE: u8 = 2;
const OUTPUT: u8 = 5;
const CLOSED_PIPE: u8 = 141;

/// Creates Millwork pipelines.
#[derive(Debug, Parser)]
#[command(name = "millwork", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Commands,
}

#[derive(Debug, Subcommand)]
enum Commands {
    /// Create a pipeline that runs, in a folder of its own
    #[command(after_help = "\
Examples:
  millwork new prices
  millwork new prices --template empty
  millwork new prices --path ../millwork    with Millwork's sources in ../millwork")]
    New(New),
}

#[derive(Debug, clap::Args)]
struct New {
    /// The folder to create; its last part is the name of the package
    #[arg(value_name = "NAME")]
    folder: PathBuf,
    /// The template of the pipeline
    #[arg(long, value_enum, default_value_t = Template::Model)]
    template: Template,
    /// Depend on the Millwork checkout in this folder, instead of this version from crates.io
    #[arg(long, value_name = "CHECKOUT")]
    path: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Commands::New(arguments) = Arguments::parse().command;
    match new(&arguments) {
        Ok(text) => printed(&text),
        Err(error) => {
            let _ = write!(io::stderr(), "{}", report(&*error));
            ExitCode::from(if error.is::<CreateError>() { FAILURE } else { USAGE })
        }
    }
}

/// Prints to the standard output, which may be a full disk, or a pipe whose reader has ended.
fn printed(text: &str) -> ExitCode {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(CLOSED_PIPE),
        Err(error) => {
            let _ = write!(io::stderr(), "error: failed to print: {error}\n  the pipeline was created\n");
            ExitCode::from(OUTPUT)
        }
    }
}

/// Creates the pipeline, and prints the next steps.
fn new(arguments: &New) -> Result<String, Box<dyn Error>> {
    let New { folder, template, path } = arguments;
    let name = PackageName::of_folder(folder)?;
    let millwork = match path {
        Some(path) => Millwork::Checkout(Checkout::find(path)?),
        None => Millwork::Published,
    };
    let workspace = enclosing_workspace(folder);
    let root = if workspace.is_some() { Root::Enclosing } else { Root::Own };
    create(folder, &template.files(&name, &millwork, root))?;
    let name = name.as_str();
    let member = workspace.map_or_else(String::new, |manifest| {
        format!(
            "
It is inside a workspace: add it to `members` in {manifest},
and copy the lines at the end of {own} there, which optimize kernels.
",
            manifest = manifest.display(),
            own = folder.join("Cargo.toml").display(),
        )
    });
    Ok(format!(
        "Created the pipeline `{name}`.
  cd {folder}
  cargo test                  run its tests
  cargo run -- materialize    materialize its assets
  cargo run -- dev            open it in a browser, and rebuild when its sources change
{member}",
        folder = as_argument(folder),
    ))
}

/// A path as a shell argument: quoted if it has other characters than letters, digits and those common in paths.
fn as_argument(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |character: char| character.is_alphanumeric() || "/._-+".contains(character);
    let path = if path.starts_with('-') { format!("./{path}") } else { path };
    match path.chars().all(is_plain) {
        true => path,
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

/// An error with its causes.
fn report(error: &(dyn Error + 'static)) -> String {
    let mut text = format!("error: {error}\n");
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!("  caused by: {error}\n");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_fit_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn paths_are_quoted_where_a_shell_would_take_them_apart() {
        for (path, expected) in [
            ("prices", "prices"),
            ("../été/prices_2", "../été/prices_2"),
            ("my work/prices", "'my work/prices'"),
            ("it's/prices", r"'it'\''s/prices'"),
            ("~/prices", "'~/prices'"),
            ("-x/prices", "./-x/prices"),
        ] {
            assert_eq!(as_argument(path.as_ref()), expected);
        }
    }
}
