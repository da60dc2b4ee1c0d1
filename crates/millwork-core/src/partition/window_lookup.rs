//! The labels of windows, and the windows that labels mean.

use jiff::Timestamp;
use jiff::tz::AmbiguousOffset;

use super::Calendar;
use super::label::LabelFormat;
use super::time_windows::before;
use crate::problem::Problem;

impl Calendar {
    /// The label of the window that starts at a tick: with the offset if the clock shows the time of another start.
    pub(super) fn label(&self, start: Timestamp) -> String {
        let zoned = start.to_zoned(self.0.zone.clone());
        let plain = self.0.format.plain(&zoned);
        let (one, other) = match self.0.zone.to_ambiguous_timestamp(zoned.datetime()).offset() {
            AmbiguousOffset::Fold { before, after } => (before, after),
            AmbiguousOffset::Gap { .. } | AmbiguousOffset::Unambiguous { .. } => return plain,
        };
        let offset = if zoned.offset() == one { other } else { one };
        let Ok(twin) = offset.to_timestamp(zoned.datetime()) else { return plain };
        let is_start = twin != start && self.0.numbering.is_tick(twin);
        if is_start && self.0.format.plain(&twin.to_zoned(self.0.zone.clone())) == plain {
            let offset = LabelFormat::new("%:z").plain(&zoned);
            return format!("{plain}{offset}");
        }
        plain
    }

    /// The starts of windows whose plain label is a text, at most as many as a message needs.
    fn starts(&self, plain: &str) -> Vec<Timestamp> {
        const ENOUGH: usize = 3;
        let zone = &self.0.zone;
        let instants = |(begin, end)| {
            let earliest = zone.to_ambiguous_timestamp(begin).earlier().ok()?;
            Some((earliest, zone.to_ambiguous_timestamp(end).later().ok()?))
        };
        let Some((from, to)) = self.0.format.period(plain).and_then(instants) else { return Vec::new() };
        let is_labelled = |start: &Timestamp| self.0.format.plain(&start.to_zoned(zone.clone())) == plain;
        let starts = self.timetable().after(before(from)).take_while(|start| *start < to);
        starts.filter(is_labelled).take(ENOUGH).collect()
    }

    /// The index of the window with a label, whether or not the definition has it.
    pub(super) fn index_of_label(&self, label: &str) -> Result<i64, Problem> {
        self.start_of_label(label).map(|start| self.0.numbering.last_at(start))
    }

    /// The start of the window with a label.
    fn start_of_label(&self, label: &str) -> Result<Timestamp, Problem> {
        // What follows the plain label is an offset.
        let signs = label.rmatch_indices(['+', '-']).map(|(at, _)| at).take(3);
        for end in std::iter::once(label.len()).chain(signs) {
            let starts = self.starts(&label[..end]);
            if let Some(start) = starts.iter().find(|start| self.label(**start) == label) {
                return Ok(*start);
            }
            if let [one, other, ..] = starts[..]
                && end == label.len()
            {
                let (one, other) = (self.label(one), self.label(other));
                let problem = Problem::new(format!("the time `{label}` comes twice"));
                return Err(problem.with_hint(format!("write `{one}` or `{other}`")));
            }
        }
        Err(self.unknown(label))
    }

    /// Why a text is no label.
    fn unknown(&self, label: &str) -> Problem {
        let window = self.0.definition.every.window();
        let instant = |time| self.0.zone.to_timestamp(time).ok();
        let meant = label.parse().ok().or_else(|| self.0.format.period(label).map(|(begin, _)| begin));
        let start = meant.and_then(instant).and_then(|instant| self.timetable().previous(instant));
        let example = || self.at_index(self.first_index()).map(|first| first.label().to_owned());
        match start.map(|start| self.label(start)) {
            Some(near) => Problem::new(format!("`{label}` is not the label of {window}"))
                .with_hint(format!("the window at that time is `{near}`")),
            None => Problem::new(format!("`{label}` is not the label of {window}"))
                .with_hint(format!("labels are written as `{}`", example().unwrap_or_default())),
        }
    }

    /// Why labels of the format can't tell windows apart: one is looked for among the first, at the beginnings of months and where clocks change.
    pub(super) fn label_problem(&self) -> Option<Problem> {
        const FIRST: usize = 60;
        const MONTHS: i64 = 14;
        const CHANGES: usize = 8;
        const BESIDE: usize = 3;
        let start = self.0.bounds.start;
        let timetable = self.timetable();
        let month = |month: i64| start.checked_add(jiff::SignedDuration::from_hours(month * 731)).ok();
        let changes = self.0.zone.following(start).map(|change| change.timestamp()).take(CHANGES);
        let beside = changes.chain((1..=MONTHS).filter_map(month)).flat_map(|at| {
            let earlier = timetable.until(at).take(BESIDE).filter(|tick| *tick >= start);
            earlier.chain(timetable.after(at).take(BESIDE)).collect::<Vec<_>>()
        });
        let samples = timetable.after(before(start)).take(FIRST).chain(beside);
        samples.filter(|sample| *sample < self.0.bounds.end).find_map(|sample| self.sample_problem(sample))
    }

    /// Why the label of a window doesn't lead back to it.
    fn sample_problem(&self, start: Timestamp) -> Option<Problem> {
        let label = self.label(start);
        let format = self.0.format.as_str();
        let found = self.start_of_label(&label).ok().filter(|found| *found == start);
        let twins: Vec<Timestamp> = self.starts(&label);
        let message = match (found, &twins[..]) {
            (Some(_), [] | [_]) => return None,
            (_, [one, other, ..]) => format!(
                "with the label format `{format}` two windows are called `{label}`: those that start at {one} and at {other}"
            ),
            (None, [] | [_]) => {
                format!("with the label format `{format}` the window `{label}` isn't found by its label")
            }
        };
        let default = self.0.definition.default_format();
        Some(Problem::new(message).with_hint(format!("write all of the start, as in `{default}`")))
    }
}
