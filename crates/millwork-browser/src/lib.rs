//! Drives a headless Chromium, for the tests and benchmarks of the pages; not part of what users run.
//!
//! A [`Browser`] is a process that speaks the DevTools protocol over a pipe, so there is no port, no web socket, and no process left
//! behind: when the pipe closes, the browser ends. A [`Page`] receives the input of a user (navigation, clicks, keys), and [`Page::audit`]
//! lists violations of accessibility.
//!
//! ```no_run
//! use millwork_browser::Browser;
//!
//! if let Some(browser) = Browser::for_test() {
//!     let page = browser.page()?;
//!     page.goto("http://127.0.0.1:3030/")?;
//!     page.click("button")?;
//!     page.wait_until("document.querySelector('h1').textContent.startsWith('Run')")?;
//! }
//! # Ok::<(), millwork_browser::BrowserError>(())
//! ```

mod audit;
mod browser;
mod connection;
mod error;
mod page;
mod view;

pub use audit::Finding;
pub use browser::Browser;
pub use error::BrowserError;
pub use page::Page;
pub use view::{Scheme, View};
