//! The pages through the binary: their content, their refusals, and the effects of hostile names, metadata and logs.

use crate::support::{Home, PipelineServer};
use millwork_browser::Browser;
use millwork_core::event::{EventBody, LogLine, NewEvent};
use millwork_core::param::LogLevel;
use millwork_core::{Clock as _, SystemClock};
use millwork_storage::{Batch, Home as StoredHome};
use millwork_testing::wait_for;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde_json::json;

const TOKEN: &str = "0123456789abcdef0123";
const PAGES: [&str; 14] = [
    "/",
    "/assets",
    "/assets?q=group:work",
    "/assets/work",
    "/graph",
    "/graph?q=%2Bafter_work",
    "/runs",
    "/automation",
    "/automation?of=every_minute",
    "/launch",
    "/launch?selection=work",
    "/launch?selection=work&partition=none",
    "/deployment",
    "/assets?state=missing&q=work",
];

struct Served {
    server: PipelineServer,
    client: Client,
}

impl Served {
    fn start(home: &Home, token: Option<&str>) -> Self {
        let token = token.map(|token| ("MILLWORK_TOKEN", token));
        let server = home.serve("", token.as_slice());
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { server, client }
    }

    async fn page(&self, path: &str) -> (StatusCode, String) {
        let request = self.client.get(format!("{}{path}", self.server.url)).header("accept", "text/html");
        let answer = request.send().await.unwrap();
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(!policy.contains("unsafe"), "{policy}");
        (answer.status(), answer.text().await.unwrap())
    }

    /// The token that forms of this server carry.
    async fn form_token(&self) -> String {
        let page = self.page("/login").await.1;
        let page = if page.is_empty() { self.page("/").await.1 } else { page };
        page.split("name=\"form_token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    async fn post(&self, path: &str, form: &str, origin: &str) -> reqwest::Response {
        let form = format!("{form}&form_token={}", self.form_token().await);
        self.post_plainly(path, &form, origin).await
    }

    async fn post_plainly(&self, path: &str, form: &str, origin: &str) -> reqwest::Response {
        let request = self.client.post(format!("{}{path}", self.server.url)).header("origin", origin);
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
        request.send().await.unwrap()
    }

    /// Waits until the page of a run shows that it has ended; a step may have ended before.
    async fn ends(&self, run: &str, status: &str) -> String {
        let heading = format!("<span class=\"state {status}\">{status}</span></h1>");
        wait_for(async || {
            let (_, page) = self.page(run).await;
            if page.contains(&heading) { Ok(page) } else { Err(format!("{run} is not {status}: {page}")) }
        })
        .await
    }
}

/// What every page has: a language, a title, landmarks, one heading, no script or style of its own, labels on its fields.
fn check_page(path: &str, html: &str) {
    for part in
        ["<html lang=\"en\">", "<title>", "<nav aria-label", "<main id=\"content\">", "class=\"skip\""]
    {
        assert!(html.contains(part), "{path} has no {part}");
    }
    assert_eq!(html.matches("<h1").count(), 1, "{path}");
    assert_eq!(html.matches("<script").count(), 2, "{path}");
    assert_eq!(html.matches("<script src=\"/static/").count(), 1, "{path}");
    assert!(!html.contains("<style") && !html.contains(" style=") && !html.contains(" onclick"), "{path}");
    for form in html.split("method=\"post\"").skip(1) {
        assert!(form.split("</form>").next().unwrap().contains("name=\"form_token\""), "{path}");
    }
}

#[tokio::test]
async fn every_page_is_there_before_and_after_a_run() {
    let home = Home::new();
    let served = Served::start(&home, None);
    for path in PAGES {
        let (status, html) = served.page(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        check_page(path, &html);
    }
    let launched = served.post("/runs", "selection=work", &served.server.url).await;
    assert_eq!(launched.status(), StatusCode::SEE_OTHER);
    let run = launched.headers()["location"].to_str().unwrap().to_owned();
    let page = served.ends(&run, "succeeded").await;
    check_page(&run, &page);
    assert!(page.contains("aria-label=\"When each step ran\"") && page.contains("Run everything again"));
    let repeated = served.post(&format!("{run}/repeat"), "", &served.server.url).await;
    assert_ne!(repeated.headers()["location"], run.as_str());
    for path in PAGES {
        check_page(path, &served.page(path).await.1);
    }
    let switched = served.post("/automation/switch", "name=sensor:inbox&on=true", &served.server.url).await;
    assert_eq!(switched.status(), StatusCode::SEE_OTHER);
    assert_eq!(home.json("sensors list --json")[0]["on"], true);
}

#[tokio::test]
async fn what_is_wrong_is_a_page_with_a_way_back() {
    let home = Home::new();
    let served = Served::start(&home, None);
    for (path, text) in
        [("/nothing", "does not exist"), ("/assets/wrk", "did you mean"), ("/runs/ffff", "no run is called")]
    {
        let (status, html) = served.page(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(html.contains(text) && html.contains("href=\"/\""), "{html}");
    }
    assert!(served.page("/assets?q=group:").await.1.contains("class=\"empty\""));
    let wrong = served.post("/runs", "selection=nope", &served.server.url).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let foreign = served.post("/runs", "selection=work", "http://elsewhere.example").await;
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    for form in ["selection=work", "selection=work&form_token=", "selection=work&form_token=0"] {
        let forged = served.post_plainly("/runs", form, &served.server.url).await;
        assert_eq!(forged.status(), StatusCode::FORBIDDEN, "{form}");
    }
}

#[tokio::test]
async fn a_token_is_asked_for_once() {
    let home = Home::new();
    let served = Served::start(&home, Some(TOKEN));
    let (status, _) = served.page("/").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    check_page("/login", &served.page("/login").await.1);
    let wrong = served.post("/login", "token=wrong", &served.server.url).await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    let right = served.post("/login", &format!("token={TOKEN}"), &served.server.url).await;
    let cookie = right.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains(TOKEN));
    let cookie = cookie.split(';').next().unwrap();
    let shown = served.client.get(&served.server.url).header("cookie", cookie).header("accept", "text/html");
    assert_eq!(shown.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn hostile_texts_stay_texts() {
    let home = Home::new();
    let served = Served::start(&home, None);
    let hostile =
        "<script>alert(1)</script><img src=x onerror=alert(2)>\u{202e}\u{0}\u{7}javascript:alert(3)\"'>";
    let long = "x".repeat(1 << 19);
    let report = json!({ "data_version": hostile, "metadata": {
        hostile: 1, "text": hostile, "long": long, "link": { "type": "url", "value": "javascript:alert(4)" },
        "markdown": { "type": "markdown", "value": hostile },
        "page": { "type": "url", "value": "https://example.org/?a=\"><script>" },
        "json": { "type": "json", "value": { hostile: [hostile] } },
        "table": { "type": "table", "value": { "columns": [{ "name": hostile, "type": hostile }], "rows": [[hostile]] } },
        "plot": { "type": "plot", "value": { "title": hostile, "x_label": hostile, "kind": "bars", "names": [hostile], "series": [[hostile, [1.0]]] } },
        "picture": { "type": "image", "value": { "media_type": "image/svg+xml", "bytes": "PHN2Zz48c2NyaXB0PmFsZXJ0KDEpPC9zY3JpcHQ+PC9zdmc+" } },
        "document": { "type": "image", "value": { "media_type": "text/html", "bytes": "PHNjcmlwdD4=" } },
        "curve": { "type": "series", "value": { "x_label": hostile, "x": [0.0, 1.0], "y": { hostile: [1.0, 2.0] } } },
    } });
    let check = json!({ "check": hostile, "passed": false, "description": hostile });
    for (kind, body) in [("materialization", report), ("check", check)] {
        let request = served.client.post(format!("{}/api/v1/reports/{kind}/work", served.server.url));
        let answer =
            request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
    }
    // A key has no `=`.
    let key = hostile.replace('=', "");
    let launch =
        json!({ "selection": "work", "tags": { key: hostile }, "config": { "work": { "end": "error" } } });
    let request = served.client.post(format!("{}/api/v1/runs", served.server.url));
    let answer =
        request.header("content-type", "application/json").body(launch.to_string()).send().await.unwrap();
    let run = answer.headers()["location"].to_str().unwrap().replace("/api/v1", "");
    served.ends(&run, "failed").await;
    log_hostile_lines(&home, run.trim_start_matches("/runs/"), hostile).await;
    pictures_run_nothing(&served).await;
    let mut paths: Vec<String> = PAGES.iter().map(|path| (*path).to_owned()).collect();
    paths.extend([
        run,
        "/runs?tag=%3Cscript%3E&status=%3Cscript%3E".to_owned(),
        "/assets?q=%3Cscript%3E".to_owned(),
        "/assets/work?partition=%3Cscript%3E&at=2&with=1".to_owned(),
        "/graph?q=%3Cscript%3E&open=%3Cscript%3E&asset=%3Cscript%3E".to_owned(),
        "/launch?selection=%3Cscript%3Ealert&partition=%3Cscript%3E&job=%3Cscript%3E".to_owned(),
        "/automation?of=%3Cscript%3Ealert".to_owned(),
    ]);
    for path in paths {
        let html = served.page(&path).await.1;
        check_page(&path, &html);
        assert!(!html.contains("<script>alert") && !html.contains("<img src=x"), "{path}");
        assert!(!html.contains("href=\"javascript:"), "{path}");
        assert!(!html.contains(['\u{0}', '\u{7}', '\u{202e}']), "{path}");
        assert!(html.len() < 300_000, "{path} has {} bytes", html.len());
    }
}

/// A run logs text that must not break a page, and a megabyte in one line.
async fn log_hostile_lines(home: &Home, run: &str, hostile: &str) {
    let store = StoredHome::open(home.path()).await.unwrap().store();
    let line = |message: String| {
        let fields = [(hostile.to_owned(), hostile.into())].into();
        let line = LogLine { level: LogLevel::Warn, target: hostile.to_owned(), message, fields };
        NewEvent::of_run(run.parse().unwrap(), SystemClock.now(), EventBody::Logged(line))
    };
    let events = vec![line(hostile.to_owned()), line(hostile.repeat(1 << 13))];
    store.append(Batch { fence: None, events }).await.unwrap();
}

/// Stored pictures are shown in a sandbox, and data that isn't a picture isn't shown.
async fn pictures_run_nothing(served: &Served) {
    let page = served.page("/assets/work").await.1;
    let address = page.split("src=\"/images/").nth(1).unwrap().split('?').next().unwrap().to_owned();
    for (label, status, policy) in [("picture", 200, "sandbox"), ("document", 422, "default-src 'none'")] {
        let address = format!("{}/images/{address}?label={label}", served.server.url);
        let answer = served.client.get(address).send().await.unwrap();
        assert_eq!(answer.status(), status, "{label}");
        assert!(answer.headers()["content-security-policy"].to_str().unwrap().starts_with(policy), "{label}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    }
}

/// A browser runs the script: times are shown in the reader's words, and the policy refuses nothing.
#[tokio::test]
async fn a_browser_shows_it() {
    let Some(browser) = Browser::for_test() else { return };
    let home = Home::new();
    let served = Served::start(&home, None);
    let launched = served.post("/runs", "selection=work", &served.server.url).await;
    let run = launched.headers()["location"].to_str().unwrap().to_owned();
    served.ends(&run, "succeeded").await;
    let page = browser.open(&format!("{}{run}", served.server.url)).unwrap();
    page.wait_until("document.querySelector('[title^=\"20\"]') !== null").unwrap();
    assert_eq!(page.complaints(), Vec::<String>::new());
}
