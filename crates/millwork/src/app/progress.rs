//! A run in the terminal: one bar for the whole, one for each running step, and what steps log.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use millwork_core::event::{Event, EventBody, LogLine};
use millwork_core::run::StepKey;
use millwork_core::{LogLevel, StepPartition};
use millwork_engine::{CapturedOutput, Observation};

use super::printable::{indented, printable};
use super::style::style;

/// The maximum number of bars of steps; a run of thousands would fill the screen.
const MOST_BARS: usize = 12;

/// Shows a run in the terminal. Without a terminal there are no bars, only what steps log.
pub(super) struct Progress {
    bars: MultiProgress,
    whole: ProgressBar,
    steps: Mutex<HashMap<StepPartition, ProgressBar>>,
    quiet: bool,
    /// The output of lines if there are no bars.
    lines: Term,
    has_bars: bool,
}

impl Progress {
    /// Shows a run with this number of steps, on the original standard error if output is captured.
    pub(super) fn start(
        steps: usize,
        captured: Option<CapturedOutput>,
        json: bool,
    ) -> (Self, Option<CapturedOutput>) {
        let stderr = captured.as_ref().and_then(|captured| captured.stderr.try_clone().ok());
        let is_terminal = match &stderr {
            Some(stderr) => stderr.is_terminal(),
            None => std::io::stderr().is_terminal(),
        };
        let has_bars = is_terminal && !json;
        let term = || match stderr
            .as_ref()
            .and_then(|stderr| Some((stderr.try_clone().ok()?, stderr.try_clone().ok()?)))
        {
            Some((read, write)) => Term::read_write_pair(read, write),
            None => Term::stderr(),
        };
        let target =
            if has_bars { ProgressDrawTarget::term(term(), 15) } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        let whole = bars.add(
            ProgressBar::new(steps as u64)
                .with_style(template("{bar:30.green/dim} {pos}/{len} steps  {elapsed}")),
        );
        whole.enable_steady_tick(Duration::from_millis(100));
        let this = Self { bars, whole, steps: Mutex::default(), quiet: json, lines: term(), has_bars };
        (this, captured)
    }

    /// Shows an event of the run.
    pub(super) fn show(&self, observation: &Observation<'_>) {
        match observation {
            Observation::Recorded(event) => self.show_event(event),
            Observation::Progress { step, done, of } => {
                let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(bar) = steps.get(step) {
                    bar.set_style(template("  {spinner} {msg} {bar:20} {pos}/{len}"));
                    bar.set_length(*of);
                    bar.set_position(*done);
                }
            }
        }
    }

    /// Removes the bars.
    pub(super) fn finish(&self) {
        self.whole.finish_and_clear();
        let _ = self.bars.clear();
    }

    fn show_event(&self, event: &Event) {
        let asset = event.asset_partition().map(|of| of.to_string()).unwrap_or_default();
        match &event.body {
            EventBody::StepStarted => self.add_bar(event),
            EventBody::StepSucceeded { .. }
            | EventBody::StepFailed { .. }
            | EventBody::StepSkipped { .. } => {
                self.remove_bar(event);
                self.whole.inc(1);
            }
            EventBody::StepRetrying { failure, delay_ms } => {
                self.remove_bar(event);
                let step = event.step_partition().map(|step| step.to_string()).unwrap_or_default();
                let pause = Duration::from_millis(*delay_ms);
                self.line(&format!("{} {step}: {failure}; next attempt in {pause:?}", style("↻").yellow()));
            }
            EventBody::StepCanceled => self.remove_bar(event),
            EventBody::Kept { reason, .. } => {
                self.line(&format!("{} {asset} is kept: {reason}", style("=").cyan()));
            }
            EventBody::CheckEvaluated(check) if !check.passed => {
                let (name, description) = (&check.check, &check.description);
                self.line(&format!("{} check {name} of {asset} failed: {description}", style("!").yellow()));
            }
            EventBody::VersionJudged(judged) => {
                self.line(&format!("{} {asset}: {judged}", style("⚖").cyan()));
            }
            EventBody::AliasMoved(moved) => self.line(&format!("{} {asset}: {moved}", style("★").cyan())),
            EventBody::ShadowCalled(called) if called.outcome.is_bad() => {
                self.line(&format!("{} {asset}: {called}", style("!").yellow()));
            }
            EventBody::Logged(line) => self.log(event.step.as_ref(), line),
            EventBody::RunQueued
            | EventBody::RunStarted { .. }
            | EventBody::RunCanceling
            | EventBody::RunSucceeded
            | EventBody::RunFailed { .. }
            | EventBody::RunCanceled
            | EventBody::RunLost { .. }
            | EventBody::RunRetrying { .. }
            | EventBody::StepProgressed { .. }
            | EventBody::Materialized(_)
            | EventBody::NotMaterialized { .. }
            | EventBody::Observed { .. }
            | EventBody::CheckEvaluated(_)
            | EventBody::VersionDecided(_)
            | EventBody::VersionsBacktested(_)
            | EventBody::PartitionsChanged(_)
            | EventBody::AssetRenamed(_)
            | EventBody::PartitionsRenamed(_)
            | EventBody::ShadowCalled(_)
            | EventBody::AliasPinned(_)
            | EventBody::EnvironmentRecorded(_)
            | EventBody::Unreadable(_) => {}
        }
    }

    fn add_bar(&self, event: &Event) {
        let Some(step) = event.step_partition() else { return };
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.has_bars || steps.len() >= MOST_BARS {
            return;
        }
        let name = printable(&step.to_string(), false).into_owned();
        let bar = ProgressBar::new_spinner().with_style(template("  {spinner} {msg}")).with_message(name);
        bar.enable_steady_tick(Duration::from_millis(100));
        steps.insert(step, self.bars.add(bar));
    }

    fn remove_bar(&self, event: &Event) {
        let Some(step) = event.step_partition() else { return };
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = steps.remove(&step) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
    }

    fn log(&self, step: Option<&StepKey>, line: &LogLine) {
        let from = step.map_or("run", StepKey::as_str);
        let level = match line.level {
            LogLevel::Error => style("error").red(),
            LogLevel::Warn if line.target != "stderr" => style("warn").yellow(),
            LogLevel::Warn | LogLevel::Info | LogLevel::Debug | LogLevel::Trace => style("│").dim(),
        };
        let fields: String = line.fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        self.line(&format!("{} {level} {}{}", style(from).dim(), line.message, style(fields).dim()));
    }

    /// Prints a line above the bars.
    pub(super) fn line(&self, text: &str) {
        if self.quiet {
            return;
        }
        let text = indented(&printable(text, console::colors_enabled_stderr()), 4);
        // A closed terminal doesn't stop the run.
        let _ = if self.has_bars { self.bars.println(&text) } else { self.lines.write_line(&text) };
    }
}

fn template(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
