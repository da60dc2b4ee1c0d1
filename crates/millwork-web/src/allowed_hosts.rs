//! The hosts that a server answers for. A web site can point its own name at an address of this machine and then read and
//! send anything as "the same site" (DNS rebinding), but the name in `Host` remains its own.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use millwork_api::ErrorCode;
use millwork_core::{Advice, ErrorClass, Problem};
use thiserror::Error;

use crate::error::ApiError;

/// The hosts that requests may name: this machine's loopback names and addresses, the address that the server is bound to,
/// and those that are listed. Ports aren't compared, as a tunnel or a container may have another one.
#[derive(Clone, Debug)]
pub(crate) struct AllowedHosts {
    bound: IpAddr,
    listed: Arc<[Listed]>,
}

/// An entry of the list.
#[derive(Debug, PartialEq, Eq)]
enum Listed {
    /// `*`: every host.
    Any,
    /// `.example.com`: a domain and all below it, kept with its dot.
    Domain(String),
    /// A name or an address.
    Host(String),
}

/// An entry of the list that is not a host.
#[derive(Debug, Error)]
#[error("`{entry}` is not a host")]
pub struct InvalidHost {
    /// The entry.
    pub entry: String,
}

impl Advice for InvalidHost {
    fn hint(&self) -> Option<Cow<'_, str>> {
        let hint = "write a name or an address without scheme and port, `.example.com` for a domain and all below it, or \
                    `*` for every host";
        Some(hint.into())
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

impl AllowedHosts {
    /// The hosts of a server that is bound to an address, and those that are listed.
    pub(crate) fn new(bound: IpAddr, listed: &[String]) -> Result<Self, InvalidHost> {
        let entries = listed.iter().map(|entry| entry.trim()).filter(|entry| !entry.is_empty());
        let entries: Arc<[_]> = entries.map(listed_host).collect::<Result<_, _>>()?;
        if entries.is_empty() && !listed.is_empty() {
            return Err(InvalidHost { entry: listed.join(",") });
        }
        Ok(Self { bound, listed: entries })
    }

    fn admits(&self, host: &str) -> bool {
        self.is_own(host)
            || self.listed.iter().any(|listed| match listed {
                Listed::Any => true,
                Listed::Host(listed) => listed == host,
                Listed::Domain(domain) => host.ends_with(domain.as_str()) || host == &domain[1..],
            })
    }

    /// Whether a host is this machine by its form alone. An address can't be rebound, as it isn't looked up; so one that is
    /// bound to all addresses answers for each of them, also those that a network translates.
    fn is_own(&self, host: &str) -> bool {
        match host.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(address) => {
                let bound = self.bound.to_canonical();
                address.is_loopback() || bound.is_unspecified() || address == bound
            }
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        }
    }
}

fn listed_host(entry: &str) -> Result<Listed, InvalidHost> {
    let invalid = || InvalidHost { entry: entry.to_owned() };
    if entry == "*" {
        return Ok(Listed::Any);
    }
    if entry.parse::<IpAddr>().is_ok() {
        return Ok(Listed::Host(normal(entry)));
    }
    let (is_domain, name) = entry.strip_prefix('.').map_or((false, entry), |name| (true, name));
    match host_and_port(name) {
        Some((host, "")) if is_domain => Ok(Listed::Domain(format!(".{host}"))),
        Some((host, "")) => Ok(Listed::Host(host)),
        _ => Err(invalid()),
    }
}

/// The host of an authority as it is compared, and the rest: empty, or `:` and a port.
fn host_and_port(authority: &str) -> Option<(String, &str)> {
    let end = match authority.strip_prefix('[') {
        Some(address) => address.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(end);
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(is_digit));
    let host = match host.strip_prefix('[') {
        Some(address) => address.strip_suffix(']').filter(|address| address.parse::<IpAddr>().is_ok())?,
        None => Some(host).filter(|host| !host.is_empty() && host.bytes().all(is_of_name))?,
    };
    is_port.then(|| (normal(host), port))
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._".contains(&byte)
}

/// A host as it is compared: in lower case, without the dot at the end of a full name, addresses in their usual form.
fn normal(host: &str) -> String {
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name.parse::<IpAddr>().map_or(name, |address| address.to_canonical().to_string())
}

/// The hosts that a request names: in `Host`, and in a target that is a whole address.
fn hosts(headers: &HeaderMap, target: &Uri) -> Result<Vec<String>, &'static str> {
    let mut named = headers.get_all(header::HOST).iter();
    let (host, another) = (named.next(), named.next());
    if another.is_some() {
        return Err("the request has several `Host` headers");
    }
    let host = host.map(|host| host.to_str().unwrap_or_default());
    let hosts: Option<Vec<String>> = host
        .into_iter()
        .chain(target.authority().map(Authority::as_str))
        .map(|authority| Some(host_and_port(authority)?.0))
        .collect();
    match hosts {
        None => Err("the request's `Host` is not a host"),
        Some(hosts) if hosts.is_empty() => Err("the request has no `Host` header"),
        Some(hosts) => Ok(hosts),
    }
}

/// Lets a request for an allowed host pass, or answers with an error.
pub(crate) async fn check_host(
    State(allowed): State<AllowedHosts>,
    request: Request,
    next: Next,
) -> Response {
    let error = match hosts(request.headers(), request.uri()) {
        Err(problem) => ApiError::new(StatusCode::BAD_REQUEST, ErrorCode::InvalidHost, problem),
        Ok(hosts) => match hosts.into_iter().find(|host| !allowed.admits(host)) {
            None => return next.run(request).await,
            Some(host) => {
                let problem = Problem::new(format!("this server doesn't answer for `{host}`"));
                let hint = format!(
                    "if it should, start it with `--allowed-hosts {host}` or set MILLWORK_ALLOWED_HOSTS"
                );
                let problem = problem.with_hint(hint);
                ApiError::new(StatusCode::MISDIRECTED_REQUEST, ErrorCode::UnknownHost, problem)
            }
        },
    };
    error.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bound: &str, listed: &[&str], host: &str, expected: bool) {
        let listed: Vec<String> = listed.iter().map(ToString::to_string).collect();
        let allowed = AllowedHosts::new(bound.parse().expect("an address"), &listed).expect("hosts");
        let headers = HeaderMap::from_iter([(header::HOST, host.parse().expect("a header"))]);
        let hosts = hosts(&headers, &Uri::from_static("/")).unwrap_or_default();
        let admitted = !hosts.is_empty() && hosts.iter().all(|host| allowed.admits(host));
        assert_eq!(admitted, expected, "`{host}` at {bound} with {listed:?}");
    }

    #[test]
    fn names_and_addresses_of_this_machine_are_known() {
        for host in [
            "localhost",
            "localhost:3030",
            "LocalHost.:3030",
            "pipeline.localhost",
            "127.0.0.1:4411",
            "127.8.9.1",
            "[::1]:3030",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]:1",
            "localhost:",
        ] {
            for bound in ["127.0.0.1", "::1", "10.0.0.5", "0.0.0.0"] {
                check(bound, &[], host, true);
            }
        }
    }

    #[test]
    fn others_are_not_known() {
        for host in [
            "evil.example",
            "evil.example:4411",
            "localhost.evil.example",
            "notlocalhost",
            "127.0.0.1.nip.io",
            "2130706433",
            "10.0.0.5",
            "[fe80::1]:3030",
            "",
            ":3030",
            "localhost:http",
            "localhost:3030@evil.example",
            "evil.example@localhost",
            "localhost/evil.example",
            "[::1",
            "[::1]evil.example",
            "[evil.example]",
        ] {
            check("127.0.0.1", &[], host, false);
        }
    }

    #[test]
    fn the_bound_address_is_known() {
        check("10.0.0.5", &[], "10.0.0.5:3030", true);
        check("10.0.0.5", &[], "10.0.0.6:3030", false);
        check("fd00::5", &[], "[FD00:0::5]:3030", true);
        check("0.0.0.0", &[], "10.0.0.6:3030", true);
        check("::", &[], "10.0.0.6", true);
        check("::", &[], "gpu-box", false);
    }

    #[test]
    fn listed_hosts_are_known() {
        check("127.0.0.1", &["Models.Example.com"], "models.example.com.:8443", true);
        check("127.0.0.1", &["models.example.com"], "a.models.example.com", false);
        check("127.0.0.1", &[".example.com"], "models.example.com", true);
        check("127.0.0.1", &[".example.com"], "example.com", true);
        check("127.0.0.1", &[".example.com"], "badexample.com", false);
        check("127.0.0.1", &["a", " gpu-box "], "gpu-box:1", true);
        check("127.0.0.1", &["10.0.0.5", "fd00::5"], "[fd00::5]:3030", true);
        check("127.0.0.1", &["[fd00::5]"], "[fd00::5]", true);
        check("127.0.0.1", &["*"], "evil.example", true);
        check("127.0.0.1", &["*"], "evil.example:http", false);
    }

    #[test]
    fn an_entry_that_is_no_host_is_refused() {
        for entry in ["https://models.example.com", "models.example.com:3030", "a b", "*.example.com", "."] {
            let refused = AllowedHosts::new(IpAddr::from([127, 0, 0, 1]), &[entry.to_owned()]);
            assert_eq!(refused.map(drop).expect_err("refused").entry, entry);
        }
        for list in [&["", ""][..], &[" "]] {
            let list: Vec<String> = list.iter().map(ToString::to_string).collect();
            let refused = AllowedHosts::new(IpAddr::from([127, 0, 0, 1]), &list).map(drop);
            assert_eq!(refused.expect_err("refused").entry, list.join(","));
        }
    }

    #[test]
    fn the_target_counts_as_well_as_the_header() {
        let host =
            |host: &'static str| HeaderMap::from_iter([(header::HOST, host.parse().expect("a header"))]);
        let whole = Uri::from_static("http://Evil.example:3030/api/v1/runs");
        assert_eq!(hosts(&host("localhost"), &whole), Ok(vec!["localhost".into(), "evil.example".into()]));
        assert_eq!(hosts(&HeaderMap::new(), &whole), Ok(vec!["evil.example".into()]));
        let path = Uri::from_static("/api/v1/runs");
        assert!(hosts(&HeaderMap::new(), &path).expect_err("none").contains("no `Host`"));
        let mut twice = host("localhost");
        twice.append(header::HOST, "evil.example".parse().expect("a header"));
        assert!(hosts(&twice, &path).expect_err("two").contains("several"));
    }
}
