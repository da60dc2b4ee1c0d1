//! The run queue and the pools.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::QueueLimits;
use millwork_core::run::{RunId, WaitReason};
use millwork_storage::HeldSlots;
use serde::Serialize;
use utoipa::ToSchema;

/// The runs that wait for a daemon.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QueueView {
    /// The maximum number of runs that go on at a time; `null` if there is no daemon.
    #[schema(required)]
    pub max_runs: Option<usize>,
    /// The runs that wait, those that come first first.
    pub waiting: Vec<WaitingRunView>,
}

/// A run that waits.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WaitingRunView {
    /// The run.
    #[schema(value_type = String)]
    pub run: RunId,
    /// Why it waits; `null` if it is about to be launched.
    #[schema(required)]
    pub waits: Option<String>,
}

/// A pool, and who holds its slots.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PoolView {
    /// Its name.
    pub pool: String,
    /// How many slots it has.
    pub slots: u32,
    /// How many of them are held.
    pub held: u32,
    /// Who holds them.
    pub holders: Vec<HolderView>,
}

/// A process that holds slots of a pool.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HolderView {
    /// How many slots.
    pub slots: u32,
    /// The machine that the process runs on.
    pub host: String,
    /// The number of the process there.
    pub pid: u32,
    /// Until when it holds them, unless it renews that.
    pub leased_until: Timestamp,
}

impl QueueView {
    /// The queue as [`waiting_runs`](millwork_storage::waiting_runs) finds it, under the limits in force.
    pub fn new(limits: Option<&QueueLimits>, waiting: Vec<(RunId, Option<WaitReason>)>) -> Self {
        let waits = |reason: Option<WaitReason>| reason.map(|reason| reason.to_string());
        let waiting = waiting.into_iter().map(|(run, reason)| WaitingRunView { run, waits: waits(reason) });
        Self { max_runs: limits.map(|limits| limits.max_runs), waiting: waiting.collect() }
    }
}

impl PoolView {
    /// Pools by name with their slots, and those of the slots that are held.
    pub fn all(pools: BTreeMap<&str, u32>, held: &[HeldSlots]) -> Vec<Self> {
        let pool = |(name, slots): (&str, u32)| {
            let holders: Vec<HolderView> =
                held.iter().filter(|held| held.pool == name).map(Into::into).collect();
            Self {
                pool: name.to_owned(),
                slots,
                held: holders.iter().map(|holder| holder.slots).sum(),
                holders,
            }
        };
        pools.into_iter().map(pool).collect()
    }
}

impl From<&HeldSlots> for HolderView {
    fn from(held: &HeldSlots) -> Self {
        let (host, pid) = (held.holder.host.clone(), held.holder.pid);
        Self { slots: held.slots, host, pid, leased_until: held.until }
    }
}
