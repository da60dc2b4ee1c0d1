//! What can go wrong with a browser.

use std::time::Duration;

use thiserror::Error;

/// Why the browser didn't do what it was asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// There is no browser.
    #[error("no Chromium is on the PATH: install the package `chromium`")]
    NotFound,
    /// It could not be started, or not be spoken to.
    #[error("failed to {action}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// It has ended.
    #[error("the browser has ended; it said: {said}")]
    Ended {
        /// The last lines that it wrote.
        said: String,
    },
    /// It did not answer, or what was waited for did not happen.
    #[error("`{what}` did not happen within {} s", within.as_secs())]
    TooLate {
        /// What was waited for.
        what: String,
        /// How long.
        within: Duration,
    },
    /// It refused a command.
    #[error("the browser refused `{method}`: {reason}")]
    Refused {
        /// The command.
        method: String,
        /// Why.
        reason: String,
    },
    /// A script threw.
    #[error("the script `{script}` threw: {reason}")]
    Script {
        /// The script.
        script: String,
        /// What it threw.
        reason: String,
    },
    /// There is nothing to click on.
    #[error("`{selector}` can't be clicked: {reason}")]
    NotClickable {
        /// What was to be clicked.
        selector: String,
        /// Why it can't be.
        reason: String,
    },
}
