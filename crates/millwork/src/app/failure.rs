//! What goes wrong on the command line: told to people or to programs, and the exit code.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use millwork_api::{ErrorBody, ErrorCode};
use millwork_core::advice::{chain_of, hint_of};
use millwork_core::{Advice, ErrorClass, Problem};

use crate::app::out::{print_error, print_json};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Success = 0,
    /// A run failed.
    Failed = 1,
    /// The arguments make no sense.
    Usage = 2,
    /// The definitions don't fit together.
    Definitions = 3,
    /// The home can't be read or written.
    Home = 4,
    /// The result can't be written.
    NotWritten = 5,
    /// The terminal of a command was closed.
    HungUp = 129,
    Canceled = 130,
    /// A command was asked to end, and did.
    Terminated = 143,
}

impl Exit {
    /// The kind of an error that a command ends with.
    fn code(self) -> ErrorCode {
        match self {
            Self::Usage => ErrorCode::Invalid,
            Self::Definitions => ErrorCode::Definitions,
            Self::Home => ErrorCode::Home,
            Self::NotWritten => ErrorCode::NotWritten,
            Self::Success | Self::Failed | Self::HungUp | Self::Canceled | Self::Terminated => {
                ErrorCode::Failed
            }
        }
    }
}

/// An error with its causes, its remedy, and its exit code.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    /// The error and its causes, outermost first.
    chain: Vec<String>,
    hint: Option<String>,
}

impl Failure {
    /// The arguments make no sense.
    pub(super) fn usage(problem: impl Into<Problem>) -> Self {
        let problem = problem.into();
        Self { exit: Exit::Usage, ..Self::from(problem) }
    }

    /// An error of the system, or of the user's code.
    pub(super) fn failed(error: impl Error + 'static) -> Self {
        Self::of(ErrorClass::Failed, &error)
    }

    /// An error whose class the caller knows.
    pub(super) fn of(class: ErrorClass, error: &(dyn Error + 'static)) -> Self {
        let exit = match class {
            ErrorClass::Failed => Exit::Failed,
            ErrorClass::Usage => Exit::Usage,
            ErrorClass::Definitions => Exit::Definitions,
            ErrorClass::Home => Exit::Home,
        };
        Self { exit, chain: chain_of(error), hint: hint_of(error) }
    }

    /// The failure with its cause.
    pub(super) fn caused_by(mut self, error: &(dyn Error + 'static)) -> Self {
        self.chain.extend(chain_of(error));
        self
    }

    /// A file that the result should go to can't be written.
    pub(super) fn not_written(path: &Path, error: &std::io::Error) -> Self {
        let message = format!("failed to write `{}`", path.display());
        Self { exit: Exit::NotWritten, chain: vec![message, error.to_string()], hint: None }
    }

    /// What to do about it.
    #[cfg(test)]
    pub(super) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// What went wrong, without causes and hint.
    #[cfg(test)]
    pub(super) fn message(&self) -> &str {
        self.chain.first().map_or("", String::as_str)
    }

    fn print(&self) {
        let mut text = String::new();
        for (index, message) in self.chain.iter().enumerate() {
            let label = if index == 0 {
                console::style("error").red().bold()
            } else {
                console::style("  caused by").dim()
            };
            text.push_str(&format!("{}: {message}\n", label.for_stderr()));
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("{}: {hint}\n", console::style("  hint").cyan().for_stderr()));
        }
        print_error(&text);
    }

    fn print_json(&self) {
        let error = ErrorBody::new(self.exit.code(), &self.chain, self.hint.clone());
        // Texts can always be written as JSON.
        let _ = print_json(&error);
    }
}

/// Prints what went wrong, if anything, and gives the exit code.
pub(super) fn report(result: Result<Exit, Failure>, json: bool) -> ExitCode {
    let exit = match result {
        Ok(exit) => exit,
        Err(failure) => {
            if json {
                failure.print_json();
            } else {
                failure.print();
            }
            failure.exit
        }
    };
    ExitCode::from(exit as u8)
}

impl<E: Advice + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let known = Self::of(error.class(), &error);
        Self { hint: error.hint().map(Into::into).or(known.hint), ..known }
    }
}
