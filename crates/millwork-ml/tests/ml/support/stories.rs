//! The real titles that tests run on, where they are at hand.

/// Hacker News stories: titles, and how many comments each got.
pub(crate) struct Stories {
    pub(crate) titles: Vec<String>,
    pub(crate) comments: Vec<f64>,
}

impl Stories {
    /// Reads the stories, or prints why the test that wants them is skipped.
    pub(crate) fn load() -> Option<Self> {
        let path = millwork_testing::stories()?;
        let mut reader = csv::Reader::from_path(path).expect("the stories' file");
        let (mut titles, mut comments) = (Vec::new(), Vec::new());
        for record in reader.records() {
            let record = record.expect("a well-formed row");
            titles.push(record[1].to_owned());
            comments.push(record[4].parse().expect("a number of comments"));
        }
        assert_eq!(titles.len(), 20_100);
        Some(Self { titles, comments })
    }

    /// The titles of some rows.
    pub(crate) fn titles(&self, rows: &[usize]) -> Vec<&str> {
        rows.iter().map(|&row| self.titles[row].as_str()).collect()
    }

    /// The comments of some rows.
    pub(crate) fn comments(&self, rows: &[usize]) -> Vec<f64> {
        rows.iter().map(|&row| self.comments[row]).collect()
    }
}
