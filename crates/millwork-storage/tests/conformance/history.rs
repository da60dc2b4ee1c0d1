//! The materializations of an asset by their configuration.

use std::sync::Arc;

use millwork_core::RecordedConfig;
use millwork_core::event::EventBody;
use millwork_storage::{HistoryQuery, Store, history};
use serde_json::json;

use crate::backend::Backend;
use crate::samples::{append, create, materialized, of_step};

/// More than are read at a time.
const MADE: u64 = 450;

fn made_with(rounds: Option<u64>) -> EventBody {
    let mut body = materialized("d");
    if let EventBody::Materialized(made) = &mut body {
        made.provenance.config = rounds.map(|rounds| {
            Arc::new(RecordedConfig { effective: json!({ "rounds": rounds }), standing: None })
        });
    }
    body
}

async fn found(store: &dyn Store, filters: &[&str], change: impl FnOnce(&mut HistoryQuery)) -> Vec<u64> {
    let config = filters.iter().map(|filter| filter.parse().unwrap()).collect();
    let mut query = HistoryQuery { asset: "a".into(), partition: None, config, before: None, limit: 1_000 };
    change(&mut query);
    history(store, &query).await.unwrap().iter().map(|event| event.sequence).collect()
}

pub(crate) async fn by_configuration(store: Backend) {
    let store = &*store;
    let run = create(store, 1, &[]).await;
    let event = |number: u64| {
        let partition = number.is_multiple_of(2).then_some("even");
        of_step(run, "a", partition, made_with((!number.is_multiple_of(150)).then_some(number % 100)))
    };
    let mut numbers = Vec::new();
    for batch in (0..MADE).collect::<Vec<_>>().chunks(100) {
        numbers.extend(append(store, batch.iter().copied().map(event).collect()).await);
    }
    append(store, vec![of_step(run, "b", None, made_with(Some(7)))]).await;
    let newest_first = |wanted: &[usize]| wanted.iter().map(|number| numbers[*number]).collect::<Vec<_>>();
    assert_eq!(found(store, &["rounds=7"], |_| ()).await, newest_first(&[407, 307, 207, 107, 7]));
    assert_eq!(found(store, &["rounds=7"], |query| query.limit = 2).await, newest_first(&[407, 307]));
    assert_eq!(found(store, &["rounds=7"], |query| query.limit = 0).await, newest_first(&[]));
    let before = numbers[307];
    let older = found(store, &["rounds=7"], |query| query.before = Some(before)).await;
    assert_eq!(older, newest_first(&[207, 107, 7]));
    assert_eq!(found(store, &["rounds=7", "rounds=8"], |_| ()).await, newest_first(&[]));
    let even = |query: &mut HistoryQuery| query.partition = Some(Some("even".into()));
    assert_eq!(found(store, &["rounds=7"], even).await, newest_first(&[]));
    assert_eq!(found(store, &["rounds=8.0"], even).await, newest_first(&[408, 308, 208, 108, 8]));
    // Number 0 has no configuration, nor has 300.
    assert_eq!(found(store, &["rounds=0"], |_| ()).await, newest_first(&[400, 200, 100]));
    assert_eq!(found(store, &[], |query| query.limit = 3).await, newest_first(&[449, 448, 447]));
}
