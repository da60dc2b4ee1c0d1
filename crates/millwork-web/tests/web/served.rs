//! A pipeline's API and pages, served from a home of its own.

use std::sync::Arc;

use crate::no_host::options;
use jiff::Timestamp;
use millwork_core::event::{EventBody, Materialization, NewEvent, Provenance, StoredValue, ValueLocation};
use millwork_core::graph::AssetGraph;
use millwork_core::run::{RunId, RunRequest};
use millwork_core::{Definitions, RecordedConfig};
use millwork_storage::{Batch, Home, NewRun, Store};
use millwork_testing::wait_for;
use reqwest::{Client, Method, redirect};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

/// A server without a daemon: runs stay queued.
pub(crate) struct Served {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) client: Client,
    pub(crate) url: String,
    graph: Arc<AssetGraph>,
    _folder: TempDir,
    _stop: watch::Sender<bool>,
}

impl Served {
    pub(crate) async fn start(definitions: Definitions) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = millwork_testing::folder();
        let store = Home::open(folder.path()).await.unwrap().store();
        let pipeline = definitions.resolve().unwrap();
        let graph = pipeline.graph().clone();
        let serving = millwork_web::serve(pipeline, store.clone(), options()).await.unwrap();
        let (url, (stop, stopped)) = (format!("http://{}", serving.address), watch::channel(false));
        tokio::spawn(serving.run(stopped));
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { store, client, url, graph, _folder: folder, _stop: stop }
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.client.request(method, format!("{}{path}", self.url));
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// A page, once it contains a text: pages show how assets stood a moment ago.
    pub(crate) async fn page_with(&self, path: &str, text: &str) -> String {
        wait_for(async || {
            let page = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
            let page = page.text().await.unwrap();
            if page.contains(text) { Ok(page) } else { Err(format!("{text} is not in {page}")) }
        })
        .await
    }

    /// Sends a form with the token of the overview's.
    pub(crate) async fn form(&self, path: &str, fields: &str) -> (u16, String) {
        let page = self.client.get(&self.url).send().await.unwrap().text().await.unwrap();
        let (_, token) = page.split_once("name=\"form_token\" value=\"").unwrap();
        let token = token.split('"').next().unwrap();
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(format!("{fields}&form_token={token}")).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// A run that no door has looked at.
    pub(crate) async fn stored(&self, change: impl FnOnce(&mut RunRequest)) -> RunId {
        let mut request = RunRequest::default();
        change(&mut request);
        let id = RunId::from_u128(7);
        self.store.create_run(NewRun { id, request, at: Timestamp::UNIX_EPOCH, lease: None }).await.unwrap();
        id
    }

    /// Posts a text as it is.
    pub(crate) async fn text(&self, kind: &str, path: &str, body: &str) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.url)).header("content-type", kind);
        let response = request.body(body.to_owned()).send().await.unwrap();
        (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }

    /// Records that an asset was made by the code that there is.
    pub(crate) async fn make(&self, asset: &str) {
        self.make_with(asset, None).await;
    }

    /// The same with a configuration.
    pub(crate) async fn make_with(&self, asset: &str, config: Option<RecordedConfig>) {
        self.make_in(None, asset, config).await;
    }

    /// The same by a run.
    pub(crate) async fn make_in(&self, run: Option<RunId>, asset: &str, config: Option<RecordedConfig>) {
        let step = self.graph.step_index(asset).unwrap();
        let code_version = self.graph.steps()[step].computation().code_version.clone();
        let made = Materialization {
            version: None,
            data_version: "d".into(),
            provenance: Provenance { code_version, inputs: Vec::new(), config: config.map(Into::into) },
            stored: StoredValue {
                location: ValueLocation::Elsewhere,
                bytes: 1,
                format: "json".to_owned(),
                hash: None,
            },
            metadata: Default::default(),
        };
        let event = NewEvent {
            run,
            at: Timestamp::UNIX_EPOCH,
            step: None,
            asset: Some(asset.into()),
            partition: None,
            attempt: 0,
            body: EventBody::Materialized(made),
            value: None,
        };
        self.store.append(Batch { fence: None, events: vec![event] }).await.unwrap();
    }
}

/// An event of a version that another system has made.
pub(crate) fn materialized(data_version: &str) -> EventBody {
    EventBody::Materialized(Materialization {
        version: None,
        data_version: data_version.into(),
        provenance: Provenance::reported(),
        stored: StoredValue {
            location: ValueLocation::Elsewhere,
            bytes: 1,
            format: "json".to_owned(),
            hash: None,
        },
        metadata: Default::default(),
    })
}
