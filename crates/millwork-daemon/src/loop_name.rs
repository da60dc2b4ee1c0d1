//! The loops of a daemon, by name.

use std::fmt;

/// One of a daemon's loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoopName {
    /// Decides which events fire alert rules.
    Alerts,
    /// Decides about versions of models whose time limit is over.
    Approvals,
    /// Requests the runs that automation conditions make due.
    Automation,
    /// Requests the runs of backfills.
    Backfills,
    /// Detects that the wall clock is set.
    ClockWatch,
    /// Sends alerts to their destinations.
    Deliveries,
    /// Removes what retention rules don't keep.
    Retention,
    /// Ends runs that take too long, and detects those whose process has died.
    RunMonitor,
    /// Launches requested runs and settles their ends.
    RunQueue,
    /// Queues failed runs again.
    RunRetries,
    /// Requests runs at the ticks of schedules.
    Schedules,
    /// Evaluates sensors.
    Sensors,
    /// Has gates judge again about versions in shadow.
    Shadow,
    /// Sends ended runs as OpenTelemetry traces.
    Traces,
}

impl LoopName {
    /// Every loop, in the order of their names.
    pub const ALL: [Self; 14] = [
        Self::Alerts,
        Self::Approvals,
        Self::Automation,
        Self::Backfills,
        Self::ClockWatch,
        Self::Deliveries,
        Self::Retention,
        Self::RunMonitor,
        Self::RunQueue,
        Self::RunRetries,
        Self::Schedules,
        Self::Sensors,
        Self::Shadow,
        Self::Traces,
    ];

    /// The name as a label of metrics: `run_queue`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Approvals => "approvals",
            Self::Automation => "automation",
            Self::Backfills => "backfills",
            Self::ClockWatch => "clock_watch",
            Self::Deliveries => "deliveries",
            Self::Retention => "retention",
            Self::RunMonitor => "run_monitor",
            Self::RunQueue => "run_queue",
            Self::RunRetries => "run_retries",
            Self::Schedules => "schedules",
            Self::Sensors => "sensors",
            Self::Shadow => "shadow",
            Self::Traces => "traces",
        }
    }

    /// The name by which the state of alerts about the loop's errors is stored. It never changes: under another name, what was sent
    /// before would be sent again. So these are the words of the first homes, whatever they are called on pages now.
    pub fn stored(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Approvals => "approvals",
            Self::Automation => "automation",
            Self::Backfills => "backfills",
            Self::ClockWatch => "the wall clock",
            Self::Deliveries => "deliveries of alerts",
            Self::Retention => "retention",
            Self::RunMonitor => "the run monitor",
            Self::RunQueue => "the run queue",
            Self::RunRetries => "retries of runs",
            Self::Schedules => "schedules",
            Self::Sensors => "sensors",
            Self::Shadow => "judgements of versions in shadow",
            Self::Traces => "traces",
        }
    }

    /// The name in a sentence or a heading: `the run queue`.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Approvals => "approvals",
            Self::Automation => "automation",
            Self::Backfills => "backfills",
            Self::ClockWatch => "the wall clock",
            Self::Deliveries => "deliveries of alerts",
            Self::Retention => "retention",
            Self::RunMonitor => "the run monitor",
            Self::RunQueue => "the run queue",
            Self::RunRetries => "retries of runs",
            Self::Schedules => "schedules",
            Self::Sensors => "sensors",
            Self::Shadow => "judgements of versions in shadow",
            Self::Traces => "traces",
        }
    }
}

impl fmt::Display for LoopName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.in_words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These are in people's homes: a line may be added, and none changed.
    #[test]
    fn stored_names_are_those_of_the_first_homes() {
        let stored = [
            "alerts",
            "approvals",
            "automation",
            "backfills",
            "the wall clock",
            "deliveries of alerts",
            "retention",
            "the run monitor",
            "the run queue",
            "retries of runs",
            "schedules",
            "sensors",
            "judgements of versions in shadow",
            "traces",
        ];
        assert_eq!(LoopName::ALL.map(LoopName::stored), stored);
    }
}
