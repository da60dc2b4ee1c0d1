//! The environment variables that are read when something is sent. Commands check them before they start, as a mistake in them would show
//! only then.

use std::borrow::Cow;
use std::env::VarError;

use millwork_core::{Advice, ErrorClass};
use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use thiserror::Error;

/// The address of the pages, for links in alerts.
pub(crate) const PAGES: &str = "MILLWORK_URL";
/// The address of a collector of OpenTelemetry, below which `/v1/traces` receives traces.
pub(crate) const COLLECTOR: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// The address that receives traces.
pub(crate) const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
/// Headers that are sent with traces.
pub(crate) const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";

/// An environment variable has a value that can't be used. The value isn't shown, as it may be a secret.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidVariable {
    /// It isn't the URL of a server.
    #[error("{name} is not a URL")]
    Url {
        /// The name of the variable.
        name: &'static str,
    },
    /// It isn't a list of headers.
    #[error("{name} is not a list of headers")]
    Headers {
        /// The name of the variable.
        name: &'static str,
    },
}

impl Advice for InvalidVariable {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Url { .. } => {
                "write `http://` or `https://` and a host, as in `https://pipeline.example.com`".into()
            }
            Self::Headers { .. } => "write `NAME=VALUE`, with commas between several".into(),
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

/// The variables of this process; one that is empty is not set.
pub fn process_variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Checks the variables of this process that a daemon reads later.
///
/// # Errors
///
/// When a variable that should be a URL isn't one of HTTP, or the headers for traces can't be sent.
pub fn check_variables() -> Result<(), InvalidVariable> {
    // A value that is not UTF-8 is neither a URL nor a header.
    let is_unreadable = |name: &str| matches!(std::env::var(name), Err(VarError::NotUnicode(_)));
    check(|name| if is_unreadable(name) { Some("?".to_owned()) } else { process_variable(name) })
}

fn check(environment: impl Fn(&str) -> Option<String>) -> Result<(), InvalidVariable> {
    for name in [PAGES, COLLECTOR, TRACES] {
        if environment(name).is_some_and(|value| !is_url(&value)) {
            return Err(InvalidVariable::Url { name });
        }
    }
    match environment(HEADERS).is_some_and(|value| headers(&value).is_none()) {
        true => Err(InvalidVariable::Headers { name: HEADERS }),
        false => Ok(()),
    }
}

fn is_url(text: &str) -> bool {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    // Parsing ignores what is around it, and what is written is used as it is.
    url.is_some() && !text.contains(|character: char| character.is_whitespace() || character.is_control())
}

/// The headers of a list of `NAME=VALUE`; `None` if one isn't of this form, or can't be sent.
pub(crate) fn headers(list: &str) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let header = |entry: &str| {
        let (name, value) = entry.split_once('=')?;
        Some((name.trim().parse().ok()?, value.trim().parse().ok()?))
    };
    entries.map(header).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_cannot_be_used_are_refused() {
        for url in ["http://localhost:3030", "https://pipeline.example.com/base/", "http://[::1]:4318"] {
            for name in [PAGES, COLLECTOR, TRACES] {
                assert_eq!(check(|asked| (asked == name).then(|| url.to_owned())), Ok(()));
            }
        }
        for url in ["notaurl", "javascript:alert(1)", "localhost:4317", "file:///tmp", " http://x", "http://"]
        {
            for name in [PAGES, COLLECTOR, TRACES] {
                let found = check(|asked| (asked == name).then(|| url.to_owned()));
                assert_eq!(found, Err(InvalidVariable::Url { name }), "{url}");
            }
        }
        for (list, is_valid) in [
            ("a=b", true),
            ("a=b, c = d,", true),
            ("a=", true),
            ("a", false),
            ("a b=c", false),
            ("a=\n", true),
        ] {
            let found = check(|asked| (asked == HEADERS).then(|| list.to_owned()));
            assert_eq!(found.is_ok(), is_valid, "{list:?}");
        }
    }
}
