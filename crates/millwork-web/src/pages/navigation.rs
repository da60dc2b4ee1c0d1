//! What the head of every page leads to.

/// The pages of the navigation.
pub(crate) const NAVIGATION: &[(&str, &str)] = &[
    ("/", "Overview"),
    ("/assets", "Assets"),
    ("/graph", "Graph"),
    ("/runs", "Runs"),
    ("/launch", "Launch"),
    ("/automation", "Automation"),
    ("/deployment", "Deployment"),
];
