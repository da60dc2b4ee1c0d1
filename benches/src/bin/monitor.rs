//! Times the join of predictions with what came later: ten million rows, and one day on top of a year; with the
//! processor time and the memory that it takes. `year`, `days` or `once` as an argument asks for one case.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Error, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use millwork_core::AssetValue as _;
use millwork_core::version::VersionNumber;
use millwork_monitor::{
    Baseline, GroundTruth, Metric, ModelVersion, Performance, PerformanceConfig, PredictionSource,
    Predictions, Role,
};

const ROWS: u64 = 10_000_000;
/// The days after which a window is final.
const DAYS: u64 = 14;
/// The predictions of a day, so that a year has ten million.
const OF_A_DAY: u64 = ROWS / 365;

fn main() -> Result<()> {
    let only = std::env::args().nth(1);
    let is_asked_for = |case: &str| only.as_deref().is_none_or(|only| only == case);
    if is_asked_for("year") {
        let (cost, decoded, encoded, size) = year()?;
        print("a day (27,397 rows) on top of a year", &cost, "100 ms");
        println!("{:44} {:8.1} ms", "  reading the previous value", millis(decoded));
        println!("{:44} {:8.1} ms, {:.1} MB", "  writing the next one", millis(encoded), size as f64 / 1e6);
    }
    if is_asked_for("days") {
        print("10 M joined, 14 open days, a step a day", &over_days(ROWS / DAYS)?, "5 s, 500 MB");
    }
    if is_asked_for("once") {
        print("10 M joined, one step", &at_once()?, "");
    }
    Ok(())
}

/// The duration of a case, the processor time of all threads in it, and the most memory that the process had, besides what it had before.
struct Cost {
    duration: Duration,
    processor: Duration,
    memory: u64,
}

fn print(case: &str, cost: &Cost, aim: &str) {
    let [duration, processor] = [cost.duration, cost.processor].map(millis);
    let memory = cost.memory as f64 / 1e6;
    println!("{case:44} {duration:8.1} ms   processor {processor:8.1} ms   {memory:6.0} MB   aim {aim}");
}

/// The time since an instant, and the processor time since then.
struct Stopwatch {
    started: Instant,
    processor: Duration,
}

impl Stopwatch {
    fn start() -> Result<Self> {
        Ok(Self { started: Instant::now(), processor: processor_time()? })
    }

    fn stop(&self) -> Result<(Duration, Duration)> {
        Ok((self.started.elapsed(), processor_time()?.saturating_sub(self.processor)))
    }
}

/// What all threads of the process have computed.
fn processor_time() -> Result<Duration> {
    let mut nanoseconds = 0;
    for thread in std::fs::read_dir("/proc/self/task")? {
        let times = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        let running = times.split_whitespace().next().context("no time")?;
        nanoseconds += running.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn config() -> PerformanceConfig {
    PerformanceConfig {
        metrics: vec![Metric::MeanAbsoluteError, Metric::RootMeanSquaredError, Metric::MeanPoissonDeviance],
        baselines: vec![Baseline::Median, Baseline::LastKnown],
        ..PerformanceConfig::default()
    }
}

fn at(day: u64, hour: i64) -> Result<Timestamp> {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    Ok(start + SignedDuration::from_hours(24 * i64::try_from(day)? + hour))
}

/// A number that looks random (the last step of SplitMix64).
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn actual(key: u64) -> u32 {
    (mixed(key ^ 1) % 500) as u32
}

/// The keys of a day, in no order.
fn keys(day: u64, of_a_day: u64) -> impl Iterator<Item = u64> {
    (day * of_a_day..(day + 1) * of_a_day).map(mixed)
}

fn predictions(day: u64, keys: impl Iterator<Item = u64>) -> Result<Predictions<u64, f64>> {
    let keys: Vec<u64> = keys.collect();
    let values = keys
        .iter()
        .map(|&key| f64::from(actual(key)) + 0.5 + (mixed(key ^ 2) % 64) as f64 / 7.0)
        .collect::<Vec<_>>();
    let model = ModelVersion { version: VersionNumber::FIRST, role: Role::champion() };
    Ok(Predictions::new(PredictionSource { model, at: at(day, 6)? }, keys, values)?)
}

/// What comes on a day: of each of the last fourteen, a fourteenth.
fn truth(day: u64, of_a_day: u64) -> Result<GroundTruth<u64, u32>> {
    let days = (day + 1).saturating_sub(DAYS)..=day;
    let comes = |from: u64| keys(from, of_a_day).filter(move |key| mixed(key ^ 3) % DAYS == day - from);
    let keys: Vec<u64> = days.flat_map(comes).collect();
    let values: Vec<u32> = keys.iter().map(|&key| actual(key)).collect();
    Ok(GroundTruth::new(at(day, 18)?, keys, values)?)
}

fn step(
    performance: Performance<u64>,
    day: u64,
    predictions: &Predictions<u64, f64>,
    truth: &GroundTruth<u64, u32>,
) -> Result<Performance<u64>> {
    Ok(performance.predictions(predictions)?.ground_truth(truth)?.evaluate(at(day, 23)?)?)
}

/// Steps of fourteen days; what they add is not part of the time.
fn over_days(of_a_day: u64) -> Result<Cost> {
    let before = begin()?;
    let (mut duration, mut processor) = (Duration::ZERO, Duration::ZERO);
    let mut performance = Performance::new(&config())?;
    for day in 0..DAYS {
        let (predictions, truth) = (predictions(day, keys(day, of_a_day))?, truth(day, of_a_day)?);
        let stopwatch = Stopwatch::start()?;
        performance = step(performance, day, &predictions, &truth)?;
        let took = stopwatch.stop()?;
        (duration, processor) = (duration + took.0, processor + took.1);
    }
    ensure!(performance.open_rows() as u64 == DAYS * of_a_day, "all windows are open");
    Ok(Cost { duration, processor, memory: peak()?.saturating_sub(before) })
}

/// One step with one materialization of each; their memory counts.
fn at_once() -> Result<Cost> {
    let before = begin()?;
    let predictions = predictions(0, keys(0, ROWS))?;
    let keys: Vec<u64> = predictions.keys().to_vec();
    let values: Vec<u32> = keys.iter().map(|&key| actual(key)).collect();
    let truth = GroundTruth::new(at(0, 18)?, keys, values)?;
    let stopwatch = Stopwatch::start()?;
    let performance = step(Performance::new(&config())?, 0, &predictions, &truth)?;
    let (duration, processor) = stopwatch.stop()?;
    let measures = performance.windows().next().context("a window")?;
    ensure!(measures.coverage.matched == ROWS, "all rows are matched");
    Ok(Cost { duration, processor, memory: peak()?.saturating_sub(before) })
}

/// The last of a year of days, as a step does it: read, continue, write. The median of ten.
fn year() -> Result<(Cost, Duration, Duration, usize)> {
    let before = begin()?;
    let mut stored = Vec::new();
    Performance::<u64>::new(&config())?.encode(&mut stored).map_err(Error::from_boxed)?;
    let (mut steps, mut reads, mut writes) = (Vec::new(), Vec::new(), Vec::new());
    let mut computed = Vec::new();
    for day in 0..365 {
        let (predictions, truth) = (predictions(day, keys(day, OF_A_DAY))?, truth(day, OF_A_DAY)?);
        let started = Instant::now();
        let previous = Performance::<u64>::decode(&stored).map_err(Error::from_boxed)?;
        reads.push(started.elapsed());
        let stopwatch = Stopwatch::start()?;
        let next = step(Performance::continued(Some(&previous), &config())?, day, &predictions, &truth)?;
        let (duration, processor) = stopwatch.stop()?;
        steps.push(duration);
        computed.push(processor);
        let output = next.output();
        stored.clear();
        let started = Instant::now();
        output.value.encode(&mut stored).map_err(Error::from_boxed)?;
        writes.push(started.elapsed());
    }
    let median = |times: &[Duration]| {
        let mut last = times[times.len() - 10..].to_vec();
        last.sort();
        last[5]
    };
    let (duration, processor) = (median(&steps), median(&computed));
    let cost = Cost { duration, processor, memory: peak()?.saturating_sub(before) };
    Ok((cost, median(&reads), median(&writes), stored.len()))
}

/// Forgets the most memory that the process had, and returns what it has.
fn begin() -> Result<u64> {
    std::fs::write("/proc/self/clear_refs", "5").context("failed to reset the peak of the memory")?;
    memory("VmRSS:")
}

fn peak() -> Result<u64> {
    memory("VmHWM:")
}

/// A line of the process's status, in bytes.
fn memory(name: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}
