//! The documents' commands work as shown: every block of `console` or `sh` is run, document by document in a home in which everything was
//! materialized from the sample, and every block of `json` has the fields of a command's output.
//!
//! The words behind a block's language select the check:
//!
//! | written | the block |
//! |---|---|
//! | `console`, `sh` | every command ends with 0, and prints lines with the words that are shown |
//! | `console exit=2` | its last command ends with 2 |
//! | `console no-run` | isn't run: it needs a network, another program, or another pipeline |
//! | `json hackernews list assets --json` | has the fields of this command's output; of a list, those of one of its elements |
//! | `json GET /api/v1/runs` | has the fields of the server's answer |
//! | `json` | is JSON |
//! | `toml` that begins with `# run.toml` | is a file of this name for the commands below it |

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::serve::Served;
use crate::support::Home;

/// The name by which documents call the reference job.
const CALLED: [&str; 2] = ["cargo run -p hackernews --", "hackernews"];

/// A block of code.
#[derive(Debug, Default)]
struct Block {
    /// The line of its first fence.
    line: usize,
    language: String,
    /// The words behind the language.
    words: String,
    text: String,
}

/// A command of a block, and the output shown below it.
#[derive(Debug, Default, PartialEq)]
struct Shown {
    command: String,
    lines: Vec<String>,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in text.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match (fence, &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(said), None) => {
                let (language, words) = said.split_once(' ').unwrap_or((said, ""));
                let (language, words) = (language.to_owned(), words.to_owned());
                open = Some(Block { line: index + 1, language, words, text: String::new() });
            }
            (None, Some(block)) => block.text.push_str(&format!("{line}\n")),
            (None, None) => {}
        }
    }
    blocks
}

impl Block {
    fn is_run(&self) -> bool {
        matches!(&*self.language, "console" | "sh") && self.words != "no-run"
    }

    /// The exit code of its last command.
    fn exit(&self) -> i32 {
        match self.words.strip_prefix("exit=") {
            Some(code) => code.parse().unwrap(),
            None => {
                assert_eq!(self.words, "", "line {}: `no-run`, `exit=…` or nothing", self.line);
                0
            }
        }
    }

    /// Its commands: in `sh` each line, in `console` those behind a dollar sign, with the output shown.
    fn commands(&self) -> Vec<Shown> {
        let mut commands = Vec::<Shown>::new();
        for line in self.text.lines() {
            let command = match &*self.language {
                "sh" => Some(line).filter(|line| !line.is_empty() && !line.starts_with('#')),
                _ => line.strip_prefix("$ "),
            };
            match (command, commands.last_mut()) {
                (Some(command), _) => commands.push(Shown { command: command.to_owned(), lines: Vec::new() }),
                (None, Some(shown)) => shown.lines.push(line.to_owned()),
                (None, None) => {}
            }
        }
        commands
    }
}

/// Runs a line of a shell in the folder of the home, with the reference job as `hackernews`.
fn run(home: &Home, line: &str) -> (Option<i32>, String) {
    let line = CALLED.iter().find_map(|called| Some(format!("hackernews{}", line.strip_prefix(called)?)));
    let line = line.unwrap_or_else(|| panic!("only the reference job is run, of others say `no-run`"));
    let bin = Path::new(env!("CARGO_BIN_EXE_hackernews")).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(bin.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut shell = Command::new("sh");
    // The home is where it is without an option: `.millwork` in the folder.
    shell.arg("-c").arg(&line).env("PATH", path.unwrap()).env_remove("MILLWORK_HOME");
    shell.env("TZ", "UTC").env("NO_COLOR", "1").env_remove("HACKER_NEWS_URL").stdin(Stdio::null());
    let output = shell.current_dir(home.path().parent().unwrap()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// The words of a line without those that differ from run to run: numbers, ids, times and their units.
fn words(line: &str) -> String {
    const UNITS: [&str; 6] = ["s", "ms", "µs", "B", "kB", "MB"];
    let is_unit =
        |word: &str| UNITS.contains(&word.trim_matches(|character: char| "(),".contains(character)));
    let words = line.split_whitespace().filter(|word| !word.contains(|digit: char| digit.is_ascii_digit()));
    words.filter(|word| !is_unit(word)).collect::<Vec<_>>().join(" ")
}

/// Whether the output has a line with the words of the one that is shown, up to a `…`.
fn is_said(shown: &str, said: &str) -> bool {
    let (shown, is_whole) = shown.split_once('…').map_or((shown, true), |(before, _)| (before, false));
    let shown = words(shown);
    said.lines().map(words).any(|line| if is_whole { line == shown } else { line.starts_with(&shown) })
}

/// Whether JSON of a document has the fields of the real one, on every level that it shows. `…` is a name for any fields, an empty
/// object any object; an element of a list is like one of the real list.
fn has_fields_of(shown: &Value, real: &Value) -> bool {
    match (shown, real) {
        (Value::Object(shown), Value::Object(real)) => {
            let is_open = shown.is_empty() || shown.contains_key("…");
            let has_all = shown.len() == real.len() && real.keys().all(|name| shown.contains_key(name));
            (is_open || has_all)
                && shown
                    .iter()
                    .all(|(name, shown)| real.get(name).is_none_or(|real| has_fields_of(shown, real)))
        }
        (Value::Array(shown), Value::Array(real)) => {
            shown.iter().all(|shown| real.is_empty() || real.iter().any(|real| has_fields_of(shown, real)))
        }
        (shown @ Value::Object(_), Value::Array(real)) => real.iter().any(|real| has_fields_of(shown, real)),
        _ => true,
    }
}

/// Runs a document's blocks in order; returns deviations.
async fn check(name: &str, text: &str) -> Vec<String> {
    let blocks = blocks(text);
    let mut broken = Vec::new();
    if !blocks.iter().any(|block| block.is_run() || block.language == "json") {
        return broken;
    }
    let home = Home::with_everything();
    let mut served = None;
    std::os::unix::fs::symlink(home.path(), home.path().with_file_name(".millwork")).unwrap();
    for block in blocks {
        let place = format!("{name}:{}", block.line);
        if block.is_run() {
            let commands = block.commands();
            for (index, shown) in commands.iter().enumerate() {
                let expected = if index + 1 == commands.len() { block.exit() } else { 0 };
                let (code, said) = run(&home, &shown.command);
                if code != Some(expected) {
                    broken.push(format!("{place}: `{}` ends with {code:?}: {said}", shown.command));
                }
                let unsaid =
                    shown.lines.iter().filter(|line| !words(line).is_empty() && !is_said(line, &said));
                broken.extend(
                    unsaid.map(|line| {
                        format!("{place}: `{}` doesn't print `{line}`, but\n{said}", shown.command)
                    }),
                );
            }
        }
        // A file that a command of a later block reads.
        let file = block.text.lines().next().and_then(|line| line.strip_prefix("# "));
        if let (Some(file), "toml") = (file.filter(|name| name.ends_with(".toml")), &*block.language) {
            home.write(file, &block.text);
        }
        if block.language == "json" {
            match serde_json::from_str::<Value>(&block.text) {
                Err(error) => broken.push(format!("{place}: {error}")),
                Ok(_) if block.words.is_empty() => {}
                Ok(shown) => {
                    let said = match block.words.strip_prefix("GET ") {
                        Some(path) => {
                            let served = served.get_or_insert_with(|| Served::start(&home, None));
                            vec![served.get(path).await]
                        }
                        None => {
                            let (_, said) = run(&home, &block.words);
                            said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
                        }
                    };
                    if !said.iter().any(|real| has_fields_of(&shown, real)) {
                        broken.push(format!("{place}: `{}` has other fields: {said:#?}", block.words));
                    }
                }
            }
        }
    }
    broken
}

#[tokio::test]
async fn commands_and_json_in_documents_are_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let docs = std::fs::read_dir(root.join("docs")).unwrap().flatten().map(|entry| entry.path());
    let pages = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let documents = pages.chain(["README.md", "CONTRIBUTING.md"].map(|name| root.join(name)));
    let mut broken = Vec::new();
    for path in documents {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        broken.extend(check(&name, &std::fs::read_to_string(&path).unwrap()).await);
    }
    assert!(broken.is_empty(), "documents are wrong:\n{}", broken.join("\n"));
}

/// Every command in the help, with the words before it.
fn commands_of(home: &Home, command: &str) -> Vec<(String, String)> {
    let help = home.succeeds(&format!("{command} --help"));
    let listed = help.split("Commands:\n").nth(1).unwrap_or_default().lines();
    let names: Vec<String> = listed
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect();
    let below = names.iter().flat_map(|name| commands_of(home, format!("{command} {name}").trim()));
    let below: Vec<_> = below.collect();
    std::iter::once((command.to_owned(), help)).chain(below).collect()
}

/// The text of a document of the repository.
fn document(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)).unwrap()
}

/// The number that a line begins with.
fn number(line: &str) -> Option<u32> {
    line.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

#[test]
fn exit_codes_of_the_help_are_those_of_the_document() {
    let help = Home::new().succeeds("--help");
    let codes = help.split("Exit codes:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let in_help: BTreeSet<u32> = codes.lines().filter_map(|line| number(line.trim_start())).collect();
    let page = document("docs/cli.md");
    let table = page.split("\n## Exit codes\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let cells = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let in_document: BTreeSet<u32> = cells.flat_map(|cell| cell.split(", ")).filter_map(number).collect();
    assert_eq!(in_help, in_document);
}

#[test]
fn every_command_and_option_is_documented() {
    let (page, readme) = (document("docs/cli.md"), document("README.md"));
    let home = Home::new();
    let commands = commands_of(&home, "");
    assert!(commands.len() > 40, "commands are found: {}", commands.len());
    let mut broken = Vec::new();
    for (command, help) in commands {
        let is_own = ["demo", "replay"].contains(&command.as_str());
        if !command.contains(' ') && !is_own && !readme.contains(&format!("`{command}")) {
            broken.push(format!("README.md: `{command}`"));
        }
        if !command.is_empty()
            && !page.contains(&format!("`{command}"))
            && !page.contains(&format!("\n## {command}"))
        {
            broken.push(format!("`{command}`"));
        }
        // `--port <PORT>`, also behind the short form: `-h, --help`.
        let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
        let options = lines.flat_map(|line| line.split("  ").next().unwrap_or_default().split_whitespace());
        let options = options.filter(|word| word.starts_with("--"));
        let options = options.map(|word| word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()));
        let absent = options.filter(|option| !option.is_empty() && !page.contains(option));
        broken.extend(absent.map(|option| format!("`{option}` of `{command}`")));
    }
    broken.sort();
    broken.dedup();
    assert!(broken.is_empty(), "README.md or docs/cli.md lacks\n{}", broken.join("\n"));
}

#[test]
fn blocks_are_read() {
    let text = "a\n```console exit=2\n$ hackernews a\nRun 6375fd0d succeeded: 10 in 124 ms\n$ hackernews b\n```\n```json x\n{}\n```\n";
    let read = blocks(text);
    assert_eq!(read.len(), 2);
    assert_eq!((read[0].line, read[0].exit(), read[1].words.as_str()), (2, 2, "x"));
    let lines = vec!["Run 6375fd0d succeeded: 10 in 124 ms".to_owned()];
    assert_eq!(read[0].commands()[0], Shown { command: "hackernews a".into(), lines });
    assert!(is_said("Run 6375fd0d succeeded: 10 in 124 ms", "x\nRun 01a20769 succeeded: 9 in 2.1 s"));
    assert!(!is_said("Run 6375fd0d succeeded", "Run 01a20769 failed"));
    assert!(is_said("error: no …", "error: no asset"));
    let real = serde_json::json!([{ "a": 1, "b": null }, { "a": { "c": 1 }, "b": [] }]);
    for (shown, expected) in [
        (serde_json::json!({ "a": 2, "b": 3 }), true),
        (serde_json::json!({ "a": 2 }), false),
        (serde_json::json!([{ "a": {}, "b": [] }]), true),
        (serde_json::json!({ "a": { "d": 1 }, "b": 1 }), true),
    ] {
        assert_eq!(has_fields_of(&shown, &real), expected, "{shown}");
    }
}
