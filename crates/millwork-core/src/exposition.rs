//! Numbers in the text format of Prometheus (version 0.0.4).
//!
//! The format has rules that text made by hand breaks easily: a metric's `HELP` and `TYPE` come once, before its samples; the samples
//! of one metric stand together; label values and help texts are escaped, each in its own way. Here the order of calls is the
//! order of lines, so a metric that is begun is described, and has to be filled before the next one begins.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::fmt::Write as _;

/// A text that metrics are written to, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Exposition {
    text: String,
}

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// It only grows, until its process ends.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How many observations are no larger than each of several bounds.
    Histogram,
}

/// A metric that has been described, and takes samples.
#[derive(Debug)]
pub struct Samples<'a> {
    text: &'a mut String,
    name: &'a str,
}

/// Observations, counted by size.
#[derive(Clone, Copy, Debug)]
pub struct Histogram<'a> {
    /// The bounds in rising order, each with the number of observations that are no larger.
    pub buckets: &'a [(f64, u64)],
    /// The sum of all observations.
    pub sum: f64,
    /// The number of all observations.
    pub count: u64,
}

impl MetricKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

impl Exposition {
    /// Describes a counter; its samples follow. By convention, its name ends with `_total`.
    pub fn counter<'a>(&'a mut self, name: &'a str, help: &str) -> Samples<'a> {
        self.metric(name, MetricKind::Counter, help)
    }

    /// Describes a gauge; its samples follow.
    pub fn gauge<'a>(&'a mut self, name: &'a str, help: &str) -> Samples<'a> {
        self.metric(name, MetricKind::Gauge, help)
    }

    /// Writes a histogram.
    pub fn histogram(&mut self, name: &str, help: &str, histogram: Histogram<'_>) {
        let Histogram { buckets, sum, count } = histogram;
        let text = self.metric(name, MetricKind::Histogram, help).text;
        let bucket = format!("{name}_bucket");
        for (bound, within) in buckets {
            write_sample(text, &bucket, &[("le", &bound.to_string())], *within as f64);
        }
        write_sample(text, &bucket, &[("le", "+Inf")], count as f64);
        write_sample(text, &format!("{name}_sum"), &[], sum);
        write_sample(text, &format!("{name}_count"), &[], count as f64);
    }

    /// The text written so far.
    pub fn into_text(self) -> String {
        self.text
    }

    fn metric<'a>(&'a mut self, name: &'a str, kind: MetricKind, help: &str) -> Samples<'a> {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {}", kind.as_str());
        Samples { text: &mut self.text, name }
    }
}

impl Samples<'_> {
    /// Writes the metric's only sample.
    pub fn value(self, value: f64) {
        write_sample(self.text, self.name, &[], value);
    }

    /// Writes one of several samples, which differ in their labels: names with values.
    pub fn labelled(&mut self, labels: &[(&str, &str)], value: f64) {
        write_sample(self.text, self.name, labels, value);
    }
}

fn write_sample(text: &mut String, name: &str, labels: &[(&str, &str)], value: f64) {
    let label = |(name, value): &(&str, &str)| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        format!("{name}=\"{value}\"")
    };
    let labels: Vec<String> = labels.iter().map(label).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let _ = writeln!(text, "{name}{labels} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sample: its series, the values of its labels without escapes, and its number.
    type Sample = (String, Vec<(String, String)>, f64);

    /// Reads a text line by line, as Prometheus does.
    fn read(text: &str) -> Vec<Sample> {
        let (mut described, mut samples) = (Vec::<(String, String)>::new(), Vec::new());
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(described_now) = line.strip_prefix("# HELP ") {
                let (name, help) = described_now.split_once(' ').expect("a name and a text");
                assert!(!help.is_empty() && described.iter().all(|(known, _)| known != name), "{line}");
                let kind = lines.next().and_then(|line| line.strip_prefix(&format!("# TYPE {name} ")[..]));
                described.push((name.to_owned(), kind.expect("the type follows").to_owned()));
                continue;
            }
            let (series, value) = line.rsplit_once(' ').expect("a series and a number");
            let (name, labels) = match series.split_once('{') {
                Some((name, labels)) => (name, read_labels(labels.strip_suffix('}').expect("a bracket"))),
                None => (series, Vec::new()),
            };
            let is_of_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
            assert!(name.chars().all(is_of_name), "{line}");
            let (metric, kind) = described.last().expect("samples of what was described");
            let suffixes = match kind.as_str() {
                "histogram" => &["_bucket", "_sum", "_count"][..],
                _ => &[""],
            };
            assert!(suffixes.iter().any(|suffix| name == format!("{metric}{suffix}")), "{line}");
            samples.push((name.to_owned(), labels, value.parse().expect("a number")));
        }
        samples
    }

    fn read_labels(mut text: &str) -> Vec<(String, String)> {
        let mut labels = Vec::new();
        while let Some((name, rest)) = text.split_once("=\"") {
            let (mut value, mut characters) = (String::new(), rest.char_indices());
            let end = loop {
                match characters.next().expect("a quotation mark") {
                    (at, '"') => break at,
                    (_, '\\') => match characters.next().expect("what is escaped").1 {
                        'n' => value.push('\n'),
                        other => value.push(other),
                    },
                    (_, other) => value.push(other),
                }
            };
            labels.push((name.to_owned(), value));
            text = rest[end + 1..].trim_start_matches(',');
        }
        labels
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut exposition = Exposition::default();
        exposition.gauge("bytes", "Size").value(1.5);
        let mut slots = exposition.gauge("slots", "Slots of a \\pool\\,\nby name");
        let odd = "a \"pool\" \\ of\n{two}, lines";
        slots.labelled(&[("pool", odd), ("kind", "cpu")], 2.0);
        slots.labelled(&[("pool", "")], 0.0);
        exposition.counter("runs_total", "Runs").value(3.0);
        let buckets = [(0.005, 0), (0.5, 2)];
        let histogram = Histogram { buckets: &buckets, sum: 10.25, count: 3 };
        exposition.histogram("late_seconds", "Lateness", histogram);
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [
            ("bytes", vec![], 1.5),
            ("slots", vec![label("pool", odd), label("kind", "cpu")], 2.0),
            ("slots", vec![label("pool", "")], 0.0),
            ("runs_total", vec![], 3.0),
            ("late_seconds_bucket", vec![label("le", "0.005")], 0.0),
            ("late_seconds_bucket", vec![label("le", "0.5")], 2.0),
            ("late_seconds_bucket", vec![label("le", "+Inf")], 3.0),
            ("late_seconds_sum", vec![], 10.25),
            ("late_seconds_count", vec![], 3.0),
        ];
        let expected = expected.map(|(name, labels, value)| (name.to_owned(), labels, value));
        assert_eq!(read(&exposition.into_text()), expected);
    }
}
