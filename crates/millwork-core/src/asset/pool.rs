//! The slots of a concurrency pool that a step takes.

use serde::{Deserialize, Serialize};

/// Slots of a concurrency pool: of a number of connections, of processors, of gigabytes, of GPUs.
///
/// ```
/// use millwork_core::PoolUse;
///
/// assert_eq!(PoolUse::from("gpu"), PoolUse::from(("gpu", 1)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolUse {
    /// The name of the pool.
    pub pool: String,
    /// How many of its slots.
    pub slots: u32,
}

impl From<&str> for PoolUse {
    fn from(pool: &str) -> Self {
        Self::from((pool, 1))
    }
}

impl From<String> for PoolUse {
    fn from(pool: String) -> Self {
        Self { pool, slots: 1 }
    }
}

impl From<(&str, u32)> for PoolUse {
    fn from((pool, slots): (&str, u32)) -> Self {
        Self { pool: pool.to_owned(), slots }
    }
}
