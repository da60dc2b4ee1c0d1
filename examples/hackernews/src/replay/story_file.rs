//! A CSV file of stories, in the order in which they were submitted.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use csv::StringRecord;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::error::ReplayError;

const COLUMNS: [&str; 7] = ["id", "title", "url", "num_points", "num_comments", "author", "created_at"];
const DATE_FORMAT: &str = "%m/%d/%Y %H:%M";
const WHOLE_NUMBER: &str = "a whole number";
const DATE: &str = "a US Eastern time like `8/4/2016 11:52`";

/// One row of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStory {
    /// The id that Hacker News gave it.
    pub id: u64,
    /// The title.
    pub title: String,
    /// The address that it links to; empty for text posts.
    pub url: String,
    /// Its points.
    pub points: i64,
    /// The number of its comments.
    pub comments: u32,
    /// The author's name.
    pub author: String,
    /// When it was submitted, in seconds since 1970 (UTC).
    pub time: i64,
}

/// The rows of a file, sorted by time and then id.
#[derive(Clone, Debug)]
pub struct StoryFile {
    /// The stories, oldest first.
    pub stories: Vec<FileStory>,
}

impl StoryFile {
    /// Reads the file at `path`; fails at the first row that can't be parsed.
    pub fn open(path: &Path) -> Result<Self, ReplayError> {
        let content = fs::read(path).map_err(|source| ReplayError::Open { path: path.to_owned(), source })?;
        Self::read(path, &content)
    }

    /// Like [`open`](Self::open), with the file's content; `path` is for messages.
    pub fn read(path: &Path, content: &[u8]) -> Result<Self, ReplayError> {
        if let Err(error) = std::str::from_utf8(content) {
            let line = line_at(content, error.valid_up_to());
            return Err(ReplayError::Encoding { path: path.to_owned(), line });
        }
        let failed = |source| ReplayError::Csv { path: path.to_owned(), source };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(content);
        let rows = Rows::new(path, content, reader.headers().map_err(failed)?)?;
        let mut stories = Vec::new();
        for record in reader.records() {
            stories.push(rows.story(&record.map_err(failed)?)?);
        }
        stories.sort_by_key(|story| (story.time, story.id));
        Ok(Self { stories })
    }
}

/// How rows become stories: the positions of the columns, and the meaning of the file's times.
struct Rows<'a> {
    path: &'a Path,
    content: &'a [u8],
    columns: usize,
    positions: [usize; COLUMNS.len()],
    eastern: TimeZone,
}

impl<'a> Rows<'a> {
    fn new(path: &'a Path, content: &'a [u8], header: &StringRecord) -> Result<Self, ReplayError> {
        let mut positions = [0; COLUMNS.len()];
        for (position, column) in positions.iter_mut().zip(COLUMNS) {
            *position = header.iter().position(|name| name == column).ok_or_else(|| {
                let found = header.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                ReplayError::MissingColumn { path: path.to_owned(), column, found }
            })?;
        }
        let eastern = TimeZone::get("America/New_York").expect("the time zone database is bundled");
        Ok(Self { path, content, columns: header.len(), positions, eastern })
    }

    fn story(&self, record: &StringRecord) -> Result<FileStory, ReplayError> {
        if record.len() != self.columns {
            let (path, line) = (self.path.to_owned(), self.line(record));
            return Err(ReplayError::FieldCount { path, line, found: record.len(), expected: self.columns });
        }
        let text = |column: usize| record[self.positions[column]].to_owned();
        Ok(FileStory {
            id: self.number(record, 0)?,
            title: text(1),
            url: text(2),
            points: self.number(record, 3)?,
            comments: self.number(record, 4)?,
            author: text(5),
            time: self.time(record, 6)?,
        })
    }

    fn number<T: FromStr>(&self, record: &StringRecord, column: usize) -> Result<T, ReplayError> {
        let value = &record[self.positions[column]];
        value.parse().map_err(|_| self.field_error(record, column, WHOLE_NUMBER))
    }

    fn time(&self, record: &StringRecord, column: usize) -> Result<i64, ReplayError> {
        eastern_seconds(&self.eastern, &record[self.positions[column]])
            .map_err(|_| self.field_error(record, column, DATE))
    }

    fn field_error(&self, record: &StringRecord, column: usize, expected: &'static str) -> ReplayError {
        ReplayError::Field {
            path: self.path.to_owned(),
            line: self.line(record),
            column: COLUMNS[column],
            value: record[self.positions[column]].to_owned(),
            expected,
        }
    }

    /// The line of a record's first byte. The reader's own count is one too low where lines end in CRLF: it
    /// places a record at the LF of the line before.
    fn line(&self, record: &StringRecord) -> usize {
        let start = record.position().map_or(0, csv::Position::byte) as usize;
        let line_ends = self.content[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        line_at(self.content, start + line_ends)
    }
}

fn line_at(content: &[u8], position: usize) -> usize {
    1 + content[..position].iter().filter(|&&byte| byte == b'\n').count()
}

/// Seconds since 1970 of a wall-clock time in New York. Where the clocks go back, the earlier of the two.
fn eastern_seconds(eastern: &TimeZone, text: &str) -> Result<i64, jiff::Error> {
    let local = DateTime::strptime(DATE_FORMAT, text)?;
    Ok(eastern.to_zoned(local)?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use millwork::Advice as _;

    use super::*;

    const HEADER: &str = "id,title,url,num_points,num_comments,author,created_at";

    fn check_time(text: &str, expected: Option<&str>) {
        let eastern = TimeZone::get("America/New_York").unwrap();
        let expected = expected.map(|utc| utc.parse::<jiff::Timestamp>().unwrap().as_second());
        assert_eq!(eastern_seconds(&eastern, text).ok(), expected, "{text}");
    }

    #[test]
    fn times_are_us_eastern_month_first() {
        check_time("8/4/2016 11:52", Some("2016-08-04T15:52:00Z"));
        check_time("1/26/2016 19:30", Some("2016-01-27T00:30:00Z"));
        check_time("12/31/2015 0:05", Some("2015-12-31T05:05:00Z"));
        check_time("3/13/2016 1:59", Some("2016-03-13T06:59:00Z"));
        check_time("3/13/2016 3:00", Some("2016-03-13T07:00:00Z"));
        check_time("11/1/2015 1:30", Some("2015-11-01T05:30:00Z"));
        check_time("11/1/2015 2:00", Some("2015-11-01T07:00:00Z"));
        for wrong in ["26/1/2016 19:30", "2016-08-04 11:52", "8/4/2016", "", "2/30/2016 1:00"] {
            check_time(wrong, None);
        }
    }

    fn check_order(rows: &[&str], expected: &[u64]) {
        let content = format!("{HEADER}\r\n{}\r\n", rows.join("\r\n"));
        let file = StoryFile::read(Path::new("stories.csv"), content.as_bytes()).unwrap();
        assert_eq!(file.stories.iter().map(|story| story.id).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn stories_are_sorted_by_time_then_id() {
        check_order(&["1,T,,1,1,a,10/2/2015 1:00", "2,T,,1,1,a,9/10/2015 1:00"], &[2, 1]);
        check_order(&["9,T,,1,1,a,9/9/2015 1:00", "8,T,,1,1,a,9/9/2015 1:00"], &[8, 9]);
        check_order(&["1,\"a, \"\"b\"\"\",,1,1,a,9/9/2015 10:00", "2,T,,1,1,a,9/9/2015 9:00"], &[2, 1]);
    }

    fn check_error(content: impl AsRef<[u8]>, expected: &str) {
        let error = StoryFile::read(Path::new("stories.csv"), content.as_ref()).unwrap_err();
        assert!(error.one_line().contains(expected), "{error}");
    }

    #[test]
    fn errors_name_line_column_and_expectation() {
        let good = "1,T,,1,1,a,9/9/2015 1:00";
        check_error(
            format!("{HEADER}\r\n{good}\r\n2,T,,1,many,a,9/9/2015 1:00\r\n"),
            "`stories.csv`, line 3: column `num_comments` is `many`, expected a whole number",
        );
        check_error(
            format!("{HEADER}\n2,T,,1,1,a,2015-09-09\n"),
            "line 2: column `created_at` is `2015-09-09`, expected a US Eastern time like `8/4/2016 11:52`",
        );
        check_error(format!("{HEADER}\n\n{good},extra\n"), "line 3: found 8 fields, expected the header's 7");
        check_error(format!("{HEADER}\r\n{good}\r\n2,T\r\n"), "line 3: found 2 fields");
        check_error("id,title\n", "no column `url`; hint: its header names `id`, `title`");
        check_error("", "no column `id`");
        check_error(b"id\r\n\xff", "`stories.csv`, line 2: not UTF-8 text");
    }

    #[test]
    fn a_byte_order_mark_and_another_column_order_are_fine() {
        let content =
            "\u{feff}created_at,author,num_comments,num_points,url,title,id\n9/9/2015 1:00,a,3,4,,T,5\n";
        let file = StoryFile::read(Path::new("stories.csv"), content.as_bytes()).unwrap();
        assert_eq!((file.stories[0].id, file.stories[0].comments, file.stories[0].points), (5, 3, 4));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = StoryFile::open(Path::new("nowhere/stories.csv")).unwrap_err().one_line();
        assert!(error.starts_with("failed to open `nowhere/stories.csv`; hint: `--csv`"), "{error}");
    }
}
