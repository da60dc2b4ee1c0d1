//! The kinds of events, and sets of them.
//!
//! A [`KindSet`] selects the kinds that a reader needs: queries of the log take one, and folds declare one. Each
//! property of a kind is one exhaustive match here, so a new kind doesn't compile before it has a name, a subject and its effect on
//! the run's status.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::outcome::RunStatus;

/// What kind of thing happened. Numbers and names are stored: one is never used again, and never means anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum EventKind {
    /// The run was asked for.
    RunQueued = 1,
    /// A process began to execute the run.
    RunStarted = 2,
    /// A cancellation of the run was requested.
    RunCanceling = 3,
    /// All steps succeeded, or had nothing to do.
    RunSucceeded = 4,
    /// A step failed, or the run could not continue.
    RunFailed = 5,
    /// The run stopped because it was asked to.
    RunCanceled = 6,
    /// The process that executed the run ended without finishing it.
    RunLost = 7,
    /// An attempt of a step began.
    StepStarted = 8,
    /// The step reported its progress.
    StepProgressed = 9,
    /// An attempt failed, and another one follows.
    StepRetrying = 10,
    /// The step's outputs are stored.
    StepSucceeded = 11,
    /// The last attempt failed.
    StepFailed = 12,
    /// The step is not run.
    StepSkipped = 13,
    /// The run was canceled while the step was running.
    StepCanceled = 14,
    /// An asset has a new value.
    Materialized = 15,
    /// An asset's function decided for the value it has.
    Kept = 16,
    /// An asset's function produced no value this time.
    NotMaterialized = 17,
    /// Another system reported an observation of an asset.
    Observed = 18,
    /// A check was evaluated.
    CheckEvaluated = 19,
    /// A step, or the engine, logged a line.
    Logged = 20,
    /// The run failed or was lost, and waits to be tried again.
    RunRetrying = 21,
    /// A gate judged a version.
    VersionJudged = 22,
    /// An alias points at another version.
    AliasMoved = 23,
    /// A decision about a version that no gate made.
    VersionDecided = 24,
    /// Which version an alias means to the run.
    AliasPinned = 25,
    /// What an execution of the run was made with: the binary, the host, the source folder.
    EnvironmentRecorded = 26,
    /// A gate judged stored versions, without consequences.
    VersionsBacktested = 27,
    /// An asset's function was called with a version in shadow.
    ShadowCalled = 28,
    /// Texts of a dynamic dimension were added or removed.
    PartitionsChanged = 29,
    /// An asset has another key.
    AssetRenamed = 30,
    /// Partitions of an asset have other keys.
    PartitionsRenamed = 31,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSubject {
    /// The run as a whole: it changes the run's status.
    Run,
    /// The course of a step.
    Step,
    /// An asset: its value, an observation or a check of it.
    Asset,
    /// The run's log: a line of it.
    Log,
    /// What the run is executed with, which doesn't change its status.
    Context,
    /// The partitions that there are.
    Partitions,
    /// What assets and partitions are called.
    Names,
}

impl EventKind {
    /// All kinds, by number.
    pub const ALL: [Self; 31] = [
        Self::RunQueued,
        Self::RunStarted,
        Self::RunCanceling,
        Self::RunSucceeded,
        Self::RunFailed,
        Self::RunCanceled,
        Self::RunLost,
        Self::StepStarted,
        Self::StepProgressed,
        Self::StepRetrying,
        Self::StepSucceeded,
        Self::StepFailed,
        Self::StepSkipped,
        Self::StepCanceled,
        Self::Materialized,
        Self::Kept,
        Self::NotMaterialized,
        Self::Observed,
        Self::CheckEvaluated,
        Self::Logged,
        Self::RunRetrying,
        Self::VersionJudged,
        Self::AliasMoved,
        Self::VersionDecided,
        Self::AliasPinned,
        Self::EnvironmentRecorded,
        Self::VersionsBacktested,
        Self::ShadowCalled,
        Self::PartitionsChanged,
        Self::AssetRenamed,
        Self::PartitionsRenamed,
    ];

    /// The number under which databases know it.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with a number, if this version knows it.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The name in stored JSON, answers of the API and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RunQueued => "run_queued",
            Self::RunStarted => "run_started",
            Self::RunCanceling => "run_canceling",
            Self::RunSucceeded => "run_succeeded",
            Self::RunFailed => "run_failed",
            Self::RunCanceled => "run_canceled",
            Self::RunLost => "run_lost",
            Self::StepStarted => "step_started",
            Self::StepProgressed => "step_progressed",
            Self::StepRetrying => "step_retrying",
            Self::StepSucceeded => "step_succeeded",
            Self::StepFailed => "step_failed",
            Self::StepSkipped => "step_skipped",
            Self::StepCanceled => "step_canceled",
            Self::Materialized => "materialized",
            Self::Kept => "kept",
            Self::NotMaterialized => "not_materialized",
            Self::Observed => "observed",
            Self::CheckEvaluated => "check_evaluated",
            Self::Logged => "logged",
            Self::RunRetrying => "run_retrying",
            Self::VersionJudged => "version_judged",
            Self::AliasMoved => "alias_moved",
            Self::VersionDecided => "version_decided",
            Self::AliasPinned => "alias_pinned",
            Self::EnvironmentRecorded => "environment_recorded",
            Self::VersionsBacktested => "versions_backtested",
            Self::ShadowCalled => "shadow_called",
            Self::PartitionsChanged => "partitions_changed",
            Self::AssetRenamed => "asset_renamed",
            Self::PartitionsRenamed => "partitions_renamed",
        }
    }

    /// What an event of this kind is about.
    pub const fn subject(self) -> EventSubject {
        match self {
            Self::RunQueued
            | Self::RunStarted
            | Self::RunCanceling
            | Self::RunSucceeded
            | Self::RunFailed
            | Self::RunCanceled
            | Self::RunLost
            | Self::RunRetrying => EventSubject::Run,
            Self::StepStarted
            | Self::StepProgressed
            | Self::StepRetrying
            | Self::StepSucceeded
            | Self::StepFailed
            | Self::StepSkipped
            | Self::StepCanceled => EventSubject::Step,
            Self::Materialized
            | Self::Kept
            | Self::NotMaterialized
            | Self::Observed
            | Self::CheckEvaluated
            | Self::VersionJudged
            | Self::AliasMoved
            | Self::VersionDecided
            | Self::VersionsBacktested
            | Self::ShadowCalled => EventSubject::Asset,
            Self::Logged => EventSubject::Log,
            Self::AliasPinned | Self::EnvironmentRecorded => EventSubject::Context,
            Self::PartitionsChanged => EventSubject::Partitions,
            Self::AssetRenamed | Self::PartitionsRenamed => EventSubject::Names,
        }
    }

    /// The status that a run has after an event of this kind; `None` if the kind isn't about the run as a whole.
    pub const fn run_status(self) -> Option<RunStatus> {
        match self {
            Self::RunQueued | Self::RunRetrying => Some(RunStatus::Queued),
            Self::RunStarted => Some(RunStatus::Running),
            Self::RunCanceling => Some(RunStatus::Canceling),
            Self::RunSucceeded => Some(RunStatus::Succeeded),
            Self::RunFailed => Some(RunStatus::Failed),
            Self::RunCanceled => Some(RunStatus::Canceled),
            Self::RunLost => Some(RunStatus::Lost),
            Self::StepStarted
            | Self::StepProgressed
            | Self::StepRetrying
            | Self::StepSucceeded
            | Self::StepFailed
            | Self::StepSkipped
            | Self::StepCanceled
            | Self::Materialized
            | Self::Kept
            | Self::NotMaterialized
            | Self::Observed
            | Self::CheckEvaluated
            | Self::Logged
            | Self::VersionJudged
            | Self::AliasMoved
            | Self::VersionDecided
            | Self::VersionsBacktested
            | Self::ShadowCalled
            | Self::AliasPinned
            | Self::EnvironmentRecorded
            | Self::PartitionsChanged
            | Self::AssetRenamed
            | Self::PartitionsRenamed => None,
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for EventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A set of kinds of events.
///
/// ```
/// use millwork_core::event::{EventKind, KindSet};
///
/// const ENDS_OF_STEPS: KindSet = KindSet::of(&[EventKind::StepSucceeded, EventKind::StepFailed]);
/// assert!(ENDS_OF_STEPS.contains(EventKind::StepFailed));
/// assert!(!KindSet::RUN.union(ENDS_OF_STEPS).contains(EventKind::Materialized));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KindSet {
    /// The kind with the number `n` is in it if bit `n` is set.
    bits: u32,
}

impl KindSet {
    /// The empty set.
    pub const EMPTY: Self = Self { bits: 0 };
    /// What changes the status of a run.
    pub const RUN: Self = Self::about(EventSubject::Run);
    /// What changes the status of a step.
    pub const STEP: Self = Self::about(EventSubject::Step);
    /// The kinds of events about an asset.
    pub const ASSET: Self = Self::about(EventSubject::Asset);
    /// What ends a run, until it is tried again.
    pub const RUN_ENDS: Self =
        Self::RUN_FAILURES.union(Self::of(&[EventKind::RunSucceeded, EventKind::RunCanceled]));
    /// The ends of a run that neither succeeded nor was canceled.
    pub const RUN_FAILURES: Self = Self::of(&[EventKind::RunFailed, EventKind::RunLost]);
    /// The decisions of an asset's function: a new value, the one before, or none. The last of them is the asset's latest evaluation, by
    /// which staleness is judged; each has what it was [made from](super::EventBody::provenance).
    pub const VERDICTS: Self =
        Self::of(&[EventKind::Materialized, EventKind::Kept, EventKind::NotMaterialized]);

    /// What happens to versions of assets: verdicts of gates, decisions of people, moves of aliases, backtests. Retention keeps these
    /// events.
    pub const VERSIONS: Self = Self::of(&[
        EventKind::VersionJudged,
        EventKind::AliasMoved,
        EventKind::VersionDecided,
        EventKind::VersionsBacktested,
    ]);

    /// The set of the given kinds.
    pub const fn of(kinds: &[EventKind]) -> Self {
        let mut set = Self::EMPTY;
        let mut index = 0;
        while index < kinds.len() {
            set.bits |= 1 << kinds[index].number();
            index += 1;
        }
        set
    }

    /// All kinds about a subject.
    pub const fn about(subject: EventSubject) -> Self {
        let mut set = Self::EMPTY;
        let mut index = 0;
        while index < EventKind::ALL.len() {
            let kind = EventKind::ALL[index];
            if kind.subject() as u8 == subject as u8 {
                set = set.union(Self::of(&[kind]));
            }
            index += 1;
        }
        set
    }

    /// The kinds of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self { bits: self.bits | other.bits }
    }

    /// The kinds of this set that aren't in the other one.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self { bits: self.bits & !other.bits }
    }

    /// Whether a kind is in it.
    pub const fn contains(self, kind: EventKind) -> bool {
        self.bits & (1 << kind.number()) != 0
    }

    /// Its kinds, by number.
    pub fn iter(self) -> impl Iterator<Item = EventKind> {
        EventKind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }
}

impl From<EventKind> for KindSet {
    fn from(kind: EventKind) -> Self {
        Self::of(&[kind])
    }
}

impl FromIterator<EventKind> for KindSet {
    fn from_iter<I: IntoIterator<Item = EventKind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::EMPTY, |set, kind| set.union(kind.into()))
    }
}

impl fmt::Debug for KindSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventBody;

    /// These are on people's disks: a line may be added, and none changed.
    #[test]
    fn numbers_and_names_never_change() {
        let stored = [
            (1, "run_queued"),
            (2, "run_started"),
            (3, "run_canceling"),
            (4, "run_succeeded"),
            (5, "run_failed"),
            (6, "run_canceled"),
            (7, "run_lost"),
            (8, "step_started"),
            (9, "step_progressed"),
            (10, "step_retrying"),
            (11, "step_succeeded"),
            (12, "step_failed"),
            (13, "step_skipped"),
            (14, "step_canceled"),
            (15, "materialized"),
            (16, "kept"),
            (17, "not_materialized"),
            (18, "observed"),
            (19, "check_evaluated"),
            (20, "logged"),
            (21, "run_retrying"),
            (22, "version_judged"),
            (23, "alias_moved"),
            (24, "version_decided"),
            (25, "alias_pinned"),
            (26, "environment_recorded"),
            (27, "versions_backtested"),
            (28, "shadow_called"),
            (29, "partitions_changed"),
            (30, "asset_renamed"),
            (31, "partitions_renamed"),
        ];
        assert_eq!(EventKind::ALL.map(|kind| (kind.number(), kind.name())), stored);
        for (number, name) in stored {
            assert_eq!(EventKind::from_number(number).map(EventKind::name), Some(name));
        }
        assert_eq!((EventKind::from_number(0), EventKind::from_number(32)), (None, None));
    }

    /// Reading a name that doesn't exist, serde lists those that do.
    #[test]
    fn every_body_that_can_be_read_has_a_kind() {
        let error = serde_json::from_str::<EventBody>(r#"{"type":"danced"}"#).unwrap_err().to_string();
        let mut names: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
        let mut kinds = EventKind::ALL.map(EventKind::name);
        names.sort_unstable();
        kinds.sort_unstable();
        assert_eq!(names, kinds, "{error}");
    }

    #[track_caller]
    fn check(set: KindSet, is_in_it: impl Fn(EventKind) -> bool) {
        assert_eq!(set, EventKind::ALL.into_iter().filter(|kind| is_in_it(*kind)).collect());
        assert!(EventKind::ALL.into_iter().all(|kind| set.contains(kind) == is_in_it(kind)));
    }

    #[test]
    fn sets_hold_what_they_are_named_by() {
        check(KindSet::EMPTY, |_| false);
        check(KindSet::RUN, |kind| kind.name().starts_with("run_"));
        check(KindSet::RUN, |kind| kind.run_status().is_some());
        check(KindSet::STEP, |kind| kind.name().starts_with("step_"));
        check(KindSet::ASSET, |kind| kind.subject() == EventSubject::Asset);
        check(KindSet::RUN_ENDS, |kind| kind.run_status().is_some_and(RunStatus::is_finished));
        check(KindSet::RUN.without(KindSet::RUN_ENDS), |kind| {
            kind.run_status().is_some_and(|status| !status.is_finished())
        });
        check(EventKind::Logged.into(), |kind| kind.subject() == EventSubject::Log);
        check(KindSet::about(EventSubject::Context), |kind| {
            matches!(kind, EventKind::AliasPinned | EventKind::EnvironmentRecorded)
        });
        assert_eq!(format!("{:?}", KindSet::RUN_FAILURES), "{RunFailed, RunLost}");
    }
}
