//! Mappings in words, for people who look at a graph, and as code, for hints.

use super::definition::Choice;
use super::link::Link;
use super::nesting;
use super::resolved::Relation;
use super::sides::Sides;
use super::source::Source;
use super::windows::Offsets;
use crate::partition::Calendar;
use crate::partition::dimension::quoted;

/// What a mapping is called.
pub(super) fn of_relation(relation: &Relation, sides: &Sides<'_>) -> String {
    let sources = match relation {
        Relation::Function(_) => return "by a function".to_owned(),
        Relation::Product(sources) => sources,
    };
    let (down, up) = (&sides.downstream.dimensions, &sides.upstream.dimensions);
    if up.is_empty() {
        return "its one value".to_owned();
    }
    if sources.iter().all(|source| matches!(source, Source::All)) {
        return "all partitions".to_owned();
    }
    let pairs = || sources.iter().enumerate();
    if down.len() == up.len() && pairs().all(|(place, source)| same_as(source, place, sides).is_some()) {
        return "the same partition".to_owned();
    }
    match &sources[..] {
        [source] if same_as(source, 0, sides) == Some(up[0].name) => format!("the same `{}`", up[0].name),
        [source] => of_source(source, 0, sides),
        _ => {
            let phrase = |(place, source): (usize, &Source)| {
                format!("`{}`: {}", up[place].name, of_source(source, place, sides))
            };
            pairs().map(phrase).collect::<Vec<_>>().join("; ")
        }
    }
}

/// The downstream dimension whose values an upstream one has; `None` if they are others.
fn same_as<'a>(source: &Source, place: usize, sides: &Sides<'a>) -> Option<&'a str> {
    let Source::From { place: own, link } = source else { return None };
    let (own, up) = (&sides.downstream.dimensions[*own], &sides.upstream.dimensions[place]);
    let is_same = match link {
        Link::SameText => true,
        Link::Windows(offsets) => {
            let calendars = own.values.calendar().zip(up.values.calendar());
            let shares = calendars.is_some_and(|(down, up)| down.timetable() == up.timetable());
            shares && *offsets == Offsets::OVERLAP
        }
        Link::Table(_) | Link::Function(_) => false,
    };
    is_same.then_some(own.name)
}

fn of_source(source: &Source, place: usize, sides: &Sides<'_>) -> String {
    let name = sides.upstream.dimensions[place].name;
    match (same_as(source, place, sides), source) {
        (Some(own), _) if own == name => "the same".to_owned(),
        (Some(own), _) => format!("the same as `{own}`"),
        (None, Source::All) => "all".to_owned(),
        (None, Source::Latest) => "the latest".to_owned(),
        (None, Source::Only(texts)) => format!("only {}", quoted(texts)),
        (None, Source::From { place: own, link }) => {
            let (own, up) = (&sides.downstream.dimensions[*own], &sides.upstream.dimensions[place]);
            match link {
                Link::SameText => "the same".to_owned(),
                Link::Table(_) => format!("by a table of `{}`", own.name),
                Link::Function(_) => format!("by a function of `{}`", own.name),
                Link::Windows(offsets) => {
                    let calendars = own.values.calendar().zip(up.values.calendar());
                    calendars.map_or_else(String::new, |(down, up)| of_windows(*offsets, down, up))
                }
            }
        }
    }
}

fn of_windows(offsets: Offsets, down: &Calendar, up: &Calendar) -> String {
    if down.timetable() == up.timetable() {
        return of_same_windows(offsets, "window", "windows", "it");
    }
    let zone = |calendar: &Calendar| {
        let is_same = down.timetable().zone() == up.timetable().zone();
        if is_same { String::new() } else { format!(" in {}", calendar.timetable().zone()) }
    };
    let ((own, _), (one, several)) = (down.definition().every.nouns(), up.definition().every.nouns());
    let own = format!("the {own}{}", zone(down));
    let (one, several) = (format!("{one}{}", zone(up)), format!("{several}{}", zone(up)));
    let overlap = if nesting::nests(down, up) {
        format!("the {one} of {own}")
    } else if nesting::nests(up, down) {
        format!("the {several} of {own}")
    } else {
        format!("the {several} that overlap {own}")
    };
    match (offsets.from, offsets.to) {
        (0, 0) => overlap,
        (from, 0) if from < 0 => format!("{overlap} and {} before", -i64::from(from)),
        (0, to) if to > 0 => format!("{overlap} and {to} after"),
        (from, to) if from < 0 && to > 0 => {
            format!("{overlap}, {} before and {to} after", -i64::from(from))
        }
        _ => of_same_windows(offsets, &one, &several, &own),
    }
}

/// The windows at a distance from one.
fn of_same_windows(offsets: Offsets, one: &str, several: &str, own: &str) -> String {
    let (from, to) = (i64::from(offsets.from), i64::from(offsets.to));
    let count = to - from + 1;
    match (from, to) {
        (0, 0) => "the same".to_owned(),
        (_, 0) => format!("the {count} {several} up to {own}"),
        (0, _) => format!("the {count} {several} from {own} on"),
        (-1, -1) => format!("the {one} before {own}"),
        (1, 1) => format!("the {one} after {own}"),
        (_, -1) => format!("the {count} {several} before {own}"),
        (1, _) => format!("the {count} {several} after {own}"),
        (from, to) if from == to && to < 0 => format!("the {one} {} before {own}", -from),
        (from, to) if from == to => format!("the {one} {to} after {own}"),
        (from, to) if to < 0 => format!("the {several} from {} to {} before {own}", -from, -to),
        (from, to) if from > 0 => format!("the {several} from {from} to {to} after {own}"),
        (from, to) => format!("the {several} from {} before {own} to {to} after it", -from),
    }
}

/// A choice as authors write it.
pub(super) fn of_choice(choice: &Choice) -> String {
    match choice {
        Choice::Inferred => "Mapping::inferred()".to_owned(),
        Choice::Same => "same()".to_owned(),
        Choice::Overlap => "overlap()".to_owned(),
        Choice::Window { from, to } => format!("window({from}, {to})"),
        Choice::Latest => "latest()".to_owned(),
        Choice::All => "all()".to_owned(),
        Choice::Only(_) => "only([…])".to_owned(),
        Choice::Table(_) => "table([…])".to_owned(),
        Choice::Function(_) => "function(…)".to_owned(),
    }
}
