//! The browser's process.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use millwork_testing::require;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::connection::Connection;
use crate::{BrowserError, Page};

/// The names of the program in distributions.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// No requests to other hosts, no graphics card, no first-run pages.
const OPTIONS: [&str; 13] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--remote-debugging-pipe",
];

/// The protocol's pipe is on descriptors 3 and 4, which the shell connects to its own standard streams.
const WITH_PIPE: &str = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null"#;

/// A headless browser with a profile of its own. It ends when this is dropped.
pub struct Browser {
    process: Child,
    connection: Arc<Mutex<Connection>>,
    profile: TempDir,
}

impl Browser {
    /// A browser for a test. `None`, with a printed line, if none is installed, which is an error under `CI`.
    ///
    /// # Panics
    ///
    /// When it can't be started, or is missing under `CI`.
    pub fn for_test() -> Option<Self> {
        let started = match Self::start() {
            Ok(browser) => Some(browser),
            Err(BrowserError::NotFound) => None,
            Err(error) => panic!("{error}"),
        };
        require(started, || BrowserError::NotFound.to_string())
    }

    /// Starts the first Chromium of the `PATH`.
    ///
    /// # Errors
    ///
    /// When Chromium isn't installed, or doesn't start.
    pub fn start() -> Result<Self, BrowserError> {
        let io = |action| move |source| BrowserError::Io { action, source };
        let program = find().ok_or(BrowserError::NotFound)?;
        let profile = TempDir::new().map_err(io("make a folder for the browser's profile"))?;
        let said = std::fs::File::create(profile.path().join("said"))
            .map_err(io("make a file for the browser's words"))?;
        let mut process = Command::new("sh")
            .args(["-c", WITH_PIPE])
            .arg(program)
            .args(OPTIONS)
            .arg(format!("--user-data-dir={}", profile.path().join("profile").display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(said)
            .spawn()
            .map_err(io("start the browser"))?;
        let commands = process.stdin.take().expect("it is piped");
        let answers = process.stdout.take().expect("it is piped");
        let connection = Arc::new(Mutex::new(Connection::new(commands, answers)));
        let browser = Self { process, connection, profile };
        browser.call("Browser.getVersion", &json!({}))?;
        Ok(browser)
    }

    /// Opens an empty page.
    ///
    /// # Errors
    ///
    /// When the browser has ended.
    pub fn page(&self) -> Result<Page, BrowserError> {
        let target = self.call("Target.createTarget", &json!({ "url": "about:blank" }))?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.call("Target.attachToTarget", &attach)?;
        let session = attached["sessionId"].as_str().unwrap_or_default();
        Page::new(self.connection.clone(), session)
    }

    /// Opens a page and loads a URL.
    ///
    /// # Errors
    ///
    /// When the browser has ended, or can't load it.
    pub fn open(&self, url: &str) -> Result<Page, BrowserError> {
        let page = self.page()?;
        page.goto(url)?;
        Ok(page)
    }

    fn call(&self, method: &str, params: &Value) -> Result<Value, BrowserError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection.call(None, method, params).map_err(|error| {
            if let BrowserError::Ended { .. } = error {
                BrowserError::Ended { said: self.last_words() }
            } else {
                error
            }
        })
    }

    fn last_words(&self) -> String {
        let said = std::fs::read_to_string(self.profile.path().join("said")).unwrap_or_default();
        let lines: Vec<&str> = said.lines().rev().take(5).collect();
        lines.join("; ")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.call("Browser.close", &json!({}));
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn find() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    let paths = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    paths.into_iter().find(|path| path.is_file())
}
