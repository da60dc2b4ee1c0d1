//! Entity tags: a client that already has an answer gets `304 Not Modified`.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// The largest answer that gets a tag, in bytes.
const LARGEST: usize = 64 << 20;

/// Gives every JSON answer the hash of its content as a tag, and answers `304 Not Modified` to a request that names it, or `*`.
///
/// `HEAD` is answered as `GET` is; the router leaves out the content of what this returns.
pub(super) async fn etag(mut request: Request, next: Next) -> Response {
    let is_asked = [Method::GET, Method::HEAD].contains(request.method());
    if is_asked {
        *request.method_mut() = Method::GET;
    }
    let known: Vec<_> = request.headers().get_all(header::IF_NONE_MATCH).into_iter().cloned().collect();
    let response = next.run(request).await;
    let content = response.headers().get(header::CONTENT_TYPE);
    let is_json = content.is_some_and(|content| content.as_bytes().starts_with(b"application/json"));
    if !is_asked || !is_json || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let tag = format!("\"{}\"", &blake3::hash(&bytes).to_hex()[..32]);
    if let Ok(tag) = tag.parse() {
        parts.headers.insert(header::ETAG, tag);
        parts.headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("private, no-cache"));
    }
    // There may be several of these headers, which are one list; `*` is any answer.
    let known = known.iter().filter_map(|known| known.to_str().ok()).flat_map(|known| known.split(','));
    let is_known = known.map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag);
    if is_known {
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.status = StatusCode::NOT_MODIFIED;
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}
