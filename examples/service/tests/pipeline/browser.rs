//! The pages of a pipeline that misbehaves, in a real browser: the audit finds no violation, and a run that is launched by clicking is
//! watched to its end live.

use crate::support::{Home, PipelineServer};
use millwork_browser::{Browser, Page};

const PAGES: [&str; 13] = [
    "/",
    "/assets",
    "/assets?q=group:work",
    "/assets/work",
    "/assets/hungry",
    "/graph",
    "/graph?q=%2Bafter_work",
    "/runs",
    "/runs?status=lost",
    "/automation",
    "/launch",
    "/deployment",
    "/nothing",
];

struct Served {
    server: PipelineServer,
    browser: Browser,
}

impl Served {
    /// `None` if no browser is installed.
    fn start(home: &Home) -> Option<Self> {
        let browser = Browser::for_test()?;
        Some(Self { server: home.serve("", &[]), browser })
    }

    /// A page in a tab of its own.
    fn open(&self, path: &str) -> Page {
        let url = format!("{}{path}", self.server.url);
        self.browser.open(&url).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn findings(&self, path: &str) -> Vec<String> {
        let page = self.open(path);
        let found = page.audit_in_all_views().unwrap().into_iter().chain(page.complaints());
        // The browser itself reports a page that doesn't exist.
        let found = found.filter(|finding| !finding.contains("404 (Not Found)"));
        found.map(|finding| format!("{path}: {finding}")).collect()
    }
}

/// Launches a selection by the form of the overview; the page is that of the run, and is marked so that a reload shows.
fn launched_by_a_click(served: &Served, selection: &str) -> Page {
    let page = served.open("/");
    page.click("main form[action='/runs'] input[name=selection]").unwrap();
    page.write(selection).unwrap();
    page.click("main form[action='/runs'] button").unwrap();
    page.wait_until("location.pathname.startsWith('/runs/') && document.readyState === 'complete'").unwrap();
    page.evaluate("window.isTheSame = true").unwrap();
    page
}

/// Waits until the page of a run shows a status, without having been loaded again.
fn check_becomes(page: &Page, status: &str) {
    page.wait_until(&format!("document.querySelector('h1 .state').textContent === '{status}'")).unwrap();
    assert_eq!(page.evaluate("window.isTheSame").unwrap(), true, "the page was loaded again");
}

#[test]
fn nothing_keeps_people_out() {
    let home = Home::new();
    let Some(served) = Served::start(&home) else { return };
    let mut found: Vec<String> = PAGES.iter().flat_map(|path| served.findings(path)).collect();
    let runs = ["work", "waits_for_a_process", "work+"].map(|selection| {
        let run = home.queue(selection);
        home.becomes(&run, if selection == "waits_for_a_process" { "failed" } else { "succeeded" });
        format!("/runs/{run}")
    });
    let paths = PAGES.iter().copied().chain(runs.iter().map(String::as_str));
    found.extend(paths.flat_map(|path| served.findings(path)));
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
}

#[test]
fn runs_are_watched_to_their_end() {
    let home = Home::new();
    let Some(served) = Served::start(&home) else { return };
    let page = launched_by_a_click(&served, "hungry");
    check_becomes(&page, "succeeded");
    let page = launched_by_a_click(&served, "waits_for_a_process");
    check_becomes(&page, "running");
    check_becomes(&page, "failed");
    assert!(page.text("main").unwrap().contains("waits_for_a_process"));
    assert_eq!(page.complaints(), Vec::<String>::new());
}

/// A run that never ends is stopped by the button of its page.
#[test]
fn a_run_is_canceled_by_a_click() {
    let home = Home::new();
    let Some(served) = Served::start(&home) else { return };
    let run = home.queue("work --set work.millis=600000");
    home.becomes(&run, "running");
    let page = served.open(&format!("/runs/{run}"));
    page.click("main button[formaction$='/cancel']").unwrap();
    page.wait_until("document.readyState === 'complete'").unwrap();
    page.wait_until("document.querySelector('h1 .state').textContent === 'canceled'").unwrap();
}

/// A browser opens six connections to a server: neither abandoned pages nor parallel tabs may occupy them all.
#[test]
fn many_pages_in_a_row_and_at_once_are_answered() {
    let home = Home::new();
    let Some(served) = Served::start(&home) else { return };
    let page = served.open("/");
    for path in PAGES {
        page.goto(&format!("{}{path}", served.server.url))
            .unwrap_or_else(|error| panic!("{path} in a row: {error}"));
    }
    let tabs: Vec<Page> = (0..10).map(|_| served.open("/runs")).collect();
    assert!(tabs.iter().all(|tab| tab.text("h1").unwrap() == "Runs"));
}
