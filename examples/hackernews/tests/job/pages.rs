//! The pages of the reference job in a real browser: the audit finds no violation, a configured run is launched and watched, and the
//! palette and the theme work by keyboard and click. If `SCREENSHOTS` names a folder, screenshots are left there.

use std::path::Path;

use crate::support::Home;
use millwork_browser::{Browser, Page, View};
use millwork_testing::PipelineServer;

const PAGES: [(&str, &str); 17] = [
    ("overview", "/"),
    ("assets", "/assets"),
    ("score", "/assets/comments_model_test_set_r_squared"),
    ("versions", "/assets/comments_model_test_set_r_squared?by=version"),
    ("model", "/assets/xgboost_comments_model"),
    ("stories", "/assets/hackernews_stories"),
    ("models", "/models"),
    ("champion", "/models/xgboost_comments_model"),
    ("compared", "/models/xgboost_comments_model/compare?a=1&b=2"),
    ("lineage", "/models/xgboost_comments_model/lineage?version=2"),
    ("graph", "/graph?q=%2Bxgboost_comments_model&asset=xgboost_comments_model"),
    ("runs", "/runs"),
    ("launch", "/launch?selection=*"),
    ("automation", "/automation"),
    ("why", "/automation/comments_model_test_set_r_squared"),
    ("deployment", "/deployment"),
    ("missing", "/assets/nothing"),
];

/// A page of a server in a tab of its own.
fn open(served: &PipelineServer, browser: &Browser, path: &str) -> Page {
    browser.open(&format!("{}{path}", served.url)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn findings(page: &Page, name: &str) -> Vec<String> {
    let mut found = page.audit_in_all_views().unwrap();
    found.extend(page.complaints());
    // The browser itself reports a page that doesn't exist.
    found.retain(|finding| !finding.contains("404 (Not Found)"));
    if let Some(folder) = std::env::var_os("SCREENSHOTS") {
        for view in View::ALL {
            page.look(view).unwrap();
            page.screenshot(&Path::new(&folder).join(format!("{name}-{}.png", view.name))).unwrap();
        }
        page.look(View::ALL[0]).unwrap();
    }
    found.into_iter().map(|finding| format!("{name}: {finding}")).collect()
}

#[test]
fn nothing_keeps_people_out_of_the_reference_job() {
    let Some(browser) = Browser::for_test() else { return };
    let home = Home::with_everything();
    for seed in 1..8 {
        home.succeeds(&format!("materialize --set training_test_data.seed={seed}"));
    }
    let served = home.serve("", &[]);
    let mut found = Vec::new();
    for (name, path) in PAGES {
        found.extend(findings(&open(&served, &browser, path), name));
    }
    let page = open(&served, &browser, "/runs");
    page.click("main tbody a").unwrap();
    page.wait_until("location.pathname.startsWith('/runs/') && document.readyState === 'complete'").unwrap();
    found.extend(findings(&page, "run"));
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_configured_run_is_launched_and_watched() {
    let Some(browser) = Browser::for_test() else { return };
    let home = Home::new();
    let served = home.serve("", &[]);
    let page = open(&served, &browser, "/launch");
    page.click("#selection").unwrap();
    page.write("+xgboost_comments_model").unwrap();
    page.wait_until("document.querySelector('[name=\"config:xgboost_comments_model:rounds\"]') !== null")
        .unwrap();
    page.click("[name=\"config:xgboost_comments_model:rounds\"]").unwrap();
    page.write("none").unwrap();
    page.click("form[action='/launch'][method=post] button.main").unwrap();
    page.wait_until(
        "document.querySelector('.field .problem')?.textContent === 'a whole number is expected'",
    )
    .unwrap();
    page.evaluate("document.querySelector('[name=\"config:xgboost_comments_model:rounds\"]').value = '3'")
        .unwrap();
    page.click("form[action='/launch'][method=post] button.main").unwrap();
    page.wait_until("location.pathname.startsWith('/runs/') && document.readyState === 'complete'").unwrap();
    page.evaluate("window.isTheSame = true").unwrap();
    page.wait_until("document.querySelector('h1 .state').textContent === 'succeeded'").unwrap();
    assert_eq!(page.evaluate("window.isTheSame").unwrap(), true, "the page was loaded again");
    let shown = home.json("asset show xgboost_comments_model --json");
    assert_eq!(shown["latest"][0]["materialization"]["body"]["metadata"]["rounds"]["value"], 3, "{shown}");
    // The browser itself reports the form that was refused.
    let complaints: Vec<String> =
        page.complaints().into_iter().filter(|complaint| !complaint.contains("422")).collect();
    assert_eq!(complaints, Vec::<String>::new());
}

#[test]
fn the_palette_and_the_theme() {
    let Some(browser) = Browser::for_test() else { return };
    let home = Home::new();
    let served = home.serve("", &[]);
    let page = open(&served, &browser, "/");
    page.press("Control+k").unwrap();
    page.wait_until("document.querySelector('#palette').open").unwrap();
    page.write("vectorizer").unwrap();
    page.wait_until("document.querySelector('#found a')?.textContent.startsWith('tfidf_vectorizer')")
        .unwrap();
    page.press("Enter").unwrap();
    page.wait_until("location.pathname === '/assets/tfidf_vectorizer' && document.readyState === 'complete'")
        .unwrap();
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = page.evaluate(ground).unwrap();
    page.click("#theme").unwrap();
    assert_ne!(page.evaluate(ground).unwrap(), light);
    // It stays for the next page.
    page.goto(&format!("{}/runs", served.url)).unwrap();
    assert_ne!(page.evaluate(ground).unwrap(), light);
    assert_eq!(page.complaints(), Vec::<String>::new());
}

/// On the graph a click shows an asset beside it, on an asset's page two values are compared, and steps of a run are rerun.
#[test]
fn pages_answer_clicks() {
    let Some(browser) = Browser::for_test() else { return };
    let home = Home::with_everything();
    home.succeeds("materialize --set training_test_data.seed=1");
    let served = home.serve("", &[]);
    let page = open(&served, &browser, "/graph");
    page.click("#graph-view a[href*='asset=xgboost_comments_model'] .card").unwrap();
    page.wait_until("document.querySelector('.panel h2')?.textContent === 'xgboost_comments_model'").unwrap();
    page.click("[title=Fold]").unwrap();
    page.wait_until(
        "[...document.querySelectorAll('#graph-view .kind')].some((kind) => kind.textContent === '3 assets')",
    )
    .unwrap();
    page.click("#q").unwrap();
    page.write("group:model").unwrap();
    page.wait_until("document.querySelectorAll('#graph-view .dimmed').length > 0").unwrap();
    page.goto(&format!("{}/assets/comments_model_test_set_r_squared", served.url)).unwrap();
    page.click("form[method=get] table + button, form[method=get] p button").unwrap();
    page.wait_until("document.readyState === 'complete' && location.search.includes('with=')").unwrap();
    assert!(page.text("main").unwrap().contains("Compared"));
    page.goto(&format!("{}/runs", served.url)).unwrap();
    page.click("main tbody a").unwrap();
    page.wait_until("location.pathname.startsWith('/runs/') && document.readyState === 'complete'").unwrap();
    page.click("[name=step][value=comments_model_test_set_r_squared]").unwrap();
    page.click("[name=which][value=these]").unwrap();
    page.wait_until("document.readyState === 'complete' && document.querySelector('h1 .state')?.textContent === 'succeeded' && document.querySelectorAll('input[name=step]').length === 2").unwrap();
    assert_eq!(page.complaints(), Vec::<String>::new());
}
