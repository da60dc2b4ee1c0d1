//! The DevTools protocol over a pipe: JSON messages that end with a zero byte.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Instant;

use millwork_testing::PATIENCE;
use serde_json::{Value, json};

use crate::BrowserError;

/// Commands go one way, answers and events come the other.
pub(crate) struct Connection {
    commands: Box<dyn Write + Send>,
    messages: Receiver<Value>,
    last_id: u64,
    /// Events that haven't been taken.
    events: Vec<Event>,
}

/// An event of a page.
pub(crate) struct Event {
    pub(crate) session: String,
    pub(crate) method: String,
    pub(crate) params: Value,
}

impl Connection {
    pub(crate) fn new(commands: impl Write + Send + 'static, answers: impl Read + Send + 'static) -> Self {
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let parse = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).ok();
            let answers = BufReader::new(answers).split(0).map_while(Result::ok).filter_map(parse);
            // The receiver is gone: the browser was closed.
            let _ = answers.map(|message| sender.send(message)).find(Result::is_err);
        });
        Self { commands: Box::new(commands), messages, last_id: 0, events: Vec::new() }
    }

    /// Sends a command, to a page's session or to the browser, and returns its result.
    pub(crate) fn call(
        &mut self,
        session: Option<&str>,
        method: &str,
        params: &Value,
    ) -> Result<Value, BrowserError> {
        self.last_id += 1;
        let id = self.last_id;
        let mut command = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        let sent = self.commands.write_all(&bytes).and_then(|()| self.commands.flush());
        sent.map_err(|_| BrowserError::Ended { said: String::new() })?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut message = self.receive(method, deadline)?;
            if message["id"] == id {
                return match message.get("error") {
                    None => Ok(message["result"].take()),
                    Some(error) => Err(BrowserError::Refused {
                        method: method.to_owned(),
                        reason: error["message"].as_str().unwrap_or_default().to_owned(),
                    }),
                };
            }
            self.keep(message);
        }
    }

    /// Waits for an event of a session, and takes it.
    pub(crate) fn wait_for(&mut self, session: &str, method: &str) -> Result<Value, BrowserError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let is_it = |event: &Event| event.session == session && event.method == method;
            if let Some(position) = self.events.iter().position(is_it) {
                return Ok(self.events.remove(position).params);
            }
            let message = self.receive(method, deadline)?;
            self.keep(message);
        }
    }

    /// Takes the events of a session.
    pub(crate) fn take_events(&mut self, session: &str) -> Vec<Event> {
        while let Ok(message) = self.messages.try_recv() {
            self.keep(message);
        }
        self.events.extract_if(.., |event| event.session == session).collect()
    }

    fn receive(&mut self, what: &str, deadline: Instant) -> Result<Value, BrowserError> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.messages.recv_timeout(left).map_err(|error| match error {
            RecvTimeoutError::Timeout => BrowserError::TooLate { what: what.to_owned(), within: PATIENCE },
            RecvTimeoutError::Disconnected => BrowserError::Ended { said: String::new() },
        })
    }

    fn keep(&mut self, mut message: Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (session, method) = (text(&message["sessionId"]), text(&message["method"]));
        if !method.is_empty() {
            self.events.push(Event { session, method, params: message["params"].take() });
        }
    }
}
