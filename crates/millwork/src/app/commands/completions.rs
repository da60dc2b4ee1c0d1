//! `completions`: shell completions for this command line.

use std::ffi::OsStr;

use clap::{Args, Command};
use clap_complete::Shell;
use millwork_core::Problem;

use crate::app::failure::{Exit, Failure};
use crate::app::out::print_bytes;

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// Shell to generate completions for
    shell: Shell,
}

/// Prints completions for the whole command line, including commands that the pipeline has added.
pub(super) fn run(completions: &Completions, whole: Command) -> Result<Exit, Failure> {
    let path = std::env::current_exe().map_err(Failure::failed)?;
    let name = name_in_scripts(path.file_name().unwrap_or_default()).map_err(Failure::usage)?;
    print_bytes(&script(completions.shell, whole, &name));
    Ok(Exit::Success)
}

/// The name of the binary, if scripts can have it: they have it as it is, in names of functions and words of the shell.
fn name_in_scripts(name: &OsStr) -> Result<String, Problem> {
    let is_plain = |character: char| character.is_alphanumeric() || "-_.+".contains(character);
    let plain = name.to_str().filter(|name| !name.is_empty() && name.chars().all(is_plain));
    plain.map(str::to_owned).ok_or_else(|| {
        let problem = format!("a completion script can't have the name of this binary, `{}`", name.display());
        Problem::new(problem)
            .with_hint("rename it: letters, digits, `-`, `_`, `.` and `+` can be in its name")
    })
}

fn script(shell: Shell, mut whole: Command, name: &str) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut whole, name, &mut script);
    script
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;

    use clap::{CommandFactory as _, ValueEnum as _};

    use super::*;
    use crate::app::commands::Arguments;

    #[test]
    fn names_that_scripts_can_have() {
        for name in ["pipeline", "my-pipeline_2.0", "größe+"] {
            let name = name_in_scripts(OsStr::new(name)).expect("a name");
            for shell in Shell::value_variants() {
                let script = script(*shell, Arguments::command(), &name);
                assert!(String::from_utf8(script).expect("text").contains(&name), "{shell} {name}");
            }
        }
        for name in ["my pipeline", "a\tb", "$(reboot)", "a'b", ""] {
            assert!(name_in_scripts(OsStr::new(name)).is_err(), "`{name}`");
        }
        let refused = name_in_scripts(OsStr::from_bytes(b"caf\xe9")).expect_err("refused").to_string();
        assert!(
            refused.starts_with("a completion script can't have the name of this binary, `caf"),
            "{refused}"
        );
    }
}
