//! What keeps people out of a page: names that are missing, text that can't be read, content that doesn't fit.
//!
//! `audit.js` looks at the page as it is drawn now, in the view that it is looked at. It is our own, and knows the rules that
//! these pages have to keep, not all that there are.

use std::fmt;

use serde::Deserialize;

use crate::{BrowserError, Page};

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
}
