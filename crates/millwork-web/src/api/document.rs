//! The API as an OpenAPI document: the declarations of the handlers, and what is common to all operations.
//!
//! The id of an operation follows from its method and path, so that no two have the same. The error responses, and the token that
//! protected operations take, are added here once instead of at each handler.

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

/// The document of all routes; those of `open` need no token.
pub(super) fn as_document(protected: OpenApi, open: OpenApi) -> String {
    let is_open: Vec<String> = open.paths.paths.keys().cloned().collect();
    // OpenAPI has no parameter of several path segments, which the router writes with a star.
    let described = protected.merge_from(open).to_json().unwrap_or_default().replace("{*", "{");
    let mut document: Value = serde_json::from_str(&described).unwrap_or_default();
    for (path, methods) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            complete(operation, method, path, is_open.contains(path));
        }
    }
    for (kind, components) in components() {
        for (name, component) in components.as_object().into_iter().flatten() {
            document["components"][&kind][name] = component.clone();
        }
    }
    document.to_string()
}

/// Adds what an operation has in common with others.
fn complete(operation: &mut Value, method: &str, path: &str, is_open: bool) {
    operation["operationId"] = operation_id(method, path).into();
    let (changes, has_body) = (method != "get", operation.get("requestBody").is_some());
    let is_json = operation["responses"]["200"]["content"]["application/json"].is_object();
    let mut others = vec![("500", "Store"), ("504", "Timeout"), ("default", "Error")];
    if !is_open {
        // A server that was started without a token takes requests without one.
        operation["security"] = json!([{ "token": [] }, {}]);
        others.extend([("400", "BadRequest"), ("401", "Unauthorized"), ("421", "UnknownHost")]);
        others.extend((!changes && is_json).then_some(("304", "NotModified")));
        others.extend(changes.then_some(("403", "CrossSite")));
    }
    others.extend(path.contains('{').then_some(("404", "NotFound")));
    others.extend(has_body.then_some(("413", "TooLarge")));
    others.extend((has_body || operation.get("parameters").is_some()).then_some(("422", "Invalid")));
    for (status, name) in others {
        let response = &mut operation["responses"][status];
        // A handler may declare a response of its own.
        if response.is_null() {
            *response = json!({ "$ref": format!("#/components/responses/{name}") });
        }
    }
}

/// `post_runs_run_retry` for `POST /api/v1/runs/{run}/retry`.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// The components that operations refer to.
fn components() -> Map<String, Value> {
    let error = |description: &str| {
        let schema = json!({ "$ref": "#/components/schemas/ErrorBody" });
        json!({ "description": description, "content": { "application/json": { "schema": schema } } })
    };
    let token = "The token that the server was started with, MILLWORK_TOKEN, if it was started with one";
    let components = json!({
        "responses": {
            "BadRequest": error("The request names no host, or several, or has a query parameter that the operation doesn't take"),
            "CrossSite": error("The request comes from another web site"),
            "Error": error("The request was refused, or could not be answered"),
            "Invalid": error("The request is invalid"),
            "NotFound": error("The path or object doesn't exist"),
            "NotModified": { "description": "The client has this answer already: `If-None-Match` names its `ETag`" },
            "Store": error("The store can't be read or written"),
            "Timeout": error("The request took too long"),
            "TooLarge": error("The body is too large"),
            "Unauthorized": error("The token is missing or wrong"),
            "UnknownHost": error("The request names a host that isn't allowed"),
        },
        "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "description": token } },
    });
    components.as_object().cloned().unwrap_or_default()
}
