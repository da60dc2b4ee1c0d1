//! The OpenAPI document, and whether answers match it: every operation is asked, for good and for bad input, and each body is
//! validated against the schema of its status. An answer may not have a field that the document doesn't know.
//!
//! The cases are data ([`cases`]); [`contract`] holds the document to them.

mod cases;
mod contract;
mod home;
mod schema;

use crate::no_host::options;
use millwork_storage::Home;
use millwork_web::ServeOptions;
use reqwest::{Client, Method, redirect};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

const TOKEN: &str = "0123456789abcdef";

/// A server of a home in which much has happened.
struct Served {
    client: Client,
    url: String,
    _folder: TempDir,
    _stop: watch::Sender<bool>,
}

/// An answer.
#[derive(Debug)]
struct Answer {
    status: u16,
    content_type: String,
    etag: Option<String>,
    text: String,
}

impl Served {
    async fn start(token: Option<&str>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = millwork_testing::folder();
        let store = Home::open(folder.path()).await.unwrap().store();
        home::fill(&*store).await;
        let options = ServeOptions { token: token.map(str::to_owned), ..options() };
        let pipeline = home::definitions().resolve().unwrap();
        let serving = millwork_web::serve(pipeline, store.clone(), options).await.unwrap();
        let (url, (stop, stopped)) = (format!("http://{}", serving.address), watch::channel(false));
        tokio::spawn(serving.run(stopped));
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { client, url, _folder: folder, _stop: stop }
    }

    async fn ask(&self, method: &Method, path: &str, body: Option<&str>, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let mut response = request.send().await.unwrap();
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let (content_type, etag) = (header("content-type").unwrap_or_default(), header("etag"));
        let status = response.status().as_u16();
        // A stream has no end: its first piece is an answer.
        let text = match content_type.starts_with("text/event-stream") {
            true => response.chunk().await.unwrap().map(|chunk| chunk.to_vec()).unwrap_or_default(),
            false => response.bytes().await.unwrap().to_vec(),
        };
        Answer { status, content_type, etag, text: String::from_utf8(text).unwrap() }
    }

    async fn document(&self) -> Value {
        let answer = self.ask(&Method::GET, "/api/v1/openapi.json", None, &[]).await;
        serde_json::from_str(&answer.text).unwrap()
    }
}

#[tokio::test]
async fn the_document() {
    let document = Served::start(None).await.document().await;
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("openapi", serde_json::to_string_pretty(&document).unwrap());
    });
}
