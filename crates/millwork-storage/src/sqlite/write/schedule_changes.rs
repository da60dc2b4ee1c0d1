//! Switching schedules, and writing their evaluations down.

use async_trait::async_trait;

use super::change::{Change, Stop};
use super::run_changes::CreateRun;
use super::transaction::Transaction;
use crate::Evaluation;
use crate::micros::to_micros;

/// Switches a schedule on or off, or leaves it to its definition.
#[derive(Debug)]
pub(crate) struct SwitchSchedule {
    /// The schedule.
    pub(crate) name: String,
    /// Whether it is on.
    pub(crate) on: Option<bool>,
}

#[async_trait]
impl Change for SwitchSchedule {
    type Outcome = ();
    const ACTION: &'static str = "switch a schedule";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), Stop> {
        let text = "INSERT INTO schedules (name, is_on) VALUES (?1, ?2) \
                    ON CONFLICT (name) DO UPDATE SET is_on = excluded.is_on, \
                    cursor = CASE WHEN is_on IS excluded.is_on THEN cursor END";
        let query = sqlx::query(text).bind(self.name.as_str()).bind(self.on);
        query.execute(transaction.connection()).await?;
        Ok(())
    }
}

/// Writes an evaluation down, if nobody was faster.
#[derive(Debug)]
pub(crate) struct RecordEvaluation {
    evaluation: Evaluation,
    runs: Vec<CreateRun>,
}

impl RecordEvaluation {
    pub(crate) fn new(mut evaluation: Evaluation) -> Self {
        let runs = std::mem::take(&mut evaluation.runs).into_iter().map(CreateRun::new).collect();
        Self { evaluation, runs }
    }
}

#[async_trait]
impl Change for RecordEvaluation {
    type Outcome = bool;
    const ACTION: &'static str = "record an evaluation";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, Stop> {
        let Evaluation { schedule, from, cursor, ticks, .. } = &self.evaluation;
        let query = sqlx::query_scalar("SELECT cursor FROM schedules WHERE name = ?").bind(schedule.as_str());
        let known: Option<Option<String>> = query.fetch_optional(transaction.connection()).await?;
        if known.flatten() != *from {
            return Ok(false);
        }
        // What is refused has to be refused before anything is written.
        for run in &self.runs {
            run.check(transaction).await?;
        }
        let text = "INSERT INTO schedules (name, cursor) VALUES (?1, ?2) \
                    ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor";
        let query = sqlx::query(text).bind(schedule.as_str()).bind(cursor.as_str());
        query.execute(transaction.connection()).await?;
        for run in &self.runs {
            run.apply(transaction).await?;
        }
        for tick in ticks {
            let outcome = serde_json::to_string(&tick.outcome).expect("outcomes have string keys only");
            let query =
                sqlx::query("INSERT INTO ticks (schedule, due, at, outcome, micros) VALUES (?, ?, ?, ?, ?)")
                    .bind(tick.schedule.as_str())
                    .bind(to_micros(tick.due))
                    .bind(to_micros(tick.at))
                    .bind(outcome)
                    .bind(tick.micros.map(u64::cast_signed));
            query.execute(transaction.connection()).await?;
        }
        Ok(true)
    }
}
