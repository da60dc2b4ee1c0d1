//! The pages: each is a view model that a template renders, loaded by one function. They make no decisions and execute no runs: a
//! button writes a request.

mod asset;
mod assets;
mod automation;
mod backfills;
mod changes;
mod deployment;
mod escape;
mod files;
mod form;
mod format;
mod forms;
mod graph;
mod graph_view;
mod launch;
mod login;
mod main_number;
mod markdown;
mod message;
mod metadata_view;
mod models;
mod navigation;
mod overview;
mod palette;
mod prose;
mod recent;
mod routes;
mod run;
mod runs;
mod search;

pub(crate) use changes::Changes;
pub(crate) use escape::Escape;
pub(crate) use files::version;
pub(crate) use form::form_token;
pub(crate) use graph_view::Layouts;
pub(crate) use login::address as login_address;
pub(crate) use message::page_error;
pub(crate) use navigation::{Navigation, navigation, with_navigation};
pub(crate) use prose::prose;
pub(crate) use routes::{login_routes, pages, with_policy};
pub(crate) use run::FinishedRuns;
