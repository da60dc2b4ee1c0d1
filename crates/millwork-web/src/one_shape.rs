//! Gives all errors one form, whether they come from a handler, an extractor of paths, queries and bodies, the router, or a
//! limit. Browsers get a page.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use millwork_api::ErrorCode;
use millwork_core::Problem;

use crate::error::{ApiError, as_fragment};
use crate::pages::page_error;

/// The longest text of a library's error that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// Gives an error response the common form.
pub(crate) async fn one_shape(request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let wants_page = wants_page(request.headers());
    let response = next.run(request).await;
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return response;
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    let error = match response.extensions().get::<ApiError>() {
        Some(_) if !wants_page => return response,
        Some(error) => error.clone(),
        // A page, or an error that already has the form.
        None if has_shape(&response) => return response,
        None => of_library(&method, &uri, allow.as_ref(), response).await,
    };
    let mut response = if wants_page { page_error(&error) } else { error.into_response() };
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// Whether the client accepts a page, or has sent a form of one.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accepts.is_some_and(|accepts| accepts.contains("text/html"))
}

fn has_shape(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html") || kind.starts_with("application/json"))
}

/// The error that a library reports as plain text, or by its status alone.
async fn of_library(method: &Method, uri: &Uri, allow: Option<&HeaderValue>, response: Response) -> ApiError {
    let status = response.status();
    let text = to_bytes(response.into_body(), LONGEST).await.unwrap_or_default();
    let text = as_fragment(&String::from_utf8_lossy(&text));
    match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            let allowed = allow.and_then(|allow| allow.to_str().ok()).unwrap_or("another method");
            let allowed = allowed.replace(',', ", ");
            let problem = Problem::new(format!("`{}` takes no {method}", uri.path()));
            ApiError::new(
                status,
                ErrorCode::MethodNotAllowed,
                problem.with_hint(format!("it takes {allowed}")),
            )
        }
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(),
        StatusCode::NOT_FOUND => ApiError::not_found(format!("the path `{}` does not exist", uri.path())),
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ApiError::invalid(text)
        }
        _ => ApiError::new(status, ErrorCode::Error, if text.is_empty() { status.to_string() } else { text }),
    }
}
