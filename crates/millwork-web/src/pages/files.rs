//! The style sheet and the script, embedded.

use axum::http::header;
use axum::response::IntoResponse;

/// The style sheet.
pub(super) async fn style() -> impl IntoResponse {
    file("text/css; charset=utf-8", include_str!("../../static/style.css"))
}

/// The script.
pub(super) async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", include_str!("../../static/page.js"))
}

fn file(media_type: &'static str, content: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "private, max-age=300")], content)
}
