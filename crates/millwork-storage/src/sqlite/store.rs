//! The store itself: it hands every request to the writer or to the readers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::event::{Event, EventBody};
use millwork_core::run::{RunId, RunStatus};
use millwork_core::{AssetKey, Instigator};
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::connect::BusyRetry;
use super::open_file::OpenFile;
use super::read::Reader;
use super::write::{
    Append, BeginDelivery, Cancel, Change as _, CommitEvaluation, CreateRun, DropDelivery, DropPending,
    EndDelivery, EndRun, FreeSlots, GiveSlotsBack, Renew, RenewSlots, RetryDelivery, RetryPending, RetryRun,
    SwitchInstigator, Writer,
};
use super::{connect, failure, migrate};
use crate::home::Processes;
use crate::{
    AlertStore, AttemptOutcome, AutomationRow, AutomationStore, Batch, Claim, Commit, Delivery,
    DeliveryState, EventLog, EventQuery, Fence, HeldSlots, Holder, InstigatorState, InstigatorStore,
    LatestAsset, Liveness, NewRun, Pending, PendingStore, PoolSlots, RunQuery, RunRecord, RunStore, SlotId,
    StorageError, TakeSlots, Tick, Unwritable,
};

/// The store in a SQLite file. Other processes may use the same file at the same time.
///
/// Dropping it writes what is waiting only as long as the runtime goes on; [`close`](crate::Maintenance::close) waits for that. The last
/// process to close the file leaves one tidy file behind; without that, the next one to open it cleans up.
#[derive(Debug)]
pub struct SqliteStore {
    pub(super) path: PathBuf,
    pub(super) writer: Writer,
    pub(super) reader: Reader,
    /// Up to this event, log lines were forgotten by a rule of retention that is in force.
    pub(super) logs_forgotten: AtomicI64,
    /// Who can be asked whether a holder still lives, for a store that belongs to a home.
    processes: Option<Arc<Processes>>,
}

impl SqliteStore {
    /// Opens the database at `path`, and makes it if it isn't there. Must be called within a Tokio runtime, on which
    /// the writer runs from then on.
    pub async fn open(path: &Path) -> Result<Self, StorageError> {
        Self::open_for(path, None).await
    }

    /// Opens the database for the processes of a home, which vouch for what they hold.
    pub(crate) async fn open_for(
        path: &Path,
        processes: Option<Arc<Processes>>,
    ) -> Result<Self, StorageError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| StorageError::Home {
                action: "make the folder",
                path: folder.display().to_string(),
                hint: "choose another MILLWORK_HOME, or make its parent folder writable",
                source,
            })?;
        }
        if is_read_only(path) {
            let looked = Self::look(path, Unwritable::ReadOnly, processes).await;
            return looked.ok_or(StorageError::ReadOnly { action: "bring the database up to date" });
        }
        let (connection, found) = match connect(path).await {
            Ok(connected) => connected,
            Err(error) if failure::is_full_disk(&error) => {
                let looked = Self::look(path, Unwritable::FullDisk, processes).await;
                return looked.ok_or_else(|| failure::open(path, error));
            }
            Err(error) => return Err(failure::open(path, error)),
        };
        let Some(found) = found else {
            let _ = connection.close().await;
            return Err(StorageError::OfOthers { path: path.display().to_string() });
        };
        if found > migrate::KNOWN_VERSION {
            let _ = connection.close().await;
            return Err(StorageError::TooNew { found, known: migrate::KNOWN_VERSION });
        }
        let (writer, reader) = (Writer::start(connection, OpenFile::at(path)), Reader::new(path));
        Ok(Self { path: path.to_owned(), writer, reader, logs_forgotten: AtomicI64::default(), processes })
    }

    /// A store that can be read though it can't be written; nothing if it can't be read either, or would have to be brought up to date
    /// first.
    async fn look(path: &Path, why: Unwritable, processes: Option<Arc<Processes>>) -> Option<Self> {
        let connected = match why {
            Unwritable::FullDisk => connect::look(path).await,
            Unwritable::ReadOnly => connect::look_at_what_is_read_only(path).await,
        };
        let mut connection = connected.ok()?;
        let found = migrate::version(&mut connection).await.ok()?;
        let reader = Reader::of_one(path, connection);
        let is_known = found == migrate::KNOWN_VERSION;
        let (path, writer, logs_forgotten) = (path.to_owned(), Writer::refusing(why), AtomicI64::default());
        is_known.then(|| Self { path, writer, reader, logs_forgotten, processes })
    }

    /// Before this process claims something, others must be able to tell whether it lives.
    fn vouch_for(&self, holder: &Holder, action: &'static str) -> Result<(), StorageError> {
        if let Some(unwritable) = self.writer.unwritable() {
            return Err(unwritable.error(action));
        }
        self.processes.as_ref().map_or(Ok(()), |processes| processes.vouch_for(holder))
    }

    /// Frees the slots of pools whose holders have ended, or, where their processes can't be asked, have not renewed them: the
    /// wall clock decides about nobody who is known to live. Returns whether there were any.
    async fn free_abandoned_slots(&self, take: &TakeSlots) -> Result<bool, StorageError> {
        let mut freed = false;
        for held in self.reader.held_slots().await? {
            let holder_id = held.holder.id.clone();
            let liveness = self.processes.as_ref().map(|processes| processes.liveness(&held.holder));
            let abandoned = match liveness {
                Some(Liveness::Alive) => None,
                Some(Liveness::Ended { .. }) => Some(FreeSlots { holder_id, leased_until: None }),
                Some(Liveness::Unknown) | None => {
                    let leased_until = Some(take.now).filter(|now| held.until <= *now);
                    leased_until.map(|_| FreeSlots { holder_id, leased_until })
                }
            };
            let is_wanted = take.of.iter().any(|share| share.pool == held.pool);
            if let Some(abandoned) = abandoned.filter(|_| is_wanted) {
                self.writer.write(abandoned).await?;
                freed = true;
            }
        }
        Ok(freed)
    }
}

/// Whether a file is there that this process must not change, or that is on a disk that nobody can.
fn is_read_only(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    use rustix::io::Errno;
    // It isn't opened: closing it would end the locks that this process has on it.
    matches!(access(path, Access::WRITE_OK), Err(Errno::ACCESS | Errno::ROFS))
        && access(path, Access::READ_OK).is_ok()
        && path.is_file()
}

/// Connects to the database and brings it up to date; returns its version, or nothing if it is another program's, which is left as it
/// is.
async fn connect(path: &Path) -> Result<(SqliteConnection, Option<i64>), sqlx::Error> {
    let mut retry = BusyRetry::default();
    loop {
        let connected = async {
            let mut connection = connect::writer(path).await?;
            if migrate::is_of_others(&mut connection).await? {
                return Ok((connection, None));
            }
            connect::keep_a_log(&mut connection).await?;
            let version = migrate::migrate(&mut connection).await?;
            Ok((connection, Some(version)))
        };
        match connected.await {
            // Turning on WAL in a new file fails at once if another process does the same.
            Err(error) if retry.allows(&error).await => {}
            connected => return connected,
        }
    }
}

#[async_trait]
impl EventLog for SqliteStore {
    async fn append(&self, batch: Batch) -> Result<Vec<u64>, StorageError> {
        self.writer.write(Append::new(batch)?).await
    }

    async fn events(&self, query: EventQuery) -> Result<Vec<Event>, StorageError> {
        self.reader.events(query).await
    }

    async fn latest(&self, assets: &[AssetKey]) -> Result<Vec<LatestAsset>, StorageError> {
        self.reader.latest(assets).await
    }

    async fn value(&self, sequence: u64) -> Result<Option<Vec<u8>>, StorageError> {
        self.reader.value(sequence).await
    }
}

#[async_trait]
impl RunStore for SqliteStore {
    async fn create_run(&self, run: NewRun) -> Result<(), StorageError> {
        if let Some(lease) = &run.lease {
            self.vouch_for(&lease.holder, CreateRun::ACTION)?;
        }
        self.writer.write(CreateRun::new(run)?).await
    }

    async fn claim(&self, claim: Claim) -> Result<Fence, StorageError> {
        self.vouch_for(&claim.holder, Claim::ACTION)?;
        self.writer.write(claim).await
    }

    async fn renew(&self, fence: Fence, until: Timestamp) -> Result<(), StorageError> {
        self.writer.write(Renew { fence, until }).await
    }

    async fn request_cancel(&self, run: RunId, now: Timestamp) -> Result<RunStatus, StorageError> {
        self.writer.write(Cancel { run, now }).await
    }

    async fn end_run(&self, fence: Fence, end: EventBody, now: Timestamp) -> Result<bool, StorageError> {
        self.writer.write(EndRun { fence, end, now }).await
    }

    async fn retry_run(&self, fence: Fence, delay: Duration, now: Timestamp) -> Result<bool, StorageError> {
        self.writer.write(RetryRun { fence, delay, now }).await
    }

    async fn run(&self, id: RunId) -> Result<Option<RunRecord>, StorageError> {
        self.reader.run(id).await
    }

    async fn runs(&self, query: RunQuery) -> Result<Vec<RunRecord>, StorageError> {
        self.reader.runs(query).await
    }
}

#[async_trait]
impl PoolSlots for SqliteStore {
    async fn take_slots(&self, take: TakeSlots) -> Result<Option<Vec<SlotId>>, StorageError> {
        self.vouch_for(&take.holder, TakeSlots::ACTION)?;
        let taken = self.writer.write(take.clone()).await?;
        if taken.is_none() && self.free_abandoned_slots(&take).await? {
            return self.writer.write(take).await;
        }
        Ok(taken)
    }

    async fn renew_slots(&self, holder: &Holder, until: Timestamp) -> Result<(), StorageError> {
        self.writer.write(RenewSlots { holder_id: holder.id.clone(), until }).await
    }

    async fn give_slots_back(&self, slots: &[SlotId]) -> Result<(), StorageError> {
        self.writer.write(GiveSlotsBack(slots.to_vec())).await
    }

    async fn free_slots(&self, holder: &Holder) -> Result<(), StorageError> {
        self.writer.write(FreeSlots { holder_id: holder.id.clone(), leased_until: None }).await
    }

    async fn held_slots(&self) -> Result<Vec<HeldSlots>, StorageError> {
        self.reader.held_slots().await
    }
}

#[async_trait]
impl InstigatorStore for SqliteStore {
    async fn states(&self) -> Result<BTreeMap<Instigator, InstigatorState>, StorageError> {
        self.reader.states().await
    }

    async fn state(&self, instigator: &Instigator) -> Result<InstigatorState, StorageError> {
        self.reader.state(instigator).await
    }

    async fn switch(&self, instigator: &Instigator, on: Option<bool>) -> Result<(), StorageError> {
        self.writer.write(SwitchInstigator { instigator: instigator.clone(), on }).await
    }

    async fn commit(&self, commit: Commit) -> Result<bool, StorageError> {
        self.writer.write(CommitEvaluation::new(commit)?).await
    }

    async fn ticks(&self, of: &[Instigator], limit: u32) -> Result<Vec<Tick>, StorageError> {
        self.reader.ticks(of, limit).await
    }

    async fn ticks_behind(&self, behind: u64, limit: u32) -> Result<Vec<(u64, Tick)>, StorageError> {
        self.reader.ticks_behind(behind, limit).await
    }

    async fn newest_tick(&self) -> Result<u64, StorageError> {
        self.reader.newest_tick().await
    }
}

#[async_trait]
impl PendingStore for SqliteStore {
    async fn pending(&self, of: &[Instigator], limit: u32) -> Result<Vec<Pending>, StorageError> {
        self.reader.pending(of, limit).await
    }

    async fn due_pending(
        &self,
        of: &[Instigator],
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Pending>, StorageError> {
        self.reader.due_pending(of, now, limit).await
    }

    async fn retry_pending(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        self.writer.write(RetryPending { id, now }).await
    }

    async fn drop_pending(&self, id: u64) -> Result<bool, StorageError> {
        self.writer.write(DropPending(id)).await
    }
}

#[async_trait]
impl AutomationStore for SqliteStore {
    async fn automation_rows(&self, asset: Option<&AssetKey>) -> Result<Vec<AutomationRow>, StorageError> {
        self.reader.automation_rows(asset).await
    }
}

#[async_trait]
impl AlertStore for SqliteStore {
    async fn pending_deliveries(&self, each: u32) -> Result<Vec<Delivery>, StorageError> {
        self.reader.pending_deliveries(each).await
    }

    async fn begin_delivery(&self, id: u64, attempts: u32, until: Timestamp) -> Result<bool, StorageError> {
        self.writer.write(BeginDelivery { id, attempts, until }).await
    }

    async fn end_delivery(
        &self,
        id: u64,
        outcome: AttemptOutcome,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.writer.write(EndDelivery { id, outcome, now }).await
    }

    async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError> {
        self.reader.deliveries(state, limit).await
    }

    async fn retry_delivery(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        self.writer.write(RetryDelivery { id, now }).await
    }

    async fn drop_delivery(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        self.writer.write(DropDelivery { id, now }).await
    }
}
