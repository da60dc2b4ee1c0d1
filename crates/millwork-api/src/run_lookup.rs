//! Finding a run by its id, or by the beginning or the end of its id.
//!
//! Commands and pages show the end of an id, [`RunId::short`]. Ids of runs that were requested within a minute begin alike, so the end of
//! one id may be the beginning of others. In that case the run whose short form it is takes precedence.

use std::borrow::Cow;

use millwork_core::run::RunId;
use millwork_core::{Advice, ErrorClass};
use millwork_storage::{RunQuery, RunRecord, StorageError, Store};

/// Why a run can't be found by its id.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// No run has this id.
    #[error("no run is called `{id}`")]
    Unknown {
        /// The id, or the part of one, that was looked up.
        id: String,
    },
    /// Several runs have ids that begin or end like this, and the short form of one run doesn't decide.
    #[error("several runs are called `{id}`")]
    Ambiguous {
        /// The part of an id that was looked up.
        id: String,
    },
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StorageError),
}

impl Advice for LookupError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unknown { .. } => Some("`runs list` lists all runs".into()),
            Self::Ambiguous { .. } => Some("write more of the id".into()),
            Self::Store(error) => error.hint(),
        }
    }

    fn class(&self) -> ErrorClass {
        match self {
            Self::Unknown { .. } | Self::Ambiguous { .. } => ErrorClass::Usage,
            Self::Store(error) => error.class(),
        }
    }
}

/// The run whose id begins or ends with `id`, with or without hyphens and in either case. An empty text names no run.
///
/// # Errors
///
/// If no run or several runs match, or the store can't be read.
pub async fn find_run(store: &dyn Store, id: &str) -> Result<RunRecord, LookupError> {
    let like = |limit| RunQuery { id_part: Some(id.to_owned()), limit, ..RunQuery::default() };
    let mut found = store.runs(like(Some(2))).await?;
    if found.len() > 1 {
        found = store.runs(like(None)).await?;
        found.retain(|run| is_shown(run.id, id));
    } else if found.is_empty() {
        return Err(LookupError::Unknown { id: id.to_owned() });
    }
    match <[RunRecord; 1]>::try_from(found) {
        Ok([run]) => Ok(run),
        Err(_) => Err(LookupError::Ambiguous { id: id.to_owned() }),
    }
}

fn is_shown(run: RunId, id: &str) -> bool {
    run.short().eq_ignore_ascii_case(id)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use millwork_core::run::RunRequest;
    use millwork_storage::{MemoryStore, NewRun};

    use super::*;

    async fn check(ids: &[u128], written: &str, expected: Result<u128, &str>) {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        for id in ids {
            let (id, at) = (RunId::from_u128(*id), Timestamp::UNIX_EPOCH);
            let run = NewRun { id, request: RunRequest::default(), at, lease: None };
            store.create_run(run).await.expect("a run");
        }
        let found = find_run(&*store, written).await.map(|run| run.id).map_err(|error| error.to_string());
        assert_eq!(found, expected.map(RunId::from_u128).map_err(str::to_owned), "{written}");
    }

    #[tokio::test]
    async fn what_is_shown_of_a_run_finds_it() {
        let (one, other) =
            (0x01a2_0769_0000_7000_8000_0000_3f9c_2a10, 0x3f9c_2a10_0000_7000_8000_0000_0000_0001);
        check(&[one, other], "3f9c2a10", Ok(one)).await;
        check(&[one, other], "3F9C2A10", Ok(one)).await;
        check(&[one, other], "3f9c2a1", Ok(other)).await;
        check(&[one, other], "3f9c", Ok(other)).await;
        check(&[one, other], "01a20769-0000", Ok(one)).await;
        for nothing in ["", "-", "----"] {
            let unknown = format!("no run is called `{nothing}`");
            check(&[one], nothing, Err(&unknown)).await;
            check(&[one, other], nothing, Err(&unknown)).await;
        }
        check(&[one, other], "77", Err("no run is called `77`")).await;
        let beside = other + 1;
        check(&[other, beside], "3f9c2a10", Err("several runs are called `3f9c2a10`")).await;
        check(&[other, beside, one], "3f9c2a10", Ok(one)).await;
        let twin = one + (1 << 64);
        check(&[one, twin], "3f9c2a10", Err("several runs are called `3f9c2a10`")).await;
        check(&[one, twin], "2a10", Err("several runs are called `2a10`")).await;
    }
}
