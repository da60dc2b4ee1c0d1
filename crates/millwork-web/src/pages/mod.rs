//! The pages: each is a view model that a template renders, loaded by one function. They decide nothing and run nothing: a
//! button writes a request.

mod asset;
mod assets;
mod automation;
mod changes;
mod deployment;
mod drawn;
mod escape;
mod files;
mod form;
mod forms;
mod graph;
mod launch;
mod login;
mod markdown;
mod message;
mod navigation;
mod overview;
mod palette;
mod pieces;
mod routes;
mod run;
mod runs;
mod selected;
mod words;

pub(crate) use changes::Changes;
pub(crate) use drawn::Layouts;
pub(crate) use escape::Escape;
pub(crate) use files::version;
pub(crate) use form::form_token;
pub(crate) use login::address as login_address;
pub(crate) use message::page_error;
pub(crate) use navigation::NAVIGATION;
pub(crate) use routes::{login_routes, pages, with_policy};
pub(crate) use run::FinishedRuns;
