//! What goes wrong on the command line: told to people or to programs, and the exit code.

use crate::app::out::outln;
use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use millwork_core::graph::SelectionError;
use millwork_core::plan::PlanError;
use millwork_core::{BoxError, ConfigError, DefinitionErrors};
use millwork_engine::{ExecuteError, ValueError};
use millwork_storage::StorageError;
use serde_json::json;

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
    Canceled = 130,
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
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, vec![message.into()])
    }

    fn of(exit: Exit, error: &(dyn Error + 'static)) -> Self {
        let chain = std::iter::successors(Some(error), |&error| error.source());
        Self::new(exit, chain.map(ToString::to_string).collect())
    }

    /// Takes the remedy out of the texts: the part behind `hint:`.
    fn new(exit: Exit, mut chain: Vec<String>) -> Self {
        let mut hint = None;
        for text in chain.iter_mut().filter(|text| !text.contains('\n')) {
            let (message, remedy) = without_hint(text);
            hint = hint.or(remedy.map(str::to_owned));
            *text = message.to_owned();
        }
        chain.dedup();
        Self { exit, chain, hint }
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
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    fn print_json(&self) {
        let (message, causes) = self.chain.split_first().map_or(("", &[][..]), |(first, rest)| (first, rest));
        let error = json!({ "error": { "message": message, "causes": causes, "hint": self.hint } });
        outln!("{error}");
    }
}

/// A text without its remedy, and the remedy.
pub(super) fn without_hint(text: &str) -> (&str, Option<&str>) {
    text.split_once("; hint: ").map_or((text, None), |(message, hint)| (message, Some(hint)))
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

impl From<DefinitionErrors> for Failure {
    fn from(error: DefinitionErrors) -> Self {
        Self::of(Exit::Definitions, &error)
    }
}

impl From<SelectionError> for Failure {
    fn from(error: SelectionError) -> Self {
        Self::of(Exit::Usage, &error)
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        Self::of(Exit::Usage, &error)
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        let exit = match error {
            StorageError::UnknownRun { .. } | StorageError::NotClaimable { .. } => Exit::Usage,
            _ => Exit::Home,
        };
        Self::of(exit, &error)
    }
}

impl From<ValueError> for Failure {
    fn from(error: ValueError) -> Self {
        Self::of(Exit::Home, &error)
    }
}

impl From<ExecuteError> for Failure {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Store(error) => error.into(),
            ExecuteError::Plan(_) | ExecuteError::Selection(_) | ExecuteError::AssetIsGone { .. } => {
                Self::of(Exit::Usage, &error)
            }
            _ => Self::of(Exit::Home, &error),
        }
    }
}

impl From<Vec<ConfigError>> for Failure {
    fn from(errors: Vec<ConfigError>) -> Self {
        match &*errors {
            [error] => Self::of(Exit::Usage, error),
            errors => {
                let list: String = errors.iter().map(|error| format!("\n  - {error}")).collect();
                Self::usage(format!("the configuration has {} errors{list}", errors.len()))
            }
        }
    }
}

impl From<BoxError> for Failure {
    fn from(error: BoxError) -> Self {
        Self::of(Exit::Failed, &*error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::of(Exit::Usage, &*Box::<dyn Error + Send + Sync>::from(error))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::of(Exit::Failed, &error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::of(Exit::Failed, &error)
    }
}
