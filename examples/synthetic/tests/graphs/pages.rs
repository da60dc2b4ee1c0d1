//! The pages in a real browser, on a store with 2,000 assets and 10,000 runs: the audit finds no violation, no page reports an error, and a
//! run that is launched by a click is watched to its end.

use std::process::Command;

use millwork_browser::{Browser, Page, View};
use millwork_core::run::RunId;
use millwork_core::{Clock as _, SystemClock};
use millwork_storage::Home;
use millwork_testing::PipelineServer;
use synthetic::{Past, Shape};
use tempfile::TempDir;

const ASSETS: usize = 2_000;
const RUNS: usize = 10_000;
/// Few: the subject are the pages, and a debug build writes the events slowly.
const EVENTS: usize = 100_000;

/// A server on a store that is filled.
struct Served {
    server: PipelineServer,
    largest: RunId,
    failed: RunId,
    _folder: TempDir,
}

impl Served {
    fn start() -> Self {
        let folder = millwork_testing::folder();
        let pipeline = Shape::Catalog(ASSETS).definitions().resolve().unwrap();
        let filled = tokio::runtime::Runtime::new().unwrap().block_on(async {
            let home = Home::open(folder.path()).await.unwrap();
            let past = Past::month_until(SystemClock.now(), RUNS, EVENTS);
            let filled = past.fill(&home, &pipeline).await.unwrap();
            home.store().close().await;
            filled
        });
        let mut command = Command::new(env!("CARGO_BIN_EXE_synthetic"));
        command.args(["serve", "--address", "127.0.0.1:0"]);
        command.env("SYNTHETIC_GRAPH", format!("catalog:{ASSETS}"));
        command.env("MILLWORK_HOME", folder.path()).env_remove("MILLWORK_TOKEN");
        let server = PipelineServer::start(command);
        let (largest, failed) = (filled.largest.unwrap(), filled.failed.unwrap());
        Self { server, largest, failed, _folder: folder }
    }

    /// A page in a tab of its own.
    fn open(&self, browser: &Browser, path: &str) -> Page {
        let url = format!("{}{path}", self.server.url);
        browser.open(&url).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

/// The violations of a page, in every view; if `SCREENSHOTS` names a folder, screenshots are left there.
fn findings(page: &Page, path: &str) -> Vec<String> {
    let mut found = page.audit_in_all_views().unwrap();
    found.extend(page.complaints());
    if let Some(folder) = std::env::var_os("SCREENSHOTS") {
        let name = path.trim_start_matches('/').replace(|char: char| !char.is_ascii_alphanumeric(), "-");
        for view in View::ALL {
            page.look(view).unwrap();
            let file = format!("synthetic-{name}-{}.png", view.name);
            page.screenshot(&std::path::Path::new(&folder).join(file)).unwrap();
        }
    }
    found.into_iter().map(|finding| format!("{path}: {finding}")).collect()
}

#[test]
fn nothing_keeps_people_out_and_a_click_launches_a_run() {
    let Some(browser) = Browser::for_test() else { return };
    let served = Served::start();
    let run = |run: RunId| format!("/runs/{run}");
    let paths = [
        "/".to_owned(),
        "/assets".to_owned(),
        "/assets?q=group%3Apayments".to_owned(),
        "/assets/payments/model_3".to_owned(),
        "/assets/payments/score_1".to_owned(),
        "/assets/orders/clean_0".to_owned(),
        "/graph".to_owned(),
        "/graph?q=2%2Bpayments%2Fmodel_3%2B2".to_owned(),
        "/runs".to_owned(),
        "/runs?status=failed".to_owned(),
        run(served.largest),
        run(served.failed),
        "/automation".to_owned(),
        "/launch".to_owned(),
        "/deployment".to_owned(),
        "/nothing".to_owned(),
    ];
    let mut found = Vec::new();
    for path in &paths {
        found.extend(findings(&served.open(&browser, path), path));
    }
    // The browser itself reports a page that doesn't exist.
    found.retain(|finding| !finding.contains("404 (Not Found)"));
    launched_by_a_click(&served, &browser);
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
}

/// Launches two groups by the form of the overview and watches the run without a reload.
fn launched_by_a_click(served: &Served, browser: &Browser) {
    let page = served.open(browser, "/");
    page.click("main form[action='/runs'] input[name=selection]").unwrap();
    page.write("group:users or group:stories").unwrap();
    page.click("main form[action='/runs'] button").unwrap();
    page.wait_until("location.pathname.startsWith('/runs/') && document.readyState === 'complete'").unwrap();
    page.evaluate("window.isTheSame = true; window.seen = new Set()").unwrap();
    let state = "document.querySelector('h1 .state').textContent";
    let note = format!(
        "window.seen.add(document.querySelectorAll('main tbody tr').length), {state} === 'succeeded'"
    );
    page.wait_until(&note).unwrap();
    assert_eq!(page.evaluate("window.isTheSame").unwrap(), true, "the page was loaded again");
    let states = page.evaluate("window.seen.size").unwrap().as_u64().unwrap();
    assert!(states >= 3, "the page showed {states} states of the run");
    assert_eq!(page.complaints(), Vec::<String>::new());
}
