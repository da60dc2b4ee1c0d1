//! The query parameters of the API: an operation takes those that the OpenAPI document lists for it.
//!
//! A misspelt parameter that is ignored answers another question than the one that was asked: `?statsu=failed` would list all runs. So
//! a request with any other parameter is refused, for all routes in one place. Since the document is the list, a parameter that isn't
//! documented can't be sent, and a documented one is never refused.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use millwork_api::ErrorCode;
use millwork_core::Problem;
use millwork_core::graph::closest;
use serde_json::Value;

use super::routes::DOCUMENT;
use crate::error::ApiError;

/// The names of query parameters, by method (in lower case) and path.
type Parameters = BTreeMap<(String, String), Vec<String>>;

static PARAMETERS: LazyLock<Parameters> = LazyLock::new(|| documented(&DOCUMENT));

/// Refuses a request whose query has a parameter that its operation doesn't take.
///
/// It concerns the paths under `/api` only: health checks and scrapers add parameters of their own.
pub(super) async fn known_parameters(request: Request, next: Next) -> Response {
    match unknown_parameter(&request) {
        Some(error) => error.into_response(),
        None => next.run(request).await,
    }
}

fn unknown_parameter(request: &Request) -> Option<ApiError> {
    let query = request.uri().query().filter(|query| !query.is_empty())?;
    let path = request.extensions().get::<MatchedPath>()?.as_str();
    let path = path.starts_with("/api/").then(|| path.replace("{*", "{"))?;
    // A method that the path doesn't take is refused as such.
    let operation = (request.method().as_str().to_ascii_lowercase(), path);
    let known = PARAMETERS.get(&operation)?;
    let given: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let (name, _) = given.into_iter().find(|(name, _)| !known.contains(name))?;
    let problem = Problem::new(format!("`{} {}` takes no parameter `{name}`", request.method(), operation.1));
    Some(ApiError::new(StatusCode::BAD_REQUEST, ErrorCode::Invalid, problem.with_hint(hint(&name, known))))
}

/// The parameter that was probably meant, and all that there are.
fn hint(name: &str, known: &[String]) -> String {
    let all = match known {
        [] => return "it takes none".to_owned(),
        known => format!("it takes `{}`", known.join("`, `")),
    };
    match closest(name, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`? {all}"),
        None => all,
    }
}

/// The parameters of each operation of a document.
fn documented(document: &str) -> Parameters {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let mut parameters = Parameters::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let of_query = operation["parameters"].as_array().into_iter().flatten();
            let of_query = of_query.filter(|parameter| parameter["in"] == "query");
            let names = of_query.filter_map(|parameter| Some(parameter["name"].as_str()?.to_owned()));
            parameters.insert((method.clone(), path.clone()), names.collect());
        }
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_that_was_meant_and_all_others() {
        let known = ["status", "limit"].map(str::to_owned);
        assert_eq!(hint("statsu", &known), "did you mean `status`? it takes `status`, `limit`");
        assert_eq!(hint("x", &known), "it takes `status`, `limit`");
        assert_eq!(hint("status", &[]), "it takes none");
    }

    #[test]
    fn parameters_of_paths_are_no_parameters_of_queries() {
        let named = |method: &str, path: &str| PARAMETERS[&(method.to_owned(), path.to_owned())].clone();
        assert_eq!(named("get", "/api/v1/schedules/{name}/ticks"), ["limit"]);
        assert_eq!(named("get", "/api/v1/assets"), ["after", "limit"]);
        assert_eq!(named("post", "/api/v1/runs"), [""; 0]);
    }
}
