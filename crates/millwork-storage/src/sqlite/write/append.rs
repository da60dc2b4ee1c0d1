//! Appending events.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use millwork_core::PartitionKey;
use millwork_core::event::EventKind;
use millwork_core::run::RunId;
use sqlx::AssertSqlSafe;

use super::change::{Change, ChangeError};
use super::encoded_event::EncodedEvent;
use super::transaction::Transaction;
use crate::{Batch, Fence, StorageError};

/// Appends a batch of events.
#[derive(Debug)]
pub(crate) struct Append {
    fence: Option<Fence>,
    /// The runs of the events, each once.
    runs: Vec<RunId>,
    events: Vec<Arc<EncodedEvent>>,
}

impl Append {
    /// Encodes a batch.
    pub(crate) fn new(batch: Batch) -> Result<Self, StorageError> {
        let encode = |event| EncodedEvent::new(event).map(Arc::new);
        let events = batch.events.into_iter().map(encode).collect::<Result<Vec<_>, _>>()?;
        let mut runs: Vec<RunId> = events.iter().filter_map(|event| event.run).collect();
        runs.sort_unstable();
        runs.dedup();
        Ok(Self { fence: batch.fence, runs, events })
    }
}

#[async_trait]
impl Change for Append {
    type Outcome = Vec<u64>;
    const ACTION: &'static str = "append events";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<Vec<u64>, ChangeError> {
        if let Some(fence) = self.fence {
            transaction.run(fence.run).await?.check(fence)?;
        }
        for run in &self.runs {
            transaction.run(*run).await?;
        }
        if transaction.is_careful() {
            refuse_repeated_success(&self.events, transaction).await?;
        }
        let mut sequences = Vec::with_capacity(self.events.len());
        for event in &self.events {
            sequences.push(transaction.push(event.clone()).await?.unsigned_abs());
        }
        Ok(sequences)
    }
}

/// Refuses a batch in which a step succeeds that has succeeded before, also earlier in the batch.
async fn refuse_repeated_success(
    events: &[Arc<EncodedEvent>],
    transaction: &mut Transaction<'_>,
) -> Result<(), ChangeError> {
    let successes: Vec<_> = events.iter().filter(|event| event.kind == EventKind::StepSucceeded).collect();
    transaction.intern(successes.iter().flat_map(|event| event.names()).flatten().collect()).await?;
    transaction.flush().await?;
    let mut seen = HashSet::new();
    for event in successes {
        let (Some(run), Some(step)) = (event.run, &event.step) else { continue };
        let numbers = [
            transaction.number_of(run),
            transaction.name(Some(step.as_str())),
            transaction.name(event.partition.as_ref().map(PartitionKey::as_str)),
        ];
        // Of a kind by its number in the text, as the index has it.
        let text = format!(
            "SELECT EXISTS (SELECT 1 FROM events WHERE run = ? AND step = ? AND partition = ? AND kind = {})",
            EventKind::StepSucceeded.number()
        );
        let mut query = sqlx::query_scalar(AssertSqlSafe(text));
        for number in numbers {
            query = query.bind(number);
        }
        let exists: bool = query.fetch_one(transaction.connection()).await?;
        if exists || !seen.insert(numbers) {
            return Err(StorageError::AlreadySucceeded { run, step: step.to_string() }.into());
        }
    }
    Ok(())
}
