//! The API as an OpenAPI document: what handlers say of themselves, and what holds for all of them.
//!
//! The id of an operation follows from its method and path, so that no two have the same. That anything may end in an error, and
//! that whatever isn't open to everybody takes the token, is written here once instead of at each handler.

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

/// The document of all routes; those of `open` need no token.
pub(super) fn as_document(protected: OpenApi, open: OpenApi) -> String {
    let is_open: Vec<String> = open.paths.paths.keys().cloned().collect();
    // OpenAPI knows no parameter of several path segments, which the router writes with a star.
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
    let mut errors = vec![("default", "Error")];
    if !is_open {
        // A server that was started without a token takes requests without one.
        operation["security"] = json!([{ "token": [] }, {}]);
        errors.push(("401", "Unauthorized"));
    }
    if path.contains('{') {
        errors.push(("404", "NotFound"));
    }
    if operation.get("parameters").is_some() || operation.get("requestBody").is_some() {
        errors.push(("422", "Invalid"));
    }
    for (status, name) in errors {
        operation["responses"][status] = json!({ "$ref": format!("#/components/responses/{name}") });
    }
}

/// `post_runs_run_retry` for `POST /api/v1/runs/{run}/retry`.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// What operations refer to.
fn components() -> Map<String, Value> {
    let error = |description: &str| {
        let schema = json!({ "$ref": "#/components/schemas/Error" });
        json!({ "description": description, "content": { "application/json": { "schema": schema } } })
    };
    let text = json!({ "type": "string" });
    let token = "The token that the server was started with, MILLWORK_TOKEN, if it was started with one";
    let components = json!({
        "schemas": {
            "Error": {
                "description": "What is wrong with a request",
                "type": "object",
                "required": ["error"],
                "properties": {
                    "error": {
                        "type": "object",
                        "required": ["code", "message", "hint"],
                        "properties": { "code": text, "message": text, "hint": { "type": ["string", "null"] } },
                    },
                },
            },
        },
        "responses": {
            "Error": error("The request was refused, or could not be answered"),
            "Invalid": error("The request makes no sense"),
            "NotFound": error("There is no such thing"),
            "Unauthorized": error("The token is missing or wrong"),
        },
        "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "description": token } },
    });
    components.as_object().cloned().unwrap_or_default()
}
