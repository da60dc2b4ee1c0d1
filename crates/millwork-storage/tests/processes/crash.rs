//! Writes that were reported as done survive `kill -9`.

use std::collections::BTreeSet;

use millwork_core::event::Event;
use millwork_core::run::RunId;
use millwork_storage::{EventQuery, Home};

use crate::child::{Working, at};

#[tokio::test]
async fn nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 1..=3 {
        let mut child = Working::start(folder.path(), &format!("append {round}"));
        for _ in 0..200 {
            acknowledged.extend(numbers(&child.next().unwrap()));
        }
        child.kill();
        // Lines that it wrote and we haven't read yet.
        while let Some(line) = child.next() {
            acknowledged.extend(numbers(&line));
        }
        let home = Home::open(folder.path()).await.unwrap();
        let events = home.store().events(EventQuery::default()).await.unwrap();
        let found: BTreeSet<u64> = events.iter().map(|event| event.sequence).collect();
        assert!(acknowledged.is_subset(&found), "round {round}");
        assert!(steps(&events).is_multiple_of(2), "batches are whole");
        let lost = home.recover(at(1)).await.unwrap();
        assert_eq!(lost.iter().map(|run| run.id).collect::<Vec<_>>(), [RunId::from_u128(round)]);
        home.store().close().await;
    }
}

fn numbers(line: &str) -> Vec<u64> {
    line.split(' ').map(|number| number.parse().unwrap()).collect()
}

fn steps(events: &[Event]) -> usize {
    events.iter().filter(|event| event.step.is_some()).count()
}
