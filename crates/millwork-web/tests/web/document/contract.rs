//! Whether answers match the document.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use super::cases::cases;
use super::schema::Schemas;
use super::{Answer, Served, TOKEN};

/// Statuses that no request can bring about: of a store that fails, and of an answer that takes too long. `default` stands for what
/// is none of the operation's own.
const NOT_ASKED_FOR: [&str; 3] = ["500", "504", "default"];

/// The statuses that only two requests at the same time bring about.
const OF_RACES: [&str; 1] = ["post /api/v1/models/alias/{key}: 409"];

/// The document, and what of it has been seen.
struct Contract {
    document: Value,
    schemas: Schemas,
    seen: BTreeSet<String>,
}

impl Contract {
    async fn of(served: &Served) -> Self {
        let document = served.document().await;
        Self { schemas: Schemas::new(&document), document, seen: BTreeSet::new() }
    }

    /// The method, the path and the description of each operation.
    fn operations(&self) -> Vec<(String, String, Value)> {
        let mut operations = Vec::new();
        for (path, methods) in self.document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                operations.push((method.clone(), path.clone(), operation.clone()));
            }
        }
        operations
    }

    /// Compares an answer of an operation with the document's schema of its status.
    fn check(&mut self, method: &str, path: &str, answer: &Answer) {
        let status = answer.status.to_string();
        let asked = format!("{method} {path}: {status}");
        let mut described = &self.document["paths"][path][method]["responses"][&status];
        if let Some(reference) = described["$ref"].as_str() {
            described = self.document.pointer(reference.trim_start_matches('#')).unwrap();
        }
        assert!(described.is_object(), "{asked} is not in the document: {answer:?}");
        let text = &answer.text;
        match described["content"].as_object() {
            None => assert_eq!(text, "", "{asked} has a body"),
            Some(content) => {
                let (kind, described) = content.iter().next().unwrap();
                assert!(answer.content_type.starts_with(kind.as_str()), "{asked}: {answer:?}");
                if kind == "application/json" {
                    let body: Value = serde_json::from_str(text).unwrap();
                    let errors = self.schemas.errors(&described["schema"], &body);
                    assert!(errors.is_empty(), "{asked}: {errors:#?}\n{body:#}");
                }
            }
        }
        self.seen.insert(asked);
    }
}

#[tokio::test]
async fn answers_are_as_the_document_says() {
    let served = Served::start(None).await;
    let mut contract = Contract::of(&served).await;
    for case in cases() {
        let method = Method::from_bytes(case.method.to_uppercase().as_bytes()).unwrap();
        let answer = served.ask(&method, &case.path, case.body, &[]).await;
        assert_eq!(answer.status, case.status, "{} {}: {}", case.method, case.path, answer.text);
        contract.check(case.method, case.operation, &answer);
        if let Some(etag) = &answer.etag {
            let known = served.ask(&method, &case.path, None, &[("if-none-match", etag)]).await;
            assert_eq!(known.status, 304, "{}", case.path);
            contract.check(case.method, case.operation, &known);
        }
    }
    refusals(&served, &mut contract).await;
    let documented = contract.operations().into_iter().flat_map(|(method, path, operation)| {
        let statuses = operation["responses"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let asked_for = statuses.into_iter().filter(|status| !NOT_ASKED_FOR.contains(&status.as_str()));
        asked_for.map(|status| format!("{method} {path}: {status}")).collect::<Vec<_>>()
    });
    contract.seen.extend(OF_RACES.map(str::to_owned));
    let not_seen: Vec<String> = documented.filter(|one| !contract.seen.contains(one)).collect();
    assert!(not_seen.is_empty(), "documented, and not asked for: {not_seen:#?}");
}

/// What any operation answers to requests that it doesn't even read.
async fn refusals(served: &Served, contract: &mut Contract) {
    let with_token = Served::start(Some(TOKEN)).await;
    let large = format!("\"{}\"", "x".repeat(1 << 20));
    for (name, path, operation) in contract.operations() {
        let method = Method::from_bytes(name.to_uppercase().as_bytes()).unwrap();
        let ask = async |contract: &mut Contract, served: &Served, body, headers: &[(&str, &str)], status| {
            let answer = served.ask(&method, &path.replace(['{', '}'], ""), body, headers).await;
            assert_eq!(answer.status, status, "{name} {path}: {}", answer.text);
            contract.check(&name, &path, &answer);
        };
        if operation.get("security").is_some() {
            ask(contract, &with_token, None, &[], 401).await;
            ask(contract, served, None, &[("host", "evil.example")], 421).await;
            ask(contract, served, None, &[("host", "localhost"), ("host", "localhost")], 400).await;
        }
        if path.starts_with("/api/") {
            let path = format!("{}?limti=1", path.replace(['{', '}'], ""));
            let answer = served.ask(&method, &path, None, &[]).await;
            assert_eq!(answer.status, 400, "{name} {path}: {}", answer.text);
            assert!(answer.text.contains("takes no parameter `limti`"), "{name} {path}: {}", answer.text);
            assert!(answer.text.contains("\"hint\":\""), "{name} {path}: {}", answer.text);
        }
        if method != Method::GET {
            ask(contract, served, None, &[("sec-fetch-site", "cross-site")], 403).await;
        }
        if operation.get("requestBody").is_some() {
            ask(contract, served, Some(large.as_str()), &[], 413).await;
            // serde would read a struct from an array as well.
            for body in ["[]", "[true]", "[\"load\", null, null, {}, {}, true]", "true", "null"] {
                let path = path.replace(['{', '}'], "");
                let answer = served.ask(&method, &path, Some(body), &[]).await;
                assert_eq!(answer.status, 422, "{name} {path} {body}: {}", answer.text);
                assert!(
                    answer.text.contains("expected a JSON object"),
                    "{name} {path} {body}: {}",
                    answer.text
                );
            }
        }
    }
}

#[tokio::test]
async fn what_generates_clients_can_read_the_document() {
    let contract = Contract::of(&Served::start(None).await).await;
    let mut ids = BTreeSet::new();
    for (_, path, operation) in contract.operations() {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(ids.insert(id.clone()), "{id} is the id of several operations");
        let mut of_path: BTreeSet<&str> =
            path.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            let is_of_path = of_path.remove(name);
            let place = if is_of_path { "path" } else { "query" };
            assert_eq!(parameter["in"], place, "{name} of {path}");
            assert_eq!(parameter["required"], is_of_path, "{name} of {path}");
        }
        assert!(of_path.is_empty(), "{path} doesn't describe {of_path:?}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{path} never succeeds");
        let error = "#/components/schemas/ErrorBody";
        for (status, response) in responses.iter().filter(|(status, _)| !status.starts_with(['2', '3'])) {
            let response = match response["$ref"].as_str() {
                Some(reference) => contract.document.pointer(reference.trim_start_matches('#')).unwrap(),
                None => response,
            };
            let schema = &response["content"]["application/json"]["schema"]["$ref"];
            assert_eq!(schema, error, "{status} of {path} is no error as others are");
        }
        let is_open = ["/healthz", "/readyz"].contains(&path.as_str());
        let is_protected = responses.contains_key("401") && operation["security"][0]["token"].is_array();
        assert_eq!(is_protected, !is_open, "{path}");
    }
    check_references(&contract.document, &contract.document);
    // As it is documented: `{"metadata": {"rows": 3}}`.
    let metadata = &contract.document["components"]["schemas"]["Report"]["properties"]["metadata"];
    assert_eq!(metadata["additionalProperties"]["type"], Value::Null, "{metadata}");
}

/// Whatever is referred to is there.
fn check_references(document: &Value, part: &Value) {
    if let Some(reference) = part["$ref"].as_str() {
        let found = document.pointer(reference.trim_start_matches('#'));
        assert!(found.is_some_and(Value::is_object), "{reference}");
    }
    let of_object = part.as_object().into_iter().flatten().map(|(_, part)| part);
    for part in of_object.chain(part.as_array().into_iter().flatten()) {
        check_references(document, part);
    }
}
