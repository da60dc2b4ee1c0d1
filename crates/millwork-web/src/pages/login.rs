//! The form for the token, and the cookie that a browser presents from then on.

use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::form::OwnForm;
use super::message::{Message, rendered};
use crate::guard::Token;

/// The address of the form for the token, which leads on to the page that was requested.
pub(crate) fn address(wanted: &Uri) -> String {
    let wanted = wanted.path_and_query().map_or("/", |wanted| wanted.as_str());
    match serde_urlencoded::to_string([("next", wanted)]) {
        Ok(next) if wanted != "/" => format!("/login?{next}"),
        _ => "/login".to_owned(),
    }
}

/// The requested address on this server; the overview in place of anything else, such as an address that browsers take
/// for that of another server.
fn own_address(next: &str) -> &str {
    let is_own = next.starts_with('/') && !next.starts_with("//");
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_own && is_plain { next } else { "/" }
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    next: String,
}

pub(super) async fn ask(State(token): State<Token>, Query(asked): Query<Asked>) -> Response {
    if !token.is_asked_for() {
        return Redirect::to(own_address(&asked.next)).into_response();
    }
    let text = "This server asks for the token that it was started with, MILLWORK_TOKEN.";
    page(StatusCode::OK, text, &asked.next)
}

fn page(status: StatusCode, text: &str, next: &str) -> Response {
    let next = Some(own_address(next).to_owned());
    rendered(status, &Message { title: "Token".to_owned(), text: text.to_owned(), next })
}

#[derive(Deserialize)]
pub(super) struct Answer {
    token: String,
    #[serde(default)]
    next: String,
}

/// Checks the token and sets the cookie. The cookie doesn't contain the token, and other sites' requests don't carry it.
pub(super) async fn answer(State(token): State<Token>, OwnForm(answer): OwnForm<Answer>) -> Response {
    let Some(cookie) = token.cookie(&answer.token) else {
        return page(StatusCode::UNAUTHORIZED, "That is not the token.", &answer.next);
    };
    let cookie = format!("{cookie}; Path=/; HttpOnly; SameSite=Strict");
    ([(header::SET_COOKIE, cookie)], Redirect::to(own_address(&answer.next))).into_response()
}
