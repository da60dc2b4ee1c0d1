//! What must not be seen: a name that stands for it.

use std::fmt;

/// A secret that stands in an environment variable: the address of a webhook, a password. Only its name is ever shown or
/// stored; its value is looked up when it is needed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret {
    variable: String,
}

impl Secret {
    /// The value of an environment variable.
    pub fn env(variable: impl Into<String>) -> Self {
        Self { variable: variable.into() }
    }

    /// The name of the variable.
    pub fn variable(&self) -> &str {
        &self.variable
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}", self.variable)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret(${})", self.variable)
    }
}
