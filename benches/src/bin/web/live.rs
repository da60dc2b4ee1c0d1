//! Times live updates in a reader's browser: the bytes of a first load, and the delay until an event is on the screen, with many readers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use millwork_browser::{Browser, BrowserError};
use millwork_core::{Clock as _, SystemClock};
use reqwest::Client;
use serde_json::Value;

use crate::print;
use crate::served::Served;

/// The number of runs that are launched, one after the other.
const LAUNCHES: usize = 30;

/// Records when each run's link was first painted.
const WATCH: &str = "
  window.painted = {};
  const look = () => {
    for (const link of document.querySelectorAll('main a[href^=\"/runs/\"]')) window.painted[link.getAttribute('href')] ??= Date.now();
  };
  new MutationObserver(() => requestAnimationFrame(look)).observe(document.body, { childList: true, subtree: true });
  look();
";

/// The bytes of a first visit, with all resources.
pub(crate) async fn first_load(served: &Served) -> Result<()> {
    for path in ["/", "/runs", "/assets", "/graph"] {
        let browser = match Browser::start() {
            Err(BrowserError::NotFound) => {
                println!("what needs a browser is left out: {}", BrowserError::NotFound);
                return Ok(());
            }
            started => started?,
        };
        let page = browser.page()?;
        page.goto(&format!("{}{path}", served.url))?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let kilobytes = page.bytes_received() as f64 / 1e3;
        print(&format!("first load of {path}, everything"), &format!("{kilobytes:.1} KB"), "100 KB");
    }
    Ok(())
}

/// The delay until a requested run is delivered to readers, and is on the screen of one of them.
pub(crate) async fn event_to_screen(served: &Served, readers: usize) -> Result<()> {
    let delays: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let head = head(served).await?;
    let reading: Vec<_> =
        (0..readers).map(|_| tokio::spawn(read(served.url.clone(), head, delays.clone()))).collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let browser = Browser::start().ok();
    let page = browser.as_ref().map(Browser::page).transpose()?;
    if let Some(page) = &page {
        page.goto(&format!("{}/runs", served.url))?;
        page.evaluate(WATCH)?;
    }
    let mut painted = Vec::new();
    for _ in 0..LAUNCHES {
        let (run, asked_at) = launch(served).await?;
        if let Some(page) = &page {
            let link = format!("window.painted['/runs/{run}']");
            page.wait_until(&link)?;
            let at = page.evaluate(&link)?.as_f64().context("a moment")?;
            painted.push(Duration::from_secs_f64((at - asked_at.as_millisecond() as f64).max(0.0) / 1e3));
        }
        // The run ends meanwhile, and its events are on the way as well.
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    reading.iter().for_each(tokio::task::JoinHandle::abort);
    let mut delivered = delays.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let expected = readers * LAUNCHES;
    let what = format!("event to {readers} readers ({} of {expected} delivered)", delivered.len());
    print_delays(&what, &mut delivered, "-");
    print_delays(&format!("event to screen, beside {readers} readers"), &mut painted, "200 ms");
    Ok(())
}

fn print_delays(case: &str, delays: &mut [Duration], aim: &str) {
    delays.sort();
    let Some(last) = delays.len().checked_sub(1) else { return };
    let at = |share: f64| delays[(last as f64 * share) as usize].as_secs_f64() * 1e3;
    print(case, &format!("median {:.0} ms, p99 {:.0} ms", at(0.5), at(0.99)), aim);
}

async fn head(served: &Served) -> Result<u64> {
    let page = Client::new().get(format!("{}/runs", served.url)).header("accept", "text/html").send().await?;
    let page = page.text().await?;
    let after = page.split_once("data-after=\"").context("a page that follows")?.1;
    Ok(after.split('"').next().unwrap_or_default().parse()?)
}

/// Requests a run; returns its id and when it was recorded.
async fn launch(served: &Served) -> Result<(String, Timestamp)> {
    let request = Client::new().post(format!("{}/api/v1/runs", served.url));
    let asked_at = SystemClock.now();
    let answer = request
        .header("content-type", "application/json")
        .body(r#"{"selection": "users/raw_1"}"#)
        .send()
        .await?;
    let answer: Value = serde_json::from_str(&answer.text().await?)?;
    Ok((answer["run"].as_str().context("a run")?.to_owned(), asked_at))
}

/// Follows the events, and records how late it receives runs.
async fn read(url: String, after: u64, delays: Arc<Mutex<Vec<Duration>>>) -> Result<()> {
    let mut stream = Client::new().get(format!("{url}/api/v1/events/stream?after={after}")).send().await?;
    let mut rest = String::new();
    while let Some(chunk) = stream.chunk().await? {
        rest.push_str(&String::from_utf8_lossy(&chunk));
        while let Some((event, behind)) = rest.split_once("\n\n") {
            let data = event.lines().find_map(|line| line.strip_prefix("data:"));
            let told: Value = data.and_then(|data| serde_json::from_str(data).ok()).unwrap_or_default();
            if told["type"] == "run_queued" {
                let at: Timestamp = told["at"].as_str().context("a moment")?.parse()?;
                let late = SystemClock.now().duration_since(at).unsigned_abs();
                delays.lock().unwrap_or_else(PoisonError::into_inner).push(late);
            }
            rest = behind.to_owned();
        }
    }
    Ok(())
}
