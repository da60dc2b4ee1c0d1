//! Creating runs, and changing who executes them.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::event::{EventBody, NewEvent};
use millwork_core::run::{RunId, RunStatus};
use millwork_core::stored::stored_json;

use super::change::{Change, ChangeError};
use super::transaction::Transaction;
use crate::micros::to_micros;
use crate::run_projection::RunProjection;
use crate::{Claim, Fence, NewRun, StorageError};

/// Creates a run.
#[derive(Debug)]
pub(crate) struct CreateRun {
    run: NewRun,
    /// Its request as JSON.
    request: String,
}

impl CreateRun {
    pub(crate) fn new(run: NewRun) -> Result<Self, StorageError> {
        let unstorable =
            |reason| StorageError::Unstorable { what: "the request of the run".to_owned(), reason };
        let request = stored_json(&run.request).map_err(unstorable)?;
        Ok(Self { run, request })
    }

    /// Refuses a run that is there already.
    pub(super) async fn check(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        match transaction.run(self.run.id).await {
            Err(ChangeError::Refused(StorageError::UnknownRun { .. })) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(StorageError::DuplicateRun { run: self.run.id }.into()),
        }
    }
}

#[async_trait]
impl Change for CreateRun {
    type Outcome = ();
    const ACTION: &'static str = "create a run";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        self.check(transaction).await?;
        let NewRun { id, request, at, lease } = &self.run;
        let insert = "INSERT INTO runs (id, status, epoch, created_at, request) VALUES (?, ?, 0, ?, ?)";
        let insert = sqlx::query(insert)
            .bind(id.as_bytes().as_slice())
            .bind(RunStatus::Queued.as_str())
            .bind(to_micros(*at))
            .bind(self.request.as_str());
        let number = insert.execute(transaction.connection()).await?.last_insert_rowid();
        for (key, value) in &request.tags {
            let insert = "INSERT INTO run_tags (key, value, run) VALUES (?, ?, ?)";
            let insert = sqlx::query(insert).bind(key.as_str()).bind(value.as_str()).bind(number);
            insert.execute(transaction.connection()).await?;
        }
        // The event saves the run with its holder.
        transaction.know(*id, number, RunProjection::queued(lease.clone()));
        transaction.push_new(NewEvent::of_run(*id, *at, EventBody::RunQueued)).await?;
        Ok(())
    }
}

#[async_trait]
impl Change for Claim {
    type Outcome = Fence;
    const ACTION: &'static str = "claim a run";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<Fence, ChangeError> {
        let projection = transaction.run(self.run).await?;
        let started = projection.claim(self)?;
        let fence = Fence { run: self.run, epoch: projection.epoch };
        // The event saves the run with its holder.
        transaction.push_new(NewEvent::of_run(self.run, self.now, started)).await?;
        Ok(fence)
    }
}

/// Extends a claim.
#[derive(Debug)]
pub(crate) struct Renew {
    /// The claim.
    pub(crate) fence: Fence,
    /// Until when.
    pub(crate) until: Timestamp,
}

#[async_trait]
impl Change for Renew {
    type Outcome = ();
    const ACTION: &'static str = "renew the claim of a run";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        let projection = transaction.run(self.fence.run).await?;
        projection.check(self.fence)?;
        projection.leased_until = Some(self.until);
        Ok(transaction.save(self.fence.run).await?)
    }
}

/// Asks a run to stop.
#[derive(Debug)]
pub(crate) struct Cancel {
    /// The run.
    pub(crate) run: RunId,
    /// Now.
    pub(crate) now: Timestamp,
}

#[async_trait]
impl Change for Cancel {
    type Outcome = RunStatus;
    const ACTION: &'static str = "cancel a run";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<RunStatus, ChangeError> {
        if let Some(event) = transaction.run(self.run).await?.cancel() {
            transaction.push_new(NewEvent::of_run(self.run, self.now, event)).await?;
        }
        Ok(transaction.run(self.run).await?.status)
    }
}

/// Ends a run.
#[derive(Debug)]
pub(crate) struct EndRun {
    /// The claim under which it is executed.
    pub(crate) fence: Fence,
    /// The event that ends it.
    pub(crate) end: EventBody,
    /// Now.
    pub(crate) now: Timestamp,
}

#[async_trait]
impl Change for EndRun {
    type Outcome = bool;
    const ACTION: &'static str = "end a run";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        let run = self.fence.run;
        if !transaction.run(run).await?.can_end(self.fence) {
            return Ok(false);
        }
        transaction.push_new(NewEvent::of_run(run, self.now, self.end.clone())).await?;
        Ok(true)
    }
}

/// Queues a run again.
#[derive(Debug)]
pub(crate) struct RetryRun {
    /// The claim under which it ended.
    pub(crate) fence: Fence,
    /// The pause before it starts.
    pub(crate) delay: Duration,
    /// Now.
    pub(crate) now: Timestamp,
}

#[async_trait]
impl Change for RetryRun {
    type Outcome = bool;
    const ACTION: &'static str = "queue a run again";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        let run = self.fence.run;
        let Some(retrying) = transaction.run(run).await?.retry(self.fence.epoch, self.delay) else {
            return Ok(false);
        };
        transaction.push_new(NewEvent::of_run(run, self.now, retrying)).await?;
        Ok(true)
    }
}
