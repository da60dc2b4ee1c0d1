//! Audits the accessibility of a page: missing names, text of low contrast, content that doesn't fit.
//!
//! `audit.js` inspects the page as it is rendered in the current view. It is our own, and checks the rules that these pages have to keep,
//! not all rules of accessibility.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::{BrowserError, Page, View};

/// A violation of a rule by a page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Finding {
    /// The rule, as one word: `contrast`, `label`, `overflow`.
    pub rule: String,
    /// A selector of the element.
    pub selector: String,
    /// The violation, in words.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}` {}", self.rule, self.selector, self.what)
    }
}

impl Page {
    /// Lists the violations in the current view, at most a few of each rule.
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

    /// Audits the page in [every view](View::ALL); each violation is listed once, with the views that have it.
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
