//! The token: which ones there can be, how one is sent, and where the question for it leads.

use crate::no_host::options;
use millwork_core::{Advice as _, Definitions};
use millwork_storage::Home;
use millwork_web::{ServeError, ServeOptions, Serving};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use tempfile::TempDir;
use tokio::sync::watch;

const TOKEN: &str = "0123456789abcdef+/=";

/// Begins to serve in a home of its own.
async fn serve(token: &str) -> Result<(Serving, TempDir), ServeError> {
    let folder = millwork_testing::folder();
    let store = Home::open(folder.path()).await.unwrap().store();
    let pipeline = Definitions::new().resolve().unwrap();
    let options = ServeOptions { token: Some(token.to_owned()), ..options() };
    Ok((millwork_web::serve(pipeline, store, options).await?, folder))
}

/// A server that asks for [`TOKEN`], with a client.
struct Served {
    url: String,
    client: Client,
    _folder: TempDir,
    _stop: watch::Sender<bool>,
}

impl Served {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (serving, folder) = serve(TOKEN).await.unwrap();
        let (url, (stop, stopped)) = (format!("http://{}", serving.address), watch::channel(false));
        tokio::spawn(serving.run(stopped));
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { url, client, _folder: folder, _stop: stop }
    }

    async fn ask(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let request = self.client.get(format!("{}{path}", self.url));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.send().await.unwrap()
    }

    /// Fills in the form that a page of the question shows.
    async fn log_in(&self, page: &str, token: &str) -> Response {
        let page = self.ask(page, &[]).await.text().await.unwrap();
        let field = |name: &str| {
            let (_, value) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
            value.split('"').next().unwrap().replace("&amp;", "&")
        };
        let encoded = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02x}")).collect() };
        let (form_token, next) = (field("form_token"), field("next"));
        let form = format!("form_token={form_token}&next={}&token={}", encoded(&next), encoded(token));
        let request = self.client.post(format!("{}/login", self.url));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(form).send().await.unwrap()
    }
}

#[tokio::test]
async fn a_token_that_no_request_could_present_is_refused_at_the_start() {
    for (token, message) in [
        ("0123456789abcdef ", "the token can't be sent in a header: it has a space at its beginning or end"),
        (" 0123456789abcdef", "the token can't be sent in a header: it has a space at its beginning or end"),
        (
            "0123456789abcdef\n",
            "the token can't be sent in a header: it has a character that is not printable ASCII",
        ),
        (
            "0123456789abcdef\u{e9}",
            "the token can't be sent in a header: it has a character that is not printable ASCII",
        ),
        ("0123456789abcde", "the token has 15 characters and must have 16 or more"),
        ("", "the token has 0 characters and must have 16 or more"),
    ] {
        let error = serve(token).await.expect_err(token);
        assert_eq!(error.to_string(), message, "{token:?}");
        assert!(error.hint().unwrap().contains("openssl rand"), "{token:?}");
    }
    assert!(serve("inner spaces and + / = do no harm").await.is_ok());
}

#[tokio::test]
async fn the_name_of_the_scheme_is_written_in_any_case_and_a_refusal_says_it() {
    let served = Served::start().await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let header = format!("{scheme} {TOKEN}");
        assert_eq!(
            served.ask("/api/v1/graph", &[("authorization", &header)]).await.status(),
            200,
            "{scheme}"
        );
    }
    for header in [format!("Basic {TOKEN}"), format!("Bearer{TOKEN}"), "Bearer 0123456789abcdef".to_owned()] {
        let refused = served.ask("/api/v1/graph", &[("authorization", &header)]).await;
        assert_eq!(refused.status(), 401, "{header}");
        assert_eq!(refused.headers()["www-authenticate"], "Bearer realm=\"millwork\"", "{header}");
    }
    let refused = served.log_in("/login", "0123456789abcdef").await;
    assert_eq!(refused.status(), 401);
    assert!(refused.headers().contains_key("www-authenticate"));
}

#[tokio::test]
async fn the_question_for_the_token_leads_to_what_one_wanted_to_see() {
    let served = Served::start().await;
    for path in ["/", "/runs/e5976b77", "/assets?q=group:work&state=missing", "/automation?of=a%20b"] {
        let asked = served.ask(path, &[("accept", "text/html")]).await;
        assert_eq!(asked.status(), 303, "{path}");
        let question = asked.headers()["location"].to_str().unwrap();
        let answered = served.log_in(question, TOKEN).await;
        assert_eq!(
            (answered.status().as_u16(), &answered.headers()["location"]),
            (303, &path.parse().unwrap())
        );
        assert!(answered.headers().contains_key("set-cookie"), "{path}");
    }
}

#[tokio::test]
async fn the_question_for_the_token_leads_to_no_other_server() {
    let served = Served::start().await;
    for next in [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "%5C%5Cevil.example",
        "%2F%09%2Fevil.example",
        "%09%2F%2Fevil.example",
        "%2F%0D%0Ax-injected%3A1",
        "evil.example",
        "javascript%3Aalert(1)",
        "%2F%C3%A9",
        "",
    ] {
        let answered = served.log_in(&format!("/login?next={next}"), TOKEN).await;
        assert_eq!(
            (answered.status().as_u16(), &answered.headers()["location"]),
            (303, &"/".parse().unwrap()),
            "{next}"
        );
    }
}
