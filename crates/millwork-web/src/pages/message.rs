//! A page with a message: an error with a link to the overview, or the form for the token.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};

use crate::error::ApiError;
use millwork_api::ErrorCode;

#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct Message {
    pub(super) title: String,
    pub(super) text: String,
    /// The page to go to after the form for the token; `None` if the page is an error.
    pub(super) next: Option<String>,
}

impl Message {
    fn current(&self) -> &'static str {
        ""
    }
}

/// A page as a response.
pub(super) fn rendered(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Error, error.to_string())
            .into_response(),
    }
}

/// An error as a page.
pub(crate) fn page_error(error: &ApiError) -> Response {
    let (status, text) = (error.status(), error.sentences());
    let title = match status {
        StatusCode::NOT_FOUND => "Not found".to_owned(),
        _ => "The request failed".to_owned(),
    };
    rendered(status, &Message { title, text, next: None })
}
