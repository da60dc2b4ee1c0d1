//! One page of the browser.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use millwork_testing::PATIENCE;
use serde_json::{Value, json};

use crate::connection::Connection;
use crate::{BrowserError, View};

/// The interval at which a condition is checked.
const BEAT: Duration = Duration::from_millis(10);

/// Maximum height of a screenshot, in CSS pixels.
const LONGEST_PICTURE: f64 = 4_000.0;

/// The point to click on in an element, after it was scrolled into view; a text states why it can't be clicked.
const CLICKABLE: &str = "(selector) => {
  const element = document.querySelector(selector);
  if (!element) return 'it is not there';
  element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
  const box = element.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const there = document.elementFromPoint(x, y);
  if (!there || !element.contains(there) && !there.contains(element)) return `${there?.outerHTML.slice(0, 80)} is in front of it`;
  return [x, y];
}";

/// A page: a tab of the browser. It is closed when this is dropped.
pub struct Page {
    connection: Arc<Mutex<Connection>>,
    session: String,
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.call("Page.close", &json!({}));
    }
}

impl Page {
    pub(crate) fn new(connection: Arc<Mutex<Connection>>, session: &str) -> Result<Self, BrowserError> {
        let page = Self { connection, session: session.to_owned() };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), &json!({}))?;
        }
        page.look(View::ALL[0])?;
        Ok(page)
    }

    /// Navigates to a URL and waits until it is loaded. Errors and bytes are counted from here on.
    ///
    /// # Errors
    ///
    /// When it can't be loaded.
    pub fn goto(&self, url: &str) -> Result<(), BrowserError> {
        self.connection().take_events(&self.session);
        let method = "Page.navigate";
        let navigated = self.call(method, &json!({ "url": url }))?;
        if let Some(reason) = navigated["errorText"].as_str() {
            return Err(BrowserError::Refused { method: method.to_owned(), reason: reason.to_owned() });
        }
        self.connection().wait_for(&self.session, "Page.loadEventFired")?;
        Ok(())
    }

    /// Runs a script in the page and returns its value, or that of its promise.
    ///
    /// # Errors
    ///
    /// When it throws.
    pub fn evaluate(&self, script: &str) -> Result<Value, BrowserError> {
        let params = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let mut evaluated = self.call("Runtime.evaluate", &params)?;
        match evaluated.get("exceptionDetails") {
            None => Ok(evaluated["result"]["value"].take()),
            Some(details) => {
                let text = details["exception"]["description"].as_str().or(details["text"].as_str());
                let script = script.chars().take(100).collect();
                Err(BrowserError::Script { script, reason: text.unwrap_or_default().to_owned() })
            }
        }
    }

    /// The text of the first element that a selector finds; empty without one.
    ///
    /// # Errors
    ///
    /// When the selector can't be read.
    pub fn text(&self, selector: &str) -> Result<String, BrowserError> {
        let text =
            self.evaluate(&format!("document.querySelector({})?.textContent ?? ''", json!(selector)))?;
        Ok(text.as_str().unwrap_or_default().trim().to_owned())
    }

    /// Waits until a JavaScript expression is true, and returns how long that took.
    ///
    /// # Errors
    ///
    /// When it isn't within [`PATIENCE`].
    pub fn wait_until(&self, condition: &str) -> Result<Duration, BrowserError> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            match self.evaluate(&format!("!!({condition})")) {
                Ok(Value::Bool(true)) => return Ok(began.elapsed()),
                // While a page is being replaced by the next, a script runs in neither.
                Ok(_) | Err(BrowserError::Refused { .. }) => std::thread::sleep(BEAT),
                Err(error @ BrowserError::Script { .. }) if began.elapsed() > PATIENCE / 20 => {
                    return Err(error);
                }
                Err(BrowserError::Script { .. }) => std::thread::sleep(BEAT),
                Err(error) => return Err(error),
            }
        }
        Err(BrowserError::TooLate { what: condition.to_owned(), within: PATIENCE })
    }

    /// Clicks on the first element that a selector finds, with the mouse.
    ///
    /// # Errors
    ///
    /// When no element matches, or another one covers it.
    pub fn click(&self, selector: &str) -> Result<(), BrowserError> {
        let place = self.evaluate(&format!("({CLICKABLE})({})", json!(selector)))?;
        let (Some(x), Some(y)) = (place[0].as_f64(), place[1].as_f64()) else {
            let reason = place.as_str().unwrap_or_default().to_owned();
            return Err(BrowserError::NotClickable { selector: selector.to_owned(), reason });
        };
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", &event)?;
        }
        Ok(())
    }

    /// Types a text into the element that has the focus.
    ///
    /// # Errors
    ///
    /// When the browser has ended.
    pub fn write(&self, text: &str) -> Result<(), BrowserError> {
        self.call("Input.insertText", &json!({ "text": text })).map(drop)
    }

    /// Presses and releases a key by its DOM name: `Tab`, `Enter`, `/`; `Control+k` with a modifier before it.
    ///
    /// # Errors
    ///
    /// When the browser has ended.
    pub fn press(&self, key: &str) -> Result<(), BrowserError> {
        let (modifier, key) = key.split_once('+').unwrap_or(("", key));
        let modifiers = ["Alt", "Control", "Meta", "Shift"].iter().position(|name| *name == modifier);
        let modifiers = modifiers.map_or(0, |bit| 1 << bit);
        let (code, number) = match key {
            "Tab" => ("Tab".to_owned(), 9),
            "Enter" => ("Enter".to_owned(), 13),
            "Escape" => ("Escape".to_owned(), 27),
            "ArrowLeft" => ("ArrowLeft".to_owned(), 37),
            "ArrowUp" => ("ArrowUp".to_owned(), 38),
            "ArrowRight" => ("ArrowRight".to_owned(), 39),
            "ArrowDown" => ("ArrowDown".to_owned(), 40),
            letter => {
                (format!("Key{}", letter.to_uppercase()), letter.to_uppercase().bytes().next().unwrap_or(0))
            }
        };
        let text = match key {
            "Enter" => "\r",
            letter if letter.chars().count() == 1 && modifiers == 0 => letter,
            _ => "",
        };
        for kind in ["keyDown", "keyUp"] {
            let event = json!({
                "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers,
                "text": if kind == "keyDown" { text } else { "" },
            });
            self.call("Input.dispatchKeyEvent", &event)?;
        }
        Ok(())
    }

    /// Changes the size of the window and the colour scheme.
    ///
    /// # Errors
    ///
    /// When the browser has ended.
    pub fn look(&self, view: View) -> Result<(), BrowserError> {
        let size =
            json!({ "width": view.width, "height": view.height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &size)?;
        let scheme = json!({ "name": "prefers-color-scheme", "value": view.scheme.as_str() });
        let still = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
        self.call("Emulation.setEmulatedMedia", &json!({ "features": [scheme, still] })).map(drop)
    }

    /// Writes a screenshot of the whole page, as PNG; of a very long one, its beginning.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub fn screenshot(&self, path: &Path) -> Result<(), BrowserError> {
        let size =
            self.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")?;
        let height = size[1].as_f64().unwrap_or_default().min(LONGEST_PICTURE);
        let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": height, "scale": 1 });
        let whole = json!({ "captureBeyondViewport": true, "clip": clip });
        let taken = self.call("Page.captureScreenshot", &whole)?;
        let bytes = STANDARD.decode(taken["data"].as_str().unwrap_or_default()).unwrap_or_default();
        let action = "write a screenshot";
        std::fs::write(path, bytes).map_err(|source| BrowserError::Io { action, source })
    }

    /// The errors of the page since it was loaded: exceptions, errors on the console, violations of its policy.
    pub fn complaints(&self) -> Vec<String> {
        let events = self.connection().take_events(&self.session);
        let complaints = events.iter().filter_map(|event| {
            let params = &event.params;
            let problem = match event.method.as_str() {
                "Runtime.exceptionThrown" => &params["exceptionDetails"],
                "Runtime.consoleAPICalled" if params["type"] == "error" => &params["args"],
                "Log.entryAdded" if params["entry"]["level"] == "error" => &params["entry"]["text"],
                _ => return None,
            };
            Some(problem.to_string())
        });
        complaints.collect()
    }

    /// The number of bytes that were received since the page was requested.
    pub fn bytes_received(&self) -> u64 {
        let events = self.connection().take_events(&self.session);
        let finished = events.iter().filter(|event| event.method == "Network.loadingFinished");
        finished.filter_map(|event| event.params["encodedDataLength"].as_f64()).sum::<f64>() as u64
    }

    fn call(&self, method: &str, params: &Value) -> Result<Value, BrowserError> {
        self.connection().call(Some(&self.session), method, params)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
