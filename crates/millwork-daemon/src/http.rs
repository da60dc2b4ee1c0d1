//! The HTTP client of all senders, with one time limit so that no receiver holds up a loop.

use std::time::Duration;

use reqwest::ClientBuilder;

/// A client that gives up after ten seconds.
pub(crate) fn client() -> ClientBuilder {
    // It is installed once for the process; later calls fail, and that is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(10))
}
