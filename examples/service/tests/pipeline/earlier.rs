//! A home that version 0.1.0 wrote, opened by this version: every command, every page, every route of the API; and homes of later versions,
//! which are refused.
//!
//! It uses a pipeline only through its binary, so that each example tests it with a home of its own.

#![allow(dead_code, reason = "each example uses a part")]

use std::collections::{BTreeSet, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use millwork_testing::{Lines, PATIENCE, PipelineServer, eventually};
use serde_json::Value;
use tempfile::TempDir;

/// The maximum number of pages to load: all kinds of them are among the first.
const PAGES: usize = 250;
/// The offset of `user_version` in the header of a SQLite database, four bytes.
const USER_VERSION: usize = 60;

/// A copy of a home, and the binary that opens it.
pub(crate) struct EarlierHome {
    folder: TempDir,
    binary: PathBuf,
    variables: Vec<(String, String)>,
}

/// A server on a home.
struct Served {
    _server: PipelineServer,
    address: String,
}

impl EarlierHome {
    /// A copy of the home in a folder.
    pub(crate) fn copied(from: &Path, binary: &str, variables: &[(&str, &str)]) -> Self {
        let folder = millwork_testing::folder();
        copy(from, &folder.path().join("home"));
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { folder, binary: binary.into(), variables: variables.collect() }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(line.split_whitespace()).current_dir(self.folder.path());
        command.env("MILLWORK_HOME", self.folder.path().join("home")).env("TZ", "UTC").env("NO_COLOR", "1");
        command.env_remove("MILLWORK_TOKEN").env_remove("HACKER_NEWS_URL").env_remove("SERVICE_INBOX");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    /// The output of a command that must succeed.
    fn succeeds(&self, line: &str) -> Vec<u8> {
        let output = self.run(line);
        assert!(output.status.success(), "`{line}`: {output:?}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("failed to"), "`{line}`: {output:?}");
        output.stdout
    }

    fn json(&self, line: &str) -> Value {
        let printed = self.succeeds(line);
        serde_json::from_slice(&printed).unwrap_or_else(|error| panic!("`{line}`: {error}"))
    }

    /// Opens the home with these commands, which must succeed. Commands that these don't name, among those that `--help` lists,
    /// are an error unless `others` names them.
    pub(crate) fn opens_with(&self, lines: &[&str], others: &[&str]) {
        let named = |command: &String| {
            let begins = |line: &&str| **line == *command || line.starts_with(&format!("{command} "));
            lines.iter().any(begins) || others.iter().any(begins)
        };
        let missing: Vec<String> = self.commands("").into_iter().filter(|command| !named(command)).collect();
        assert!(missing.is_empty(), "the home isn't opened with {missing:?}");
        self.succeeds_with(lines);
    }

    /// Runs these commands, which must succeed, and print JSON if asked to.
    pub(crate) fn succeeds_with(&self, lines: &[&str]) {
        for line in lines {
            if line.contains("--json") && !line.contains("logs") {
                self.json(line);
            } else {
                self.succeeds(line);
            }
        }
    }

    /// Runs a command that must succeed, and searches its output for a text.
    pub(crate) fn prints(&self, line: &str, text: &str) {
        let printed = String::from_utf8(self.succeeds(line)).unwrap();
        assert!(printed.contains(text), "`{line}`: {text} is not in {printed}");
    }

    /// Rematerializes an asset from stored inputs, which gives the same value and the same metadata.
    pub(crate) fn makes_again(&self, asset: &str) {
        let newest = || {
            let history = self.json(&format!("asset history {asset} --json"));
            let body = &history[0]["body"];
            (history[0]["run"].clone(), body["data_version"].clone(), body["metadata"].clone())
        };
        let before = newest();
        self.succeeds(&format!("materialize {asset}"));
        let after = newest();
        assert_ne!(after.0, before.0, "{asset} was made");
        assert_eq!((after.1, after.2), (before.1, before.2), "{asset}");
    }

    /// The output of a command that must exit with this code.
    pub(crate) fn fails(&self, line: &str, code: i32) -> String {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(code), "`{line}`: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Overwrites a text in the database by one of the same length, or by the start of a longer one.
    pub(crate) fn damage(&self, text: &str, by: &str) {
        let path = self.folder.path().join("home/millwork.db");
        let mut database = std::fs::read(&path).unwrap();
        let places: Vec<usize> =
            (0..database.len()).filter(|at| database[*at..].starts_with(text.as_bytes())).collect();
        assert!(!places.is_empty(), "{text} isn't there");
        // Free pages may contain it as well.
        for place in places {
            database[place..place + text.len()].copy_from_slice(&by.as_bytes()[..text.len()]);
        }
        std::fs::write(&path, database).unwrap();
    }

    /// Shows every run, with all of its events, and the history of every asset.
    pub(crate) fn shows_everything(&self) {
        let runs = self.json("runs list --limit 1000 --json");
        let runs = runs.as_array().unwrap();
        assert!(!runs.is_empty());
        for run in runs {
            let run = run["run"].as_str().unwrap();
            self.json(&format!("runs show {run} --json"));
            let log = self.succeeds(&format!("runs logs {run} --all --json"));
            for line in String::from_utf8(log).unwrap().lines() {
                let event: Value = serde_json::from_str(line).unwrap();
                assert_ne!(event["type"], "unreadable", "{event}");
            }
        }
        for asset in self.json("list assets --json").as_array().unwrap().iter().take(20) {
            let key = asset["key"].as_str().unwrap();
            self.json(&format!("asset history {key} --json"));
            self.json(&format!("why {key} --json"));
        }
    }

    /// The commands that `--help` lists, each with those below it.
    pub(crate) fn commands(&self, above: &str) -> Vec<String> {
        let help = String::from_utf8(self.succeeds(&format!("{above} --help"))).unwrap();
        let Some((_, list)) = help.split_once("\nCommands:\n") else { return vec![above.trim().to_owned()] };
        let list = list.split("\n\n").next().unwrap_or_default();
        let names = list.lines().filter_map(|line| {
            let is_name = line.starts_with("  ") && !line.starts_with("   ");
            line.split_whitespace().next().filter(|name| is_name && *name != "help")
        });
        names.flat_map(|name| self.commands(&format!("{above} {name}"))).collect()
    }

    /// Serves the home, and requests every route of its API that reads, and every page that another one links to.
    pub(crate) fn is_served(&self) {
        let served = self.serve();
        let document = served.json("/api/v1/openapi.json");
        for (path, methods) in document["paths"].as_object().unwrap() {
            if methods.get("get").is_some() {
                for path in served.filled_in(path) {
                    served.check(&path);
                }
            }
        }
        ["/healthz", "/readyz"].iter().for_each(|path| served.check(path));
        served.check_pages();
        served.end_runs();
    }

    /// The loops of a daemon tick: none of them reports an error.
    pub(crate) fn is_kept_by_a_daemon(&self, says: &str) {
        let lines = Lines::of(self.command("daemon")).until(says);
        assert!(lines.iter().all(|line| !line.contains("error in ")), "{lines:#?}");
    }

    fn serve(&self) -> Served {
        let server = PipelineServer::start(self.command("serve --address 127.0.0.1:0"));
        let address = server.url.trim_start_matches("http://").to_owned();
        Served { _server: server, address }
    }

    /// Turns the home into one that a later version wrote, and checks that commands refuse it with one sentence and a hint, for people and
    /// for programs, and that it isn't changed.
    pub(crate) fn of_a_later_version_is_refused(&self, lines: &[&str]) {
        let path = self.folder.path().join("home/millwork.db");
        // Migrated, and written into the file itself.
        self.succeeds("store vacuum");
        let mut database = std::fs::read(&path).unwrap();
        let later: u32 = 250;
        database[USER_VERSION..USER_VERSION + 4].copy_from_slice(&later.to_be_bytes());
        for file in ["millwork.db-wal", "millwork.db-shm"] {
            std::fs::remove_file(self.folder.path().join("home").join(file)).ok();
        }
        std::fs::write(&path, &database).unwrap();
        let refused = String::from_utf8(self.run("runs list").stderr).unwrap();
        let known = refused.split_once("knows up to ").map_or("", |(_, rest)| rest.lines().next().unwrap());
        assert!(known.parse::<u32>().is_ok_and(|known| known < later), "{refused}");
        let sentence = format!(
            "error: the database has version {later}, this Millwork knows up to {known}\n  hint: use the newer version, or \
             another MILLWORK_HOME\n"
        );
        for line in lines {
            let output = self.run(line);
            let (out, err) =
                (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
            assert_eq!(output.status.code(), Some(4), "`{line}`: {out}{err}");
            if line.contains("--json") {
                let error: Value = serde_json::from_str(&out).unwrap();
                let error = &error["error"];
                assert!(sentence.contains(error["message"].as_str().unwrap()), "`{line}`: {error}");
                assert!(sentence.contains(error["hint"].as_str().unwrap()), "`{line}`: {error}");
            } else {
                assert_eq!((out.as_str(), err.as_str()), ("", sentence.as_str()), "`{line}`");
            }
        }
        assert!(std::fs::read(&path).unwrap() == database, "the home was written to");
    }
}

impl Served {
    /// The status of an answer and its body; of a stream that never ends, only the status.
    fn get(&self, path: &str) -> (u16, Vec<u8>) {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        let accept = if path.starts_with("/api/") { "application/json" } else { "text/html,*/*" };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n",
            self.address
        );
        connection.write_all(request.as_bytes()).unwrap();
        answer(connection)
    }

    fn check(&self, path: &str) {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
    }

    fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A path of the document with values for its parameters.
    fn filled_in(&self, path: &str) -> Vec<String> {
        let Some((before, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
        let (parameter, after) = rest.split_once('}').unwrap();
        let texts = |found: &Value, name: &str| -> Vec<String> {
            let found = found.as_array().unwrap().iter().take(10);
            found
                .map(|one| one[name].as_str().unwrap_or_else(|| panic!("no {name} in {one}")).to_owned())
                .collect()
        };
        let found = match (parameter, before) {
            ("run", _) => texts(&self.json("/api/v1/runs")["runs"], "run"),
            (_, "/api/v1/automation/") => texts(&self.json("/api/v1/automation")["assets"], "asset"),
            // A home of before has none.
            ("backfill", _) => Vec::new(),
            ("key", _) if before.starts_with("/api/v1/models/") => return self.of_models(before),
            ("key", _) => texts(&self.json("/api/v1/assets")["assets"], "key"),
            ("name", "/api/v1/schedules/") => texts(&self.json("/api/v1/schedules"), "schedule"),
            ("name", "/api/v1/sensors/") => texts(&self.json("/api/v1/sensors"), "sensor"),
            other => panic!("nothing is known of {other:?} in {path}"),
        };
        found.iter().map(|value| format!("{before}{value}{after}")).collect()
    }

    /// A path below `/api/v1/models/` for each model that it can answer for: most want a version, a comparison one in use.
    fn of_models(&self, before: &str) -> Vec<String> {
        let wanted = match before.trim_start_matches("/api/v1/models/") {
            "compare/" => "in_use",
            "card/" | "lineage/" => "last",
            _ => "awaiting_approval",
        };
        let models = self.json("/api/v1/models");
        let paths = models.as_array().unwrap().iter().flat_map(|model| {
            let standings = model["standings"].as_array().unwrap().iter();
            standings.filter(|standing| !standing[wanted].is_null()).map(|standing| {
                let partition = standing["partition"].as_str();
                let query = partition.map_or_else(String::new, |key| format!("?partition={key}"));
                format!("{before}{}{query}", model["key"].as_str().unwrap())
            })
        });
        paths.take(10).collect()
    }

    /// Follows the links of all pages.
    fn check_pages(&self) {
        let first = [
            "/",
            "/assets",
            "/graph",
            "/graph.svg",
            "/runs",
            "/automation",
            "/launch",
            "/deployment",
            "/palette?q=a",
        ];
        let mut waiting: VecDeque<String> = first.iter().map(|&path| path.to_owned()).collect();
        let mut seen: BTreeSet<String> = waiting.iter().cloned().collect();
        let mut looked_at = 0;
        while let Some(path) = waiting.pop_front().filter(|_| looked_at < PAGES) {
            looked_at += 1;
            let (status, body) = self.get(&path);
            let html = String::from_utf8_lossy(&body);
            assert_eq!(status, 200, "{path}: {html}");
            let links = html.split("href=\"/").skip(1).filter_map(|rest| rest.split('"').next());
            for link in links {
                let link = format!("/{}", link.split('#').next().unwrap_or_default().replace("&amp;", "&"));
                if seen.insert(link.clone()) {
                    waiting.push_back(link);
                }
            }
        }
        assert!(looked_at > first.len(), "no page leads to another one");
        self.check("/changes?after=0");
    }

    /// Ends runs that schedules have started meanwhile: a run is a process of its own, whose home will be removed.
    fn end_runs(&self) {
        let have_ended = || {
            let runs = self.json("/api/v1/runs?limit=1000");
            let is_open = |run: &&Value| {
                run["finished_at"].is_null()
                    || ["queued", "running"].contains(&run["status"].as_str().unwrap())
            };
            let open: Vec<&Value> = runs["runs"].as_array().unwrap().iter().filter(is_open).collect();
            for run in &open {
                self.post(&format!("/api/v1/runs/{}/cancel", run["run"].as_str().unwrap()));
            }
            open.is_empty()
        };
        eventually(have_ended, "a run goes on although it was canceled");
    }

    fn post(&self, path: &str) {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: \
             close\r\n\r\n{{}}",
            self.address
        );
        connection.write_all(request.as_bytes()).unwrap();
        answer(connection);
    }
}

fn answer(connection: TcpStream) -> (u16, Vec<u8>) {
    let mut reader = BufReader::new(connection);
    let (mut status, mut is_stream, mut is_chunked, mut line) = (0, false, false, String::new());
    while reader.read_line(&mut line).unwrap() > 2 {
        let lower = line.to_ascii_lowercase();
        if status == 0 {
            status = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        }
        is_stream |= lower.contains("text/event-stream");
        is_chunked |= lower.starts_with("transfer-encoding: chunked");
        line.clear();
    }
    let mut body = Vec::new();
    if is_stream {
        return (status, body);
    }
    if !is_chunked {
        reader.read_to_end(&mut body).unwrap();
        return (status, body);
    }
    loop {
        let mut length = String::new();
        reader.read_line(&mut length).unwrap();
        let length = usize::from_str_radix(length.trim(), 16).unwrap();
        let mut chunk = vec![0; length + 2];
        reader.read_exact(&mut chunk).unwrap();
        if length == 0 {
            return (status, body);
        }
        body.extend_from_slice(&chunk[..length]);
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(path, target).unwrap();
        }
    }
}
