//! What keeps people out of a page: names that are missing, text that can't be read, content that doesn't fit.
//!
//! `audit.js` looks at the page as it is drawn now, in the view that it is looked at. It is our own, and knows the rules that
//! these pages have to keep, not all that there are.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::{BrowserError, Page, View};

/// Something that is wrong with a page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Finding {
    /// The rule, as one word: `contrast`, `label`, `overflow`.
    pub rule: String,
    /// Where.
    pub selector: String,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}` {}", self.rule, self.selector, self.what)
    }
}

impl Page {
    /// Lists what is wrong with the page in the view that it is looked at, each kind of finding at most a few times.
    ///
    /// # Errors
    ///
    /// When the script can't be run.
    pub fn audit(&self) -> Result<Vec<Finding>, BrowserError> {
        let found = self.evaluate(include_str!("audit.js"))?;
        serde_json::from_value(found).map_err(|error| BrowserError::Script {
            script: "audit.js".to_owned(),
            reason: error.to_string(),
        })
    }

    /// Audits the page in [every view](View::ALL); each finding is named once, with the views that have it.
    ///
    /// # Errors
    ///
    /// When the script can't be run.
    pub fn audit_in_all_views(&self) -> Result<Vec<String>, BrowserError> {
        let mut found: BTreeMap<Finding, Vec<&str>> = BTreeMap::new();
        for view in View::ALL {
            self.look(view)?;
            for finding in self.audit()? {
                found.entry(finding).or_default().push(view.name);
            }
        }
        self.look(View::ALL[0])?;
        let in_words = |(finding, views): (Finding, Vec<&str>)| match views.len() {
            all if all == View::ALL.len() => finding.to_string(),
            _ => format!("{finding} ({})", views.join(", ")),
        };
        Ok(found.into_iter().map(in_words).collect())
    }
}
