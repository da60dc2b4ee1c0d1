//! Access control: the token, and the refusal of requests from other web sites.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use millwork_api::ErrorCode;
use millwork_core::Problem;

use crate::error::ApiError;
use crate::one_shape::wants_page;
use crate::pages::login_address;

/// The time limit of a request; streams have sent their head by then.
const LONGEST: Duration = Duration::from_secs(30);

/// The hash of the token; `None` if the server has none. Comparing hashes takes the same time for every wrong token.
#[derive(Clone, Debug)]
pub(crate) struct Token(Option<blake3::Hash>);

impl Token {
    pub(crate) fn new(token: Option<&str>) -> Self {
        Self(token.map(|token| blake3::hash(token.as_bytes())))
    }

    /// Whether the server has a token.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.0.is_some()
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(expected) = self.0 else { return true };
        bearer(headers).is_some_and(|token| blake3::hash(token.as_bytes()) == expected)
            || self.has_cookie(headers)
    }

    /// The cookie for browsers that have presented the token. It is derived from the token, which can't be computed from it.
    pub(crate) fn cookie(&self, token: &str) -> Option<String> {
        let expected = self.0?;
        (blake3::hash(token.as_bytes()) == expected)
            .then(|| format!("{COOKIE}={}", session(expected).to_hex()))
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let Some(expected) = self.0 else { return false };
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let ours =
            cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
        let is_ours = |(name, value): (&str, &str)| {
            name == COOKIE && blake3::Hash::from_hex(value).is_ok_and(|value| value == session(expected))
        };
        ours.into_iter().any(is_ours)
    }
}

/// The token of `Authorization: Bearer`; upper and lower case make no difference in the name of a scheme.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
}

/// The cookie's name.
const COOKIE: &str = "millwork_session";

/// The value of the cookie.
fn session(token: blake3::Hash) -> blake3::Hash {
    blake3::keyed_hash(token.as_bytes(), b"millwork session")
}

/// Lets a request pass, or answers with an error.
pub(crate) async fn guard(State(token): State<Token>, request: Request, next: Next) -> Response {
    if !token.admits(request.headers()) {
        if wants_page(request.headers()) {
            // The target of a form's request can't be opened by a link.
            let to =
                if changes(request.method()) { "/login".to_owned() } else { login_address(request.uri()) };
            return Redirect::to(&to).into_response();
        }
        let problem = Problem::new("the token is missing or wrong")
            .with_hint("send `Authorization: Bearer` and MILLWORK_TOKEN");
        return ApiError::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized, problem).into_response();
    }
    if changes(request.method()) && is_from_another_site(request.headers()) {
        let message = "requests of other web sites are refused";
        return ApiError::new(StatusCode::FORBIDDEN, ErrorCode::CrossSite, message).into_response();
    }
    next.run(request).await
}

/// Answers a request, its body included, within the time limit, whether the request needs the token
/// or not.
pub(crate) async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(LONGEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let message = format!("the request took longer than {} s", LONGEST.as_secs());
            ApiError::new(StatusCode::GATEWAY_TIMEOUT, ErrorCode::Timeout, message).into_response()
        }
    }
}

/// Adds `WWW-Authenticate` to each refusal for a missing or wrong token.
pub(crate) async fn challenge(mut response: Response) -> Response {
    if response.status() == StatusCode::UNAUTHORIZED {
        let bearer = HeaderValue::from_static("Bearer realm=\"millwork\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
    }
    response
}

fn changes(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Whether a request comes from a page of another web site. Browsers send its origin; other programs don't.
fn is_from_another_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    let host = text("host").unwrap_or_default();
    text("origin").is_some_and(|origin| origin.split_once("://").map(|(_, origin)| origin) != Some(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(named: &[(&'static str, &'static str)]) -> HeaderMap {
        named
            .iter()
            .map(|&(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
            .collect()
    }

    #[test]
    fn only_the_token_is_let_in() {
        let token = Token::new(Some("0123456789abcdef"));
        for (value, admitted) in [
            ("Bearer 0123456789abcdef", true),
            ("bearer 0123456789abcdef", true),
            ("BEARER  0123456789abcdef", true),
            ("Bearer 0123456789abcdeg", false),
            ("Bearer0123456789abcdef", false),
            ("Basic 0123456789abcdef", false),
            ("0123456789abcdef", false),
        ] {
            assert_eq!(token.admits(&headers(&[("authorization", value)])), admitted, "{value}");
        }
        assert!(!token.admits(&HeaderMap::new()) && Token::new(None).admits(&HeaderMap::new()));
    }

    #[test]
    fn other_sites_are_recognised() {
        for (named, expected) in [
            (&[][..], false),
            (&[("sec-fetch-site", "cross-site")], true),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "http://elsewhere")], false),
            (&[("host", "127.0.0.1:3030"), ("origin", "http://127.0.0.1:3030")], false),
            (&[("host", "127.0.0.1:3030"), ("origin", "http://127.0.0.1:3031")], true),
            (&[("host", "127.0.0.1:3030"), ("origin", "null")], true),
        ] {
            assert_eq!(is_from_another_site(&headers(named)), expected, "{named:?}");
        }
    }
}
