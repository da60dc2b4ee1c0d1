//! Alerts of freshness, by a virtual clock.

use jiff::SignedDuration;
use millwork_core::alert::{AlertRule, Destination, Trigger};
use millwork_core::event::{Materialization, Provenance, StoredValue, ValueLocation};
use millwork_core::partition::{daily, fixed};
use millwork_core::{AssetDefinition, AssetPartition, Definitions, Freshness, FreshnessPolicy, PartitionKey};

use super::*;
use crate::model_bench::ModelBench;

const HOUR: u64 = 3_600;

/// Days by country since 29 April, of which each is to be there six hours after its end, and an asset that is never older than a day.
fn definitions() -> Definitions {
    let asset = |key: &str, policy: FreshnessPolicy| {
        let definition = AssetDefinition::new(key).produces::<u32, _>().blocking(|_| Ok(1_u32));
        definition.describe(|spec| spec.freshness = Some(policy))
    };
    let hours = |hours: u64| Duration::from_secs(hours * HOUR);
    let sales = asset("sales", FreshnessPolicy::latest_window(hours(6), Some(hours(2))));
    let crossed = daily("UTC").from("2026-04-29").by(fixed(["de", "fr"]).named("country"));
    let rates = asset("rates", FreshnessPolicy::time_window(hours(24), None));
    let rule = AlertRule::new("fresh").when(Trigger::NotFresh(Freshness::Fail));
    Definitions::new()
        .asset(sales.partitions(crossed))
        .asset(rates)
        .alert(rule.to(Destination::command(["true"])))
}

struct Bench {
    bench: ModelBench,
    alerts: Alerts,
    seen: usize,
}

impl Bench {
    /// At midnight before 1 May.
    async fn new(folder: &std::path::Path) -> Self {
        let bench = ModelBench::new(folder, definitions()).await;
        let mut alerts = bench.daemon.alerts();
        alerts.begin().await.expect("a beginning");
        Self { bench, alerts, seen: 0 }
    }

    async fn makes(&self, asset: &str, partition: Option<&str>) {
        let graph = self.bench.daemon.pipeline.graph();
        let index = graph.index(asset).expect("an asset");
        let moment = millwork_core::KeyMoment::at(self.bench.clock.now());
        let key = |label: &str| -> PartitionKey {
            graph.key_space(index, &moment).partition_key(&label.into()).expect("a key")
        };
        let body = EventBody::Materialized(Materialization {
            version: None,
            data_version: "d".into(),
            provenance: Provenance::reported(),
            stored: StoredValue {
                location: ValueLocation::Elsewhere,
                bytes: 0,
                format: String::new(),
                hash: None,
            },
            metadata: Default::default(),
        });
        self.bench.record(&AssetPartition::new(asset.into(), partition.map(key)), body, None).await;
    }

    /// Hours pass, and the loop ticks twice: what was said is not said again.
    async fn check(&mut self, hours: i64, expected: &[&str]) {
        self.bench.clock.advance(SignedDuration::from_hours(hours));
        for _ in 0..2 {
            self.alerts.tick().await.expect("a tick");
            self.bench.clock.advance(SignedDuration::from_secs(1));
        }
        let deliveries = self.bench.daemon.store.deliveries(None, 99).await.expect("deliveries");
        let mut new: Vec<_> =
            deliveries.iter().rev().skip(self.seen).map(|delivery| &delivery.alert).collect();
        new.sort_by_key(|alert| alert.at);
        let words: Vec<String> = new
            .iter()
            .map(|alert| format!("{} {}; {}", alert.at.strftime("%d %H"), alert.title, alert.text))
            .collect();
        assert_eq!(words.len(), expected.len(), "{words:?}");
        for (found, expected) in words.iter().zip(expected) {
            assert!(expected.split(" … ").all(|part| found.contains(part)), "{found}");
        }
        self.seen = deliveries.len();
    }
}

#[tokio::test]
async fn each_window_that_is_late_alerts_once() {
    let folder = millwork_testing::folder();
    let mut bench = Bench::new(folder.path()).await;
    bench.makes("rates", None).await;
    // The window of 29 April ended a day ago.
    bench
        .check(
            0,
            &["01 00 `sales` is not fresh … The window `2026-04-29` isn't complete. … within 6h of its end"],
        )
        .await;
    bench.makes("sales", Some("2026-04-29|de")).await;
    bench.check(1, &[]).await;
    bench.makes("sales", Some("2026-04-29|fr")).await;
    bench.check(1, &["01 02 Over: freshness fails, `sales`"]).await;
    bench.makes("sales", Some("2026-04-30|fr")).await;
    bench.check(3, &[]).await;
    // The next one becomes late by itself.
    bench.check(2, &["01 07 `sales` is not fresh … The window `2026-04-30` isn't complete."]).await;
    bench.check(12, &[]).await;
    bench.makes("sales", Some("2026-04-30|de")).await;
    bench.check(1, &["01 20 Over: freshness fails, `sales`"]).await;
    bench.makes("sales", Some("2026-04-30|de")).await;
    bench.check(8, &["02 04 `rates` is not fresh … It was last materialized 2026-05-01 00:00"]).await;
    // A daemon that begins now doesn't say it again.
    bench.alerts = bench.bench.daemon.alerts();
    bench.check(1, &[]).await;
}
