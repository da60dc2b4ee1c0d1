//! Errors of driving a browser.

use std::time::Duration;

use thiserror::Error;

/// The reason why a command to the browser failed.
#[derive(Debug, Error)]
pub enum BrowserError {
    /// Chromium isn't installed.
    #[error("no Chromium is on the PATH: install the package `chromium`")]
    NotFound,
    /// The browser could not be started, or the connection failed.
    #[error("failed to {action}")]
    Io {
        /// The operation that failed, as a verb phrase.
        action: &'static str,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The browser's process has ended.
    #[error("the browser has ended; it said: {said}")]
    Ended {
        /// The last lines that it wrote.
        said: String,
    },
    /// The browser did not answer in time, or an awaited condition did not become true.
    #[error("`{what}` did not happen within {} s", within.as_secs())]
    TooLate {
        /// The condition or the command.
        what: String,
        /// How long was waited.
        within: Duration,
    },
    /// The browser returned an error to a command.
    #[error("the browser refused `{method}`: {reason}")]
    Refused {
        /// The method of the command.
        method: String,
        /// The browser's message.
        reason: String,
    },
    /// A script threw an exception.
    #[error("the script `{script}` threw: {reason}")]
    Script {
        /// The text of the script.
        script: String,
        /// The exception.
        reason: String,
    },
    /// An element can't be clicked.
    #[error("`{selector}` can't be clicked: {reason}")]
    NotClickable {
        /// The selector of the element.
        selector: String,
        /// The reason: no element matches, or another one covers it.
        reason: String,
    },
}
