//! `tracing` events inside a step, as lines of its run's log.

use std::collections::BTreeMap;
use std::fmt;

use millwork_core::LogLevel;
use millwork_core::advice::chain_of;
use millwork_core::event::LogLine;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::current::current;

/// A `tracing` layer that writes the events of a step into the log of its run. Events outside of any step are left to
/// other layers. `millwork::app` installs it; a binary with a subscriber of its own adds it there.
#[derive(Clone, Copy, Debug)]
pub struct LogLayer {
    level: Level,
}

impl LogLayer {
    /// A layer that takes events of this level and above.
    pub fn new(level: Level) -> Self {
        Self { level }
    }
}

impl<S: Subscriber> Layer<S> for LogLayer {
    // `enabled` doesn't check the level, as that would turn events off for all other layers too.
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().level() > &self.level {
            return;
        }
        let Some(step) = current() else { return };
        let mut fields = Fields::default();
        event.record(&mut fields);
        step.log(LogLine {
            level: level(*event.metadata().level()),
            target: event.metadata().target().to_owned(),
            message: fields.message,
            fields: fields.others,
        });
    }
}

fn level(level: Level) -> LogLevel {
    match level {
        Level::TRACE => LogLevel::Trace,
        Level::DEBUG => LogLevel::Debug,
        Level::INFO => LogLevel::Info,
        Level::WARN => LogLevel::Warn,
        Level::ERROR => LogLevel::Error,
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: BTreeMap<String, Value>,
}

impl Fields {
    fn insert(&mut self, field: &Field, value: impl Into<Value>) {
        self.others.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.insert(field, format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.insert(field, value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON can't represent the others, as in metadata.
        match value.is_finite() {
            true => self.insert(field, value),
            false => self.insert(field, value.to_string()),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value);
    }

    fn record_error(&mut self, field: &Field, error: &(dyn std::error::Error + 'static)) {
        self.insert(field, chain_of(error).join(": "));
    }
}
