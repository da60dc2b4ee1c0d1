//! The stored form of a performance: a version, the settings, then rows and measures in few bytes.
//!
//! Keys and times are differences to the row before, whole numbers take as many bytes as they need. Equal performances have equal bytes.
//! Whatever is read is checked, so that any bytes are a performance or an error, and take no more memory than they are worth.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetValue, BoxError, Table as PreviewTable};

use super::config::Settings;
use super::group::Group;
use super::measures::{Coverage, SliceMeasures, Undefined};
use super::state::{Changed, LastFact};
use super::table::Table;
use super::{
    Baseline, Metric, Performance, PerformanceConfig, PredictionCounts, TruthCounts, WindowLength,
    WindowMeasures,
};
use crate::bytes::{Reader, Writer};
use crate::{ModelVersion, MonitorError, Role, RowKey};

const MAGIC: &[u8] = b"MWPERF";

/// The number of the form that is written.
const FORMAT: u8 = 1;

const WINDOW_LENGTHS: [WindowLength; 4] =
    [WindowLength::Hour, WindowLength::Day, WindowLength::Week, WindowLength::Month];

/// The format of a stored [`Performance`].
#[derive(Debug)]
pub enum PerformanceFormat {}

impl<K: RowKey> AssetValue<PerformanceFormat> for Performance<K> {
    const EXTENSION: &'static str = "performance";
    const MEDIA_TYPE: &'static str = "application/vnd.millwork.performance";

    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), BoxError> {
        let mut writer = Writer::default();
        write(self, &mut writer);
        bytes.append(&mut writer.into_bytes());
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Self, BoxError> {
        Ok(read(bytes)?)
    }

    fn preview(bytes: &[u8], rows: usize) -> Result<Option<PreviewTable>, BoxError> {
        Ok(Some(read::<K>(bytes)?.table(rows)))
    }
}

fn write<K: RowKey>(performance: &Performance<K>, writer: &mut Writer) {
    writer.raw(MAGIC);
    writer.byte(FORMAT);
    writer.text(K::TYPE);
    write_config(performance.config(), writer);
    writer.byte(performance.is_class.map_or(0, |is_class| 1 + u8::from(is_class)));
    writer.signed(performance.closed_until);
    writer.byte(u8::from(performance.changed != Changed::Some([].into())));
    writer.count(performance.increments.len());
    performance.increments.iter().for_each(|hash| writer.raw(&hash.to_le_bytes()));
    numbers_of(&performance.prediction_counts).into_iter().for_each(|count| writer.number(count));
    numbers_of_truth(&performance.truth_counts).into_iter().for_each(|count| writer.number(count));
    writer.count(performance.groups.len());
    for ((start, model), group) in &performance.groups {
        writer.signed(*start);
        write_model(model, writer);
        writer.signed(group.end);
        writer.count(group.combinations.len());
        group.combinations.iter().flatten().for_each(|text| writer.text(text));
        write_table(&group.table, writer);
    }
    write_table(&performance.truth, writer);
    writer.count(performance.last_facts.len());
    for (start, LastFact { at, key, value }) in &performance.last_facts {
        writer.signed(*start);
        writer.signed(*at);
        K::write(std::slice::from_ref(key), writer);
        writer.float(*value);
    }
    writer.count(performance.recent.len());
    for (end, hashes) in &performance.recent {
        writer.signed(*end);
        write_ascending(hashes, writer);
    }
    writer.count(performance.finals.len());
    performance.finals.iter().for_each(|measures| write_measures(measures, writer));
    writer.count(performance.open.len());
    performance.open.values().for_each(|measures| write_measures(measures, writer));
}

fn read<K: RowKey>(bytes: &[u8]) -> Result<Performance<K>, MonitorError> {
    let damaged = |problem| move || MonitorError::Damaged { problem };
    let mut reader = Reader::new(bytes);
    if reader.raw(MAGIC.len()) != Some(MAGIC) {
        return Err(damaged("it doesn't begin like one")());
    }
    let format = reader.byte().ok_or_else(damaged("it is cut off"))?;
    if format == 0 || format > FORMAT {
        return Err(MonitorError::Newer { format, newest: FORMAT });
    }
    let stored = reader.text().ok_or_else(damaged("it has no type of keys"))?;
    if stored != K::TYPE {
        return Err(MonitorError::KeyType { stored, expected: K::TYPE });
    }
    let config = read_config(&mut reader).ok_or_else(damaged("its settings are damaged"))?;
    let settings = Settings::of(&config)?;
    let performance = read_state(settings, &mut reader).ok_or_else(damaged("its rows are damaged"))?;
    if reader.is_empty() { Ok(performance) } else { Err(damaged("there are bytes behind it")()) }
}

fn read_state<K: RowKey>(settings: Settings, reader: &mut Reader<'_>) -> Option<Performance<K>> {
    let is_class = match reader.byte()? {
        0 => None,
        1 => Some(false),
        2 => Some(true),
        _ => return None,
    };
    let closed_until = reader.signed()?;
    let changed = if reader.byte()? == 0 { Changed::Some([].into()) } else { Changed::All };
    let hash = |reader: &mut Reader<'_>| Some(u64::from_le_bytes(reader.raw(8)?.try_into().ok()?));
    let increments: Vec<u64> = read_list(reader, hash)?;
    if !increments.is_sorted() {
        return None;
    }
    let prediction_counts = read_prediction_counts(reader)?;
    let truth_counts = read_truth_counts(reader)?;
    let slices = settings.config.slices.len();
    let groups = read_list(reader, |reader| {
        let key = (read_time(reader)?, read_model(reader)?);
        let end = read_time(reader)?;
        let combinations: Vec<Vec<String>> = read_list(reader, |reader| {
            let texts = (0..slices).map(|_| reader.text()).collect::<Option<_>>()?;
            (slices > 0).then_some(texts)
        })?;
        let table = read_table(slices > 0, reader)?;
        let is_known = |&tag: &u32| (tag as usize) < combinations.len();
        table.tags.iter().all(is_known).then(|| (key, Arc::new(Group { end, table, combinations })))
    })?;
    let truth = Arc::new(read_table(false, reader)?);
    let last_facts = read_list(reader, |reader| {
        let (start, at) = (read_time(reader)?, read_time(reader)?);
        let key = K::read(1, reader)?.pop()?;
        Some((start, LastFact { at, key, value: reader.float()? }))
    })?;
    let recent = read_list(reader, |reader| {
        let end = read_time(reader)?;
        Some((end, Arc::new(read_ascending(reader)?)))
    })?;
    let finals = read_list(reader, |reader| Some(Arc::new(read_measures(true, reader)?)))?;
    let open = read_list(reader, |reader| {
        let measures = read_measures(false, reader)?;
        Some(((measures.start.as_microsecond(), measures.model.clone()), Arc::new(measures)))
    })?;
    let has_predictions = prediction_counts != PredictionCounts::default();
    let known_slices = settings.config.slices.iter().filter(|_| has_predictions).cloned().collect();
    Some(Performance {
        settings,
        is_class,
        closed_until,
        increments,
        groups: groups.into_iter().collect(),
        truth,
        last_facts: last_facts.into_iter().collect(),
        recent: recent.into_iter().collect(),
        finals,
        open: open.into_iter().collect(),
        changed,
        prediction_counts,
        truth_counts,
        known_slices,
    })
}

fn read_list<'a, T>(
    reader: &mut Reader<'a>,
    mut read: impl FnMut(&mut Reader<'a>) -> Option<T>,
) -> Option<Vec<T>> {
    let count = reader.count()?;
    // Memory is taken as things are read.
    let mut list = Vec::new();
    for _ in 0..count {
        list.push(read(reader)?);
    }
    list.shrink_to_fit();
    Some(list)
}

/// A time of the calendar.
fn read_time(reader: &mut Reader<'_>) -> Option<i64> {
    let at = reader.signed()?;
    Timestamp::from_microsecond(at).is_ok().then_some(at)
}

/// Writes ascending numbers as differences.
fn write_ascending(numbers: &[u64], writer: &mut Writer) {
    writer.count(numbers.len());
    let mut before = 0;
    for &number in numbers {
        writer.number(number - before);
        before = number;
    }
}

fn read_ascending(reader: &mut Reader<'_>) -> Option<Vec<u64>> {
    let mut before = 0_u64;
    read_list(reader, |reader| {
        before = before.checked_add(reader.number()?)?;
        Some(before)
    })
}

fn write_table<K: RowKey>(table: &Table<K>, writer: &mut Writer) {
    writer.count(table.len());
    K::write(&table.keys, writer);
    let mut before = 0;
    for &at in &table.times {
        writer.signed(at.wrapping_sub(before));
        before = at;
    }
    let is_count = |value: &f64| *value >= 0.0 && *value <= f64::from(u32::MAX) && value.fract() == 0.0;
    let are_counts = table.values.iter().all(is_count);
    writer.byte(u8::from(are_counts));
    for &value in &table.values {
        if are_counts { writer.number(value as u64) } else { writer.float(value) }
    }
    table.tags.iter().for_each(|&tag| writer.number(u64::from(tag)));
}

fn read_table<K: RowKey>(with_tags: bool, reader: &mut Reader<'_>) -> Option<Table<K>> {
    let count = reader.count()?;
    let keys = K::read(count, reader)?;
    let mut before = 0_i64;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        before = before.wrapping_add(reader.signed()?);
        Timestamp::from_microsecond(before).ok()?;
        times.push(before);
    }
    let are_counts = match reader.byte()? {
        0 => false,
        1 => true,
        _ => return None,
    };
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        values.push(if are_counts {
            f64::from(u32::try_from(reader.number()?).ok()?)
        } else {
            reader.float()?
        });
    }
    let tags = if with_tags { count } else { 0 };
    let tags = (0..tags).map(|_| u32::try_from(reader.number()?).ok()).collect::<Option<Vec<u32>>>()?;
    Some(Table { keys, times, values, tags })
}

fn write_config(config: &PerformanceConfig, writer: &mut Writer) {
    writer.byte(position(&WINDOW_LENGTHS, config.window));
    writer.text(&config.time_zone);
    writer.text(&config.matures);
    writer.count(config.metrics.len());
    config.metrics.iter().for_each(|&metric| writer.byte(position(&Metric::ALL, metric)));
    writer.count(config.baselines.len());
    config.baselines.iter().for_each(|&baseline| writer.byte(position(&Baseline::ALL, baseline)));
    writer.count(config.slices.len());
    config.slices.iter().for_each(|column| writer.text(column));
}

fn read_config(reader: &mut Reader<'_>) -> Option<PerformanceConfig> {
    Some(PerformanceConfig {
        window: read_one(&WINDOW_LENGTHS, reader)?,
        time_zone: reader.text()?,
        matures: reader.text()?,
        metrics: read_list(reader, |reader| read_one(&Metric::ALL, reader))?,
        baselines: read_list(reader, |reader| read_one(&Baseline::ALL, reader))?,
        slices: read_list(reader, Reader::text)?,
    })
}

/// The position of one of a few, which is its stored form: they are only added to.
fn position<T: PartialEq + Copy>(all: &[T], one: T) -> u8 {
    all.iter().position(|known| *known == one).expect("all are listed") as u8
}

fn read_one<T: Copy>(all: &[T], reader: &mut Reader<'_>) -> Option<T> {
    all.get(usize::from(reader.byte()?)).copied()
}

fn write_model(model: &ModelVersion, writer: &mut Writer) {
    writer.number(u64::from(model.version.get()));
    writer.text(model.role.as_str());
}

fn read_model(reader: &mut Reader<'_>) -> Option<ModelVersion> {
    let version = VersionNumber::new(u32::try_from(reader.number()?).ok()?)?;
    Some(ModelVersion { version, role: Role::of_alias(&reader.text()?)? })
}

fn write_measures(measures: &WindowMeasures, writer: &mut Writer) {
    writer.signed(measures.start.as_microsecond());
    writer.signed(measures.end.as_microsecond());
    write_model(&measures.model, writer);
    write_coverage(measures.coverage, writer);
    write_metrics(&measures.metrics, writer);
    writer.count(measures.baselines.len());
    for (&baseline, values) in &measures.baselines {
        writer.byte(position(&Baseline::ALL, baseline));
        writer.count(values.len());
        for (&metric, &value) in values {
            writer.byte(position(&Metric::ALL, metric));
            writer.float(value);
        }
    }
    writer.count(measures.slices.len());
    for slice in &measures.slices {
        writer.text(&slice.column);
        writer.text(&slice.value);
        write_coverage(slice.coverage, writer);
        write_metrics(&slice.metrics, writer);
    }
    writer.number(measures.slices_left_out);
}

fn read_measures(is_final: bool, reader: &mut Reader<'_>) -> Option<WindowMeasures> {
    let time = |reader: &mut Reader<'_>| Timestamp::from_microsecond(reader.signed()?).ok();
    Some(WindowMeasures {
        start: time(reader)?,
        end: time(reader)?,
        model: read_model(reader)?,
        is_final,
        coverage: read_coverage(reader)?,
        metrics: read_metrics(reader)?,
        baselines: read_list(reader, |reader| {
            let baseline = read_one(&Baseline::ALL, reader)?;
            let value = |reader: &mut Reader<'_>| Some((read_one(&Metric::ALL, reader)?, reader.float()?));
            Some((baseline, read_list(reader, value)?.into_iter().collect()))
        })?
        .into_iter()
        .collect(),
        slices: read_list(reader, |reader| {
            Some(SliceMeasures {
                column: reader.text()?,
                value: reader.text()?,
                coverage: read_coverage(reader)?,
                metrics: read_metrics(reader)?,
            })
        })?,
        slices_left_out: reader.number()?,
    })
}

fn write_coverage(coverage: Coverage, writer: &mut Writer) {
    writer.number(coverage.expected);
    writer.number(coverage.matched);
}

fn read_coverage(reader: &mut Reader<'_>) -> Option<Coverage> {
    Some(Coverage { expected: reader.number()?, matched: reader.number()? })
}

fn write_metrics(metrics: &BTreeMap<Metric, Result<f64, Undefined>>, writer: &mut Writer) {
    writer.count(metrics.len());
    for (&metric, value) in metrics {
        writer.byte(position(&Metric::ALL, metric));
        match value {
            Ok(value) => {
                writer.byte(1);
                writer.float(*value);
            }
            Err(Undefined(reason)) => {
                writer.byte(0);
                writer.text(reason);
            }
        }
    }
}

fn read_metrics(reader: &mut Reader<'_>) -> Option<BTreeMap<Metric, Result<f64, Undefined>>> {
    let metrics = read_list(reader, |reader| {
        let metric = read_one(&Metric::ALL, reader)?;
        let value = match reader.byte()? {
            0 => Err(Undefined(reader.text()?)),
            1 => Ok(reader.float()?),
            _ => return None,
        };
        Some((metric, value))
    })?;
    Some(metrics.into_iter().collect())
}

fn numbers_of(counts: &PredictionCounts) -> [u64; 6] {
    let PredictionCounts { new, corrected, repeated, outdated, contradicting, late } = *counts;
    [new, corrected, repeated, outdated, contradicting, late]
}

fn read_prediction_counts(reader: &mut Reader<'_>) -> Option<PredictionCounts> {
    Some(PredictionCounts {
        new: read_count(reader)?,
        corrected: read_count(reader)?,
        repeated: read_count(reader)?,
        outdated: read_count(reader)?,
        contradicting: read_count(reader)?,
        late: read_count(reader)?,
    })
}

fn numbers_of_truth(counts: &TruthCounts) -> [u64; 7] {
    let TruthCounts { new, corrected, repeated, outdated, contradicting, late, unknown } = *counts;
    [new, corrected, repeated, outdated, contradicting, late, unknown]
}

fn read_truth_counts(reader: &mut Reader<'_>) -> Option<TruthCounts> {
    Some(TruthCounts {
        new: read_count(reader)?,
        corrected: read_count(reader)?,
        repeated: read_count(reader)?,
        outdated: read_count(reader)?,
        contradicting: read_count(reader)?,
        late: read_count(reader)?,
        unknown: read_count(reader)?,
    })
}

/// A count that can be added to.
fn read_count(reader: &mut Reader<'_>) -> Option<u64> {
    reader.number().filter(|&count| count <= u64::MAX / 2)
}
