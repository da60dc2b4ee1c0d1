//! `tracing` events of steps land in their run's log. The subscriber is the process's own, hence a binary of its own.

#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

#[path = "support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test binary uses a part of it")]
mod support;

use std::sync::{Arc, Mutex};

use millwork_engine::LogLayer;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use support::*;

/// A layer of another library: it records which levels it received.
#[derive(Clone, Default)]
struct Levels(Arc<Mutex<Vec<Level>>>);

impl<S: Subscriber> Layer<S> for Levels {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "elsewhere" {
            self.0.lock().unwrap().push(*event.metadata().level());
        }
    }
}

#[tokio::test]
async fn events_of_steps() {
    let levels = Levels::default();
    tracing_subscriber::registry().with(levels.clone()).with(LogLayer::new(Level::INFO)).init();
    let blocking = number("blocking").blocking(|_| {
        let error = std::io::Error::other(refused());
        let error: &(dyn std::error::Error + 'static) = &error;
        tracing::warn!(target: "api", retries = 3, ratio = 0.5, ok = false, who = "me", error, "slow {}", "answer");
        tracing::debug!("not loud enough");
        tracing::info!(value = ?Some(1), "debugged");
        Ok(1_u64)
    });
    let asynchronous = number("asynchronous").non_blocking(|_| async {
        tracing::info!(target: "api", "before");
        tokio::task::yield_now().await;
        tracing::info!(target: "api", "after");
        Ok(2_u64)
    });
    let other = number("other").non_blocking(|_| async {
        for _ in 0..3 {
            tracing::info!(target: "api", "from the other");
            tokio::task::yield_now().await;
        }
        Ok(3_u64)
    });
    tracing::info!("outside of any step");
    tracing::debug!(target: "elsewhere", "for another layer");
    let scenario = Scenario::of([blocking, asynchronous, other]).max_parallel_steps(3);
    let told = scenario.run().await;
    let mut lines: Vec<&str> = told.lines().filter(|line| line.contains("logged")).collect();
    lines.sort_by_key(|line| line.split(' ').next());
    insta::assert_snapshot!(lines.join("\n"), @r#"
    asynchronous/1 logged INFO api: before
    asynchronous/1 logged INFO api: after
    blocking/1 logged WARN api: slow answer error="the API did not answer: connection refused" ok=false ratio=0.5 retries=3 who="me"
    blocking/1 logged INFO tracing: debugged value="Some(1)"
    other/1 logged INFO api: from the other
    other/1 logged INFO api: from the other
    other/1 logged INFO api: from the other
    "#);
    assert_eq!(*levels.0.lock().unwrap(), [Level::DEBUG], "the layer turns nothing off for others");
}
