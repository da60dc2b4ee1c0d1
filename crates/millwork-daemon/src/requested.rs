//! What a loop requests because something is due: a run, or a backfill where one run can't make it.

use jiff::Timestamp;
use millwork_core::Pipeline;
use millwork_core::advice::Advice as _;
use millwork_core::definitions::{DueWork, PlannedBackfill};
use millwork_core::run::{RunId, RunRequest, RunSpec};
use millwork_storage::{NewBackfill, NewRun, StorageError, Store, key_moment, plan_backfill};

/// What is requested.
pub(crate) enum Requested {
    Run(Box<NewRun>),
    Backfill(Box<NewBackfill>),
    /// Nothing, for a reason.
    Nothing(String),
}

/// The run or the backfill, or why it can't be requested. What was due earlier makes the partitions that were the latest then.
pub(crate) async fn requested(
    store: &dyn Store,
    pipeline: &Pipeline,
    run: &RunSpec,
    (due, now): (Option<Timestamp>, Timestamp),
    tagged: impl Fn(RunRequest) -> RunRequest,
) -> Result<Result<Requested, String>, StorageError> {
    let at = due.unwrap_or(now);
    let moment = key_moment(store, pipeline.graph(), at).await?;
    let backfill = match run.clone().resolve_due(pipeline, &moment) {
        Ok(DueWork::Backfill(backfill)) => backfill,
        Ok(DueWork::Run(request)) => {
            let request = tagged(request.queued());
            let run = NewRun { id: RunId::new(now), request, at: now, lease: None };
            return Ok(Ok(Requested::Run(run.into())));
        }
        Err(error) => return Ok(Err(error.one_line())),
    };
    Ok(match plan_backfill(store, pipeline, backfill, at).await? {
        Ok(PlannedBackfill { request, plan }) => {
            let request = tagged(request);
            Ok(Requested::Backfill(Box::new(NewBackfill { request, plan, at: now })))
        }
        Err(error) if run.stale_only => Ok(Requested::Nothing(error.one_line())),
        Err(error) => Err(error.one_line()),
    })
}
