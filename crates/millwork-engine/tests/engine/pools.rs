//! Concurrency pools.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use millwork_core::{AssetDefinition, BoxError, Definitions};
use millwork_engine::Cancel;
use tokio::sync::Semaphore;

use crate::support::*;

/// Counts how many of it run at the same time.
fn counted(key: &str, inside: &Arc<AtomicUsize>, most: &Arc<AtomicUsize>) -> AssetDefinition {
    let (inside, most) = (inside.clone(), most.clone());
    let definition = number(key).non_blocking(move |step| {
        let (inside, most) = (inside.clone(), most.clone());
        async move {
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            inside.fetch_sub(1, Ordering::SeqCst);
            match step.step().as_str().bytes().last() {
                Some(b'3') => Err(BoxError::from("failed")),
                Some(b'5') => panic!("panicked"),
                _ => Ok(1_u64),
            }
        }
    });
    definition.pool("api")
}

/// Two runs at once share the pool; failures and panics give their slot back.
#[tokio::test(start_paused = true)]
async fn no_more_at_a_time_than_slots() {
    for slots in [1, 2] {
        let (inside, most) = (Arc::default(), Arc::default());
        let steps = (0..20).map(|index| counted(&format!("step_{index:02}"), &inside, &most));
        let scenario =
            Scenario::new(Definitions::new().assets(steps).pool("api", slots)).max_parallel_steps(8);
        let store = Faulty::new(scenario.store.clone());
        let scenario = scenario.in_store(store.clone());
        let (first, second) = (scenario.queued().await, scenario.queued().await);
        let running = [
            scenario.spawn(first, &Cancel::default()),
            scenario.in_another_process().spawn(second, &Cancel::default()),
        ];
        for running in running {
            let outcome = running.await.unwrap().unwrap();
            assert_eq!(outcome.count(millwork_core::run::StepStatus::Succeeded), 16);
        }
        assert_eq!(most.load(Ordering::SeqCst), slots as usize);
        assert_eq!(store.slots_held(), 0);
    }
}

/// Steps outside of a pool that is full go on: the one in the pool ends when all others have.
#[tokio::test(start_paused = true)]
async fn a_full_pool_holds_nothing_else_up() {
    let free = Arc::new(Semaphore::new(0));
    let all = free.clone();
    let first = number("pooled").non_blocking(move |_| {
        let all = all.clone();
        async move {
            all.acquire_many(10).await?.forget();
            Ok(1_u64)
        }
    });
    let waiting = (0..10).map(|index| constant(&format!("pooled_{index}"), 1));
    let pooled = waiting.chain([first]).map(|definition| definition.pool("api"));
    let others = (0..10).map(|index| {
        let free = free.clone();
        number(&format!("free_{index}")).blocking(move |_| {
            free.add_permits(1);
            Ok(1_u64)
        })
    });
    let scenario = Scenario::new(Definitions::new().assets(pooled).assets(others)).max_parallel_steps(2);
    let running = tokio::time::timeout(Duration::from_secs(300), scenario.run());
    assert!(running.await.unwrap().ends_with("run succeeded\n"));
}
