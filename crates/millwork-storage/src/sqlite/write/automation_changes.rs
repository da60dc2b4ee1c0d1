//! Writing down what automation decided and remembers.

use async_trait::async_trait;

use super::change::{Change, Stop};
use super::schedule_changes::RecordEvaluation;
use super::transaction::Transaction;
use crate::{AutomationRow, Evaluation};

/// Writes an evaluation down with what is remembered of assets, if nobody was faster.
#[derive(Debug)]
pub(crate) struct RecordAutomation {
    evaluation: RecordEvaluation,
    /// JSON: pairs of an asset and what is remembered of it. One statement writes them all.
    kept: String,
    /// JSON: assets.
    forgotten: String,
}

impl RecordAutomation {
    pub(crate) fn new(evaluation: Evaluation, rows: &[AutomationRow]) -> Self {
        let (kept, forgotten): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.state.is_some());
        let pairs: Vec<_> = kept.iter().map(|row| (&row.asset, &row.state)).collect();
        let assets: Vec<_> = forgotten.iter().map(|row| &row.asset).collect();
        Self {
            evaluation: RecordEvaluation::new(evaluation),
            kept: serde_json::to_string(&pairs).expect("texts are JSON"),
            forgotten: serde_json::to_string(&assets).expect("texts are JSON"),
        }
    }
}

#[async_trait]
impl Change for RecordAutomation {
    type Outcome = bool;
    const ACTION: &'static str = "record an evaluation of automation";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, Stop> {
        if !self.evaluation.apply(transaction).await? {
            return Ok(false);
        }
        // `WHERE true`, as SQLite would read `ON` as a part of a join.
        let text = "INSERT INTO automation (asset, state) \
                    SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true \
                    ON CONFLICT (asset) DO UPDATE SET state = excluded.state";
        sqlx::query(text).bind(self.kept.as_str()).execute(transaction.connection()).await?;
        if self.forgotten != "[]" {
            let text = "DELETE FROM automation WHERE asset IN (SELECT value FROM json_each(?1))";
            sqlx::query(text).bind(self.forgotten.as_str()).execute(transaction.connection()).await?;
        }
        Ok(true)
    }
}
