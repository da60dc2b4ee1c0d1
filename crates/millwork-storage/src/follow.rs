//! Follows the log for events of some kinds.

use millwork_core::event::{Event, KindSet};

use crate::{EventLog, EventQuery, StorageError};

/// The number of other events after which a follower's position is moved although it has found none: it would read the same events again
/// and again.
const FAR_BEHIND: u64 = 5_000;

/// The result of reading on in the log.
#[derive(Clone, Debug)]
pub struct Followed {
    /// The events, oldest first.
    pub events: Vec<Event>,
    /// The sequence number behind which to read on. It changes when an event was found, and now and then when none was, so that a follower
    /// that stores it seldom has to write.
    pub behind: u64,
}

/// The next events of these kinds behind a sequence number, at most `limit`.
pub async fn follow(
    log: &dyn EventLog,
    behind: u64,
    kinds: KindSet,
    limit: u32,
) -> Result<Followed, StorageError> {
    // Read first, so that everything that is committed in between lies behind it.
    let head = log.head().await?;
    let query =
        EventQuery { kinds: Some(kinds), after: Some(behind), limit: Some(limit), ..EventQuery::default() };
    let events = log.events(query).await?;
    let found = events.last().map_or(behind, |event| event.sequence);
    let is_all = events.len() < limit as usize;
    let behind = if is_all && head > found + FAR_BEHIND { head } else { found };
    Ok(Followed { events, behind })
}

#[cfg(test)]
mod tests {
    use millwork_core::event::{EventBody, EventKind, NewEvent};
    use millwork_core::run::RunId;

    use super::*;
    use crate::{Batch, MemoryStore, NewRun, RunStore as _};

    /// Follows canceled runs in a log of `others` other events behind one.
    async fn check(others: u64, limit: u32, found: usize, behind: u64) {
        let store = MemoryStore::new();
        let (id, at) = (RunId::from_u128(1), jiff::Timestamp::UNIX_EPOCH);
        store.create_run(NewRun { id, request: Default::default(), at, lease: None }).await.expect("a run");
        let of_run = |body| NewEvent::of_run(id, at, body);
        let mut events = vec![of_run(EventBody::RunCanceling); 2];
        events.extend((0..others).map(|_| of_run(EventBody::StepStarted)));
        store.append(Batch { fence: None, events }).await.expect("events");
        let followed = follow(&store, 1, EventKind::RunCanceling.into(), limit).await.expect("a look");
        assert_eq!((followed.events.len(), followed.behind), (found, behind));
    }

    #[tokio::test]
    async fn it_stays_where_something_was_found_until_that_is_far_behind() {
        check(0, 9, 2, 3).await;
        check(FAR_BEHIND, 9, 2, 3).await;
        check(FAR_BEHIND + 1, 9, 2, FAR_BEHIND + 4).await;
        // There may be more of them.
        check(FAR_BEHIND + 1, 2, 2, 3).await;
        check(FAR_BEHIND + 1, 1, 1, 2).await;
    }
}
