//! Times each page, from the request to its last byte.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use millwork_core::run::RunId;
use reqwest::{Client, StatusCode};

use crate::served::Served;

/// The limits of every page: milliseconds, median and 99th percentile.
const AIM: (f64, f64) = (10.0, 50.0);

/// Requests every page repeatedly, one request after the other.
pub(crate) async fn time(served: &Served, largest: RunId, requests: usize) -> Result<()> {
    let run = format!("/runs/{largest}");
    let pages = [
        ("/", "/"),
        ("/assets", "/assets"),
        ("/assets?q=… (a group)", "/assets?q=group%3Apayments"),
        ("/assets?q=… (a word)", "/assets?q=model"),
        ("/assets/KEY (a model)", "/assets/payments/model_3"),
        ("/assets/KEY (30 partitions)", "/assets/orders/clean_0"),
        ("/graph", "/graph"),
        ("/graph?q=… (a neighbourhood)", "/graph?q=2%2Bpayments%2Fmodel_3%2B2"),
        ("/graph.svg", "/graph.svg"),
        ("/runs", "/runs"),
        ("/runs?status=failed", "/runs?status=failed"),
        ("/runs/ID (every asset)", run.as_str()),
        ("/automation", "/automation"),
        ("/launch", "/launch"),
        ("/deployment", "/deployment"),
    ];
    println!("{:32} {:>10} {:>10} {:>9}   aim {} ms, {} ms", "page", "median", "p99", "KB", AIM.0, AIM.1);
    let client = Client::new();
    for (name, path) in pages {
        let mut times = Vec::with_capacity(requests);
        let url = format!("{}{path}", served.url);
        let (status, bytes, _) = ask(&client, &url).await?;
        if status == StatusCode::NOT_FOUND {
            println!("{name:32} {:>10}", "missing");
            continue;
        }
        for _ in 0..requests.max(1) {
            let (status, _, took) = ask(&client, &url).await?;
            ensure!(status == StatusCode::OK, "{path} answers {status}");
            times.push(took);
        }
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        let (median, p99) = (at(0.5), at(0.99));
        let missed = if median > AIM.0 || p99 > AIM.1 { "missed" } else { "" };
        println!("{name:32} {median:>7.1} ms {p99:>7.1} ms {:>9.1}   {missed}", bytes as f64 / 1e3);
    }
    println!();
    Ok(())
}

async fn ask(client: &Client, url: &str) -> Result<(StatusCode, usize, Duration)> {
    let began = Instant::now();
    let answer = client.get(url).header("accept", "text/html").send().await?;
    let (status, body) = (answer.status(), answer.bytes().await?);
    Ok((status, body.len(), began.elapsed()))
}
