//! Output without what differs from run to run: ids, moments, durations, sizes, processes, lines of source, widths of columns.

/// Replaces, in every line, what differs from run to run.
pub(crate) fn normal(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let indent = line.len() - line.trim_start().len();
        let words = line.split_whitespace().map(word);
        let columns = columns(line.trim_start());
        let line: String = words.zip(columns).map(|(word, gap)| word + gap).collect();
        let line = format!("{}{line}", " ".repeat(indent));
        ["µs", "ms", "s"].iter().fold(line, |line, unit| measured(&line, unit, "<took>"))
    });
    let lines =
        lines.map(|line| ["B", "kB", "MB"].iter().fold(line, |line, unit| measured(&line, unit, "<size>")));
    lines.map(|line| environment(&process(&line)).to_owned() + "\n").collect()
}

/// Replaces what a run was executed with.
fn environment(line: &str) -> &str {
    const LINES: [(&str, &str, &str); 3] = [
        ("  binary  ", ", Millwork ", "  binary  <binary>"),
        ("  host  ", " processor", "  host  <host>"),
        (
            "  source  ",
            " (the working tree at run time)",
            "  source  <source> (the working tree at run time)",
        ),
    ];
    let found = LINES.iter().find(|(begin, within, _)| line.starts_with(begin) && line.contains(within));
    found.map_or(line, |(_, _, normal)| normal)
}

/// Replaces, at most once, the process and the host in `(pid 7 on host x)`.
fn process(line: &str) -> String {
    let parts = line.split_once("(pid ").and_then(|(before, after)| Some((before, after.split_once(')')?.1)));
    parts.map_or_else(|| line.to_owned(), |(before, after)| format!("{before}(<process>){after}"))
}

/// What follows each word of a line: nothing, a space, or the two spaces between columns.
fn columns(line: &str) -> Vec<&'static str> {
    let mut gaps = Vec::new();
    let mut rest = line.trim_end();
    while let Some(end) = rest.find(char::is_whitespace) {
        let next = rest[end..].trim_start();
        gaps.push(if rest.len() - next.len() - end > 1 { "  " } else { " " });
        rest = next;
    }
    gaps.push("");
    gaps
}

fn word(word: &str) -> String {
    let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let replaced = if is_id(core) {
        "<id>"
    } else if is_shaped(core, "0000-00-00") {
        "<date>"
    } else if is_shaped(core, "00:00:00") {
        "<time>"
    } else if let Some((file, line)) = core.split_once(".rs:")
        && line.bytes().all(|byte| byte.is_ascii_digit())
    {
        return word.replace(core, &format!("{file}.rs:<line>"));
    } else {
        return word.to_owned();
    };
    word.replace(core, replaced)
}

/// A run's id, whole or short, or a version.
fn is_id(word: &str) -> bool {
    let is_hex = |word: &str| word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_uuid = word.len() == 36 && word.split('-').count() == 5 && word.split('-').all(is_hex);
    is_uuid || (matches!(word.len(), 8 | 12 | 32) && is_hex(word))
}

fn is_shaped(word: &str, shape: &str) -> bool {
    let digits_as_zeros = word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c });
    digits_as_zeros.eq(shape.chars())
}

/// Replaces a number and the unit after it.
fn measured(line: &str, unit: &str, replacement: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in line.split(' ') {
        let end = word.trim_start_matches(unit);
        let is_unit = word.starts_with(unit) && matches!(end, "" | "," | ")" | "),");
        match words.last_mut() {
            Some(number) if is_unit && number.trim_start_matches('(').parse::<f64>().is_ok() => {
                let parenthesis = if number.starts_with('(') { "(" } else { "" };
                *number = format!("{parenthesis}{replacement}{end}");
            }
            _ => words.push(word.to_owned()),
        }
    }
    words.join(" ")
}
