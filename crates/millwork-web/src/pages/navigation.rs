//! The navigation in the head of every page.

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
