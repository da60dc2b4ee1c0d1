//! The partitions on the page of an asset: shares of their statuses along a dimension, a grid of two dimensions, filters, and a page of them.

use std::ops::RangeInclusive;

use millwork_core::asset_status::{AssetHealth, PartitionHealth, PartitionSets};
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::partition::{Axis, IndexSet, KeyIndex, KeySet, KeySpace};
use millwork_core::{Advice as _, AssetStatus, KeyMoment};
use millwork_draw::graph::symbol;
use millwork_draw::plot::{ShareColumn, shares};
use millwork_storage::StorageError;

use crate::state::AppState;

/// The maximum numbers of columns of the strip, of cells in place of it, and of partitions on a page.
const COLUMNS: u64 = 200;
const CELLS: u64 = 60;
const LISTED: u64 = 50;
/// The maximum numbers of columns and rows of the grid.
const GRID: (u64, u64) = (31, 20);
/// The maximum number of texts to choose one from; where there are more, it is written.
const CHOICES: u64 = 100;

/// The partitions as the page shows them.
pub(super) struct Partitions {
    /// The number of all that there are.
    pub(super) all: u64,
    /// The number of those that the filters leave.
    pub(super) found: u64,
    /// How many have each status, with the address that leaves only those.
    pub(super) counts: Vec<(&'static str, u64, String)>,
    pub(super) filters: Vec<Filter>,
    pub(super) is_filtered: bool,
    /// Why the filters can't be used.
    pub(super) problem: Option<String>,
    pub(super) state: String,
    /// Few partitions, one by one.
    pub(super) cells: Vec<Cell>,
    pub(super) strip: Option<Strip>,
    pub(super) grid: Option<Grid>,
    pub(super) rows: Vec<Row>,
    /// The number of the first row, from 1 on.
    pub(super) first: u64,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
}

/// The filter of a dimension.
pub(super) struct Filter {
    pub(super) name: String,
    pub(super) parameter: String,
    pub(super) value: String,
    /// The texts to choose from; none where a value is written.
    pub(super) choices: Vec<String>,
    pub(super) example: String,
}

/// A partition with its status.
pub(super) struct Cell {
    pub(super) label: String,
    pub(super) link: String,
    pub(super) state: &'static str,
    pub(super) symbol: char,
    pub(super) is_chosen: bool,
}

/// The shares of the statuses along a dimension.
pub(super) struct Strip {
    pub(super) dimension: String,
    pub(super) svg: String,
    pub(super) first: String,
    pub(super) last: String,
}

/// Partitions by two dimensions.
pub(super) struct Grid {
    pub(super) rows_name: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<(String, Vec<Option<Cell>>)>,
    pub(super) earlier: Option<String>,
    pub(super) later: Option<String>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

/// A partition in detail.
pub(super) struct Row {
    pub(super) label: String,
    pub(super) link: String,
    pub(super) state: &'static str,
    pub(super) last: String,
    pub(super) because: String,
}

/// What of the partitions is asked for, by the parameters of the page. Others are kept.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct PartitionQuery {
    /// By the name of a dimension, the part of a set that it is filtered by.
    within: Vec<(String, String)>,
    state: String,
    page: u64,
    column: Option<u64>,
    row: u64,
    kept: String,
}

/// What the parameter of a dimension's filter begins with.
const WITHIN: &str = "in.";

impl PartitionQuery {
    /// The parameters of an address.
    pub(in super::super) fn new(parameters: &[(String, String)]) -> Self {
        let mut query = Self::default();
        for (name, value) in parameters {
            let number = || value.parse::<u64>().unwrap_or_default();
            match (name.as_str(), name.strip_prefix(WITHIN)) {
                (_, Some(dimension)) if !value.trim().is_empty() => {
                    query.within.push((dimension.to_owned(), value.trim().to_owned()));
                }
                ("state", _) => query.state.clone_from(value),
                ("page", _) => query.page = number(),
                ("column", _) => query.column = Some(number()),
                ("row", _) => query.row = number(),
                _ => {}
            }
        }
        query
    }

    fn of(&self, dimension: &str) -> &str {
        let found = self.within.iter().find(|(name, _)| name == dimension);
        found.map_or("", |(_, value)| value)
    }

    fn status(&self) -> Option<AssetStatus> {
        AssetStatus::ALL.into_iter().find(|status| status.as_str() == self.state)
    }

    /// The address of the page with these parameters.
    fn address(&self) -> String {
        let mut pairs: Vec<(String, String)> = Vec::new();
        pairs.extend(self.within.iter().map(|(name, value)| (format!("{WITHIN}{name}"), value.clone())));
        let numbers = [("page", Some(self.page)), ("column", self.column), ("row", Some(self.row))];
        pairs.extend((!self.state.is_empty()).then(|| ("state".to_owned(), self.state.clone())));
        let numbers = numbers.into_iter().filter_map(|(name, number)| {
            let number = number.filter(|number| *number > 0 || name == "column")?;
            Some((name.to_owned(), number.to_string()))
        });
        pairs.extend(numbers);
        let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
        format!("?{query}{}#partitions", self.kept)
    }

    /// The same from the first page on, with another filter of a dimension.
    fn with(&self, dimension: &str, value: String) -> Self {
        let mut query = Self { page: 0, column: None, row: 0, ..self.clone() };
        query.within.retain(|(name, _)| name != dimension);
        query.within.push((dimension.to_owned(), value));
        query
    }

    /// The keys that the filters of the dimensions leave, or why they can't be used.
    fn keys(&self, space: &KeySpace) -> Result<KeySet, String> {
        if self.within.is_empty() {
            return Ok(space.all());
        }
        let parts: Vec<&str> = space.names().map(|name| self.of(name)).collect();
        let parts: Vec<&str> =
            parts.into_iter().map(|part| if part.is_empty() { "*" } else { part }).collect();
        space.set(&parts.join("|")).map_err(|problem| problem.one_line())
    }
}

/// The partitions of an asset; `None` if it has none. `chosen` is the one whose page it is, and `kept` what its address has beside.
pub(super) async fn partitions(
    state: &AppState,
    (asset, health): (AssetIndex, &AssetHealth),
    query: &PartitionQuery,
    (chosen, kept): (&str, String),
    moment: &KeyMoment,
) -> Result<Option<Partitions>, StorageError> {
    let sets = &health.partitions;
    if !sets.is_partitioned() {
        return Ok(None);
    }
    let query = PartitionQuery { kept, ..query.clone() };
    let graph = state.pipeline.graph();
    let (within, problem) = match query.keys(sets.space()) {
        Ok(within) => (within.intersection(sets.all()), None),
        Err(problem) => (sets.all().clone(), Some(problem)),
    };
    let shown = query.status().map_or_else(|| within.clone(), |status| sets.of(status).intersection(&within));
    let found = shown.count();
    let last_page = found.saturating_sub(1) / LISTED;
    let page = query.page.min(last_page);
    let keys = shown.page(page * LISTED, LISTED as usize);
    let view = View { graph, asset, sets, moment, query: &query, chosen };
    let other_page = |page| PartitionQuery { page, ..query.clone() }.address();
    let (is_few, is_filtered) = (found <= CELLS, !query.within.is_empty() || query.status().is_some());
    let grid = view.grid(&within);
    // Few cells say enough.
    let rows = if is_few && grid.is_none() && !is_filtered {
        Vec::new()
    } else {
        state.status_cache.partitions(graph, &*state.store, asset, &keys).await?
    };
    Ok(Some(Partitions {
        all: sets.all().count(),
        found,
        counts: view.counts(&within),
        filters: view.filters(),
        is_filtered,
        problem,
        cells: if is_few && grid.is_none() { view.cells(&shown) } else { Vec::new() },
        strip: if is_few { None } else { view.strip(&within) },
        grid,
        rows: rows.iter().map(|partition| view.row(partition)).collect(),
        first: page * LISTED + 1,
        previous: page.checked_sub(1).map(other_page),
        next: (page < last_page).then(|| other_page(page + 1)),
        state: query.state.clone(),
    }))
}

/// What the parts of the view are made of.
struct View<'a> {
    graph: &'a AssetGraph,
    asset: AssetIndex,
    sets: &'a PartitionSets,
    moment: &'a KeyMoment,
    query: &'a PartitionQuery,
    chosen: &'a str,
}

impl View<'_> {
    fn counts(&self, within: &KeySet) -> Vec<(&'static str, u64, String)> {
        let count = |status: AssetStatus| {
            let count = self.sets.of(status).intersection(within).count();
            let query = PartitionQuery { page: 0, state: status.as_str().to_owned(), ..self.query.clone() };
            (status.as_str(), count, query.address())
        };
        AssetStatus::ALL.into_iter().rev().map(count).filter(|(_, count, _)| *count > 0).collect()
    }

    fn filters(&self) -> Vec<Filter> {
        if self.sets.is_external() {
            return Vec::new();
        }
        let space = self.sets.space();
        let filter = |(place, name): (usize, &str)| {
            let texts = match space.axis(name) {
                Some(Axis::Texts(texts)) => Some(texts),
                Some(Axis::Windows(_)) | None => None,
            };
            let choices = texts.filter(|texts| texts.present().count() <= CHOICES);
            let choices = choices.into_iter().flat_map(|texts| texts.present().iter());
            let all = self.sets.all().indexes(place);
            let example = all.first().zip(all.last()).map(|(first, last)| match texts {
                Some(_) => space.text_of(place, first),
                None => range_text(space, place, &(first..=last)),
            });
            Filter {
                name: name.to_owned(),
                parameter: format!("{WITHIN}{name}"),
                value: self.query.of(name).to_owned(),
                choices: choices.map(|index| space.text_of(place, index)).collect(),
                example: example.unwrap_or_default(),
            }
        };
        space.names().enumerate().map(filter).collect()
    }

    fn cells(&self, keys: &KeySet) -> Vec<Cell> {
        let keys = keys.next(None, usize::MAX);
        keys.iter().filter_map(|index| self.cell(index)).collect()
    }

    fn cell(&self, index: &KeyIndex) -> Option<Cell> {
        let status = self.sets.status(index)?;
        let partition = self.sets.partition_at(index)?;
        let label = partition.label().to_owned();
        let written = self.graph.written_partition(self.asset, &partition, self.moment);
        let is_chosen = written == self.chosen;
        let link = self.link(&written);
        Some(Cell { label, link, state: status.as_str(), symbol: symbol(status), is_chosen })
    }

    /// The address of a partition's page.
    fn link(&self, written: &str) -> String {
        let query = serde_urlencoded::to_string([("partition", written)]).unwrap_or_default();
        format!("?{query}{}", self.query.kept)
    }

    /// The dimension along which there are most: time, if there is any.
    fn main_dimension(&self) -> (usize, String) {
        let space = self.sets.space();
        let is_time = |name: &str| matches!(space.axis(name), Some(Axis::Windows(_)));
        let time = space.names().enumerate().find(|(_, name)| is_time(name));
        let longest =
            space.names().enumerate().max_by_key(|(place, _)| self.sets.all().indexes(*place).count());
        time.or(longest).map_or_else(Default::default, |(place, name)| (place, name.to_owned()))
    }

    fn strip(&self, within: &KeySet) -> Option<Strip> {
        let space = self.sets.space();
        let (place, dimension) = self.main_dimension();
        let ranges = within.indexes(place).ranges(COLUMNS);
        let (first, last) = (ranges.first()?.start(), ranges.last()?.end());
        let of_status = AssetStatus::ALL
            .map(|status| self.sets.of(status).intersection(within).counts_along(place, &ranges));
        let mut before = 0;
        let column = |(at, range): (usize, &RangeInclusive<i64>)| {
            let counts = of_status.each_ref().map(|counts| counts[at]);
            let named = AssetStatus::ALL.iter().zip(counts).rev().filter(|(_, count)| *count > 0);
            let named: Vec<String> = named.map(|(status, count)| format!("{count} {status}")).collect();
            let is_one = range.start() == range.end() && space.names().count() == 1;
            let cell = if is_one { self.cell(&vec![*range.start()]) } else { None };
            let link = match (cell, part_text(space, place, range)) {
                (Some(cell), _) => cell.link,
                (None, Some(part)) => self.query.with(&dimension, part).address(),
                // Many texts lie on pages one after the other.
                (None, None) => PartitionQuery { page: before / LISTED, ..self.query.clone() }.address(),
            };
            before += counts.iter().sum::<u64>();
            let title = format!("{}: {}", range_text(space, place, range), named.join(", "));
            ShareColumn { counts, title, link }
        };
        let columns: Vec<ShareColumn> = ranges.iter().enumerate().map(column).collect();
        Some(Strip {
            svg: shares(&format!("Partitions by {dimension}"), &columns),
            first: space.text_of(place, *first),
            last: space.text_of(place, *last),
            dimension,
        })
    }

    /// The grid of two dimensions, if those are all that have several values: the one with time has the columns.
    fn grid(&self, within: &KeySet) -> Option<Grid> {
        let space = self.sets.space();
        let dimensions = space.names().count();
        if dimensions < 2 {
            return None;
        }
        let indexes: Vec<IndexSet> = (0..dimensions).map(|place| within.indexes(place)).collect();
        let several: Vec<usize> = (0..dimensions).filter(|place| indexes[*place].count() > 1).collect();
        let (across, _) = self.main_dimension();
        let down = match several[..] {
            [one, other] if one == across => other,
            [one, other] if other == across => one,
            _ => return None,
        };
        let count = indexes[across].count();
        // The last columns are the newest.
        let last = count.saturating_sub(GRID.0);
        let (left, top) = (self.query.column.unwrap_or(last).min(last), self.query.row);
        let top = top.min(indexes[down].count().saturating_sub(1));
        let columns = KeySet::product([indexes[across].clone()]).page(left, GRID.0 as usize);
        let rows = KeySet::product([indexes[down].clone()]).page(top, GRID.1 as usize);
        let row = |row: &KeyIndex| {
            let cells = columns.iter().map(|column| {
                let mut key: KeyIndex = indexes.iter().filter_map(IndexSet::first).collect();
                (key[across], key[down]) = (column[0], row[0]);
                self.cell(&key).filter(|_| within.contains(&key))
            });
            (space.text_of(down, row[0]), cells.collect())
        };
        let at = |column: u64, row: u64| {
            PartitionQuery { column: Some(column), row, ..self.query.clone() }.address()
        };
        let is_after = top + GRID.1 < indexes[down].count();
        Some(Grid {
            rows_name: space.names().nth(down).unwrap_or_default().to_owned(),
            columns: columns.iter().map(|column| space.text_of(across, column[0])).collect(),
            rows: rows.iter().map(row).collect(),
            earlier: (left > 0).then(|| at(left.saturating_sub(GRID.0), top)),
            later: (left < last).then(|| at(left + GRID.0, top)),
            before: (top > 0).then(|| at(left, top.saturating_sub(GRID.1))),
            after: is_after.then(|| at(left, top + GRID.1)),
        })
    }

    fn row(&self, partition: &PartitionHealth) -> Row {
        let key = partition.partition.as_ref();
        let written = key.map(|key| self.graph.written_partition(self.asset, key, self.moment));
        let checks = partition.failing_checks.iter().map(|check| format!("its check `{check}` failed"));
        let because: Vec<String> = partition.reasons().chain(checks).take(3).collect();
        Row {
            label: key.map(|key| key.label().to_owned()).unwrap_or_default(),
            link: self.link(&written.unwrap_or_default()),
            state: partition.status.as_str(),
            last: partition.last_materialized_at.map(|at| at.to_string()).unwrap_or_default(),
            because: because.join("; "),
        }
    }
}

/// Some values of a dimension that lie beside each other, by the first and the last.
fn range_text(space: &KeySpace, place: usize, range: &RangeInclusive<i64>) -> String {
    let (first, last) = (space.text_of(place, *range.start()), space.text_of(place, *range.end()));
    if first == last { first } else { format!("{first}..{last}") }
}

/// The part of a set that some values of a dimension are: a range of windows, or a list of texts; `None` for too many texts.
fn part_text(space: &KeySpace, place: usize, range: &RangeInclusive<i64>) -> Option<String> {
    const MOST: u64 = 20;
    match space.axis(space.names().nth(place)?)? {
        Axis::Windows(_) => Some(range_text(space, place, range)),
        Axis::Texts(texts) => {
            let between = texts.present().intersection(&IndexSet::from(range.clone()));
            let list =
                || between.iter().map(|index| space.text_of(place, index)).collect::<Vec<_>>().join(",");
            (between.count() <= MOST).then(list)
        }
    }
}
