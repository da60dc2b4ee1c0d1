//! The pages: each is a view model that a template renders, loaded by one function. They decide nothing and run nothing: a
//! button writes a request.

mod asset;
mod assets;
mod automation;
mod files;
mod forms;
mod graph;
mod login;
mod message;
mod navigation;
mod overview;
mod plot;
mod routes;
mod run;
mod runs;
mod words;

pub(crate) use message::page_error;
pub(crate) use navigation::NAVIGATION;
pub(crate) use routes::{login_routes, pages, with_policy};
