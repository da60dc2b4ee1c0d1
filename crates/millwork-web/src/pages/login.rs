//! The question for the token, and the cookie that answers it from then on.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::form::OwnForm;
use super::message::{Message, rendered};
use crate::guard::Token;

pub(super) async fn ask(State(token): State<Token>) -> Response {
    if !token.is_asked_for() {
        return Redirect::to("/").into_response();
    }
    page(StatusCode::OK, "This server asks for the token that it was started with, MILLWORK_TOKEN.")
}

fn page(status: StatusCode, text: &str) -> Response {
    rendered(status, &Message { title: "Token".to_owned(), text: text.to_owned(), is_login: true })
}

#[derive(Deserialize)]
pub(super) struct Answer {
    token: String,
}

/// Sets the cookie. It is of no use elsewhere: it holds no token, and other sites' requests don't carry it.
pub(super) async fn answer(State(token): State<Token>, OwnForm(answer): OwnForm<Answer>) -> Response {
    let Some(cookie) = token.cookie(&answer.token) else {
        return page(StatusCode::UNAUTHORIZED, "That is not the token.");
    };
    let cookie = format!("{cookie}; Path=/; HttpOnly; SameSite=Strict");
    ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}
