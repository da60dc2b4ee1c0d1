//! The style sheet and the scripts, embedded. Their path holds a version, so that browsers keep them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The embedded files: name, media type, content.
const FILES: [(&str, &str, &str); 8] = [
    ("style.css", STYLE, include_str!("../../static/style.css")),
    ("theme.js", SCRIPT, include_str!("../../static/theme.js")),
    ("page.js", SCRIPT, include_str!("../../static/page.js")),
    ("times.js", SCRIPT, include_str!("../../static/times.js")),
    ("live.js", SCRIPT, include_str!("../../static/live.js")),
    ("palette.js", SCRIPT, include_str!("../../static/palette.js")),
    ("search.js", SCRIPT, include_str!("../../static/search.js")),
    ("graph.js", SCRIPT, include_str!("../../static/graph.js")),
];

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = blake3::Hasher::new();
    for (name, _, content) in FILES {
        hash.update(name.as_bytes()).update(content.as_bytes());
    }
    hash.finalize().to_hex()[..12].to_owned()
});

/// The version of all files together.
pub(crate) fn version() -> &'static str {
    &VERSION
}

/// Answers with an embedded file. A page of an earlier build asks for another version than this; browsers don't cache that answer.
pub(super) async fn file(Path((version, name)): Path<(String, String)>) -> Response {
    let Some((_, media_type, content)) = FILES.iter().find(|(known, ..)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kept = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-store" };
    ([(header::CONTENT_TYPE, *media_type), (header::CACHE_CONTROL, kept)], *content).into_response()
}
