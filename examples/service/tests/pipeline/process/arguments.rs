//! Invalid arguments and variables.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt as _;

use serde_json::Value;

use crate::support::{Home, Lines};

#[test]
fn an_argument_that_is_not_utf_8_is_refused() {
    let home = Home::new();
    let name = || OsString::from_vec(b"caf\xe9".to_vec());
    for line in ["materialize", "asset show", "runs list --tag", "materialize --set"] {
        let output = home.command(line).arg(name()).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "`{line}`: {output:?}");
        assert!(
            printed.starts_with("error: the argument `caf\u{fffd}` is not UTF-8\n  hint: "),
            "`{line}`: {printed}"
        );
        let output = home.command(line).arg(name()).arg("--json").output().unwrap();
        assert_eq!((output.status.code(), output.stderr.is_empty()), (Some(2), true), "`{line}`: {output:?}");
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(printed["error"]["message"].as_str().unwrap().contains("is not UTF-8"), "{printed}");
    }
}

#[test]
fn a_variable_that_is_empty_is_not_set() {
    let home = Home::new();
    let mut command = home.command("runs list");
    for variable in ["MILLWORK_HOME", "MILLWORK_LOG"] {
        command.env(variable, "");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(home.path().with_file_name(".millwork").is_dir(), "the home is where it is without a variable");
    let mut command = home.command("serve --address localhost:0");
    for variable in ["MILLWORK_TOKEN", "MILLWORK_ALLOWED_HOSTS"] {
        command.env(variable, "");
    }
    Lines::of(command).line("serving http://127.0.0.1:");
}

#[test]
fn a_port_is_written_beside_the_address_or_with_it() {
    let home = Home::new();
    let lines = Lines::of(home.command("serve --address localhost --port 0")).until("/api/v1");
    assert!(lines[0].contains("serving http://127.0.0.1:") && !lines[0].contains("/api"), "{lines:?}");
    let output = home.command("serve --address localhost:4040 --port 5050").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let expected = "error: `--address` has port 4040, but `--port` is 5050\n  hint: give the port once\n";
    assert_eq!(printed, expected);
}

#[test]
fn a_port_that_is_taken_is_refused_before_there_is_a_home() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = home.path().join("not_there");
    for (line, hint) in [
        (format!("serve --port {port}"), "choose another with `--port`"),
        (format!("serve --address 127.0.0.1:{port}"), "choose another port in `--address 127.0.0.1:PORT`"),
        (format!("dev --port {port}"), "choose another with `--port`"),
    ] {
        let mut command = home.command(&line);
        command.env("MILLWORK_HOME", &folder).env("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR"));
        let output = command.output().unwrap();
        let printed = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "`{line}`: {output:?}");
        assert!(printed.contains(&format!("failed to listen on `127.0.0.1:{port}`")), "`{line}`: {printed}");
        assert!(printed.contains(hint), "`{line}`: {printed}");
        assert!(!folder.exists(), "`{line}`");
    }
}

#[test]
fn variables_that_are_read_later_are_checked_before_there_is_a_home() {
    let home = Home::new();
    for (variable, value, problem) in [
        ("MILLWORK_URL", "javascript:alert(1)", "MILLWORK_URL is not a URL"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "bogus", "OTEL_EXPORTER_OTLP_ENDPOINT is not a URL"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "bogus", "OTEL_EXPORTER_OTLP_HEADERS is not a list of headers"),
    ] {
        for line in ["daemon", "serve", "dev"] {
            let output = home.command(line).env(variable, value).output().unwrap();
            let printed = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "`{line}`: {output:?}");
            assert!(
                printed.starts_with(&format!("error: {problem}\n  hint: write `")),
                "`{line}`: {printed}"
            );
        }
        assert!(home.command("list jobs").env(variable, value).status().unwrap().success());
    }
    let output = home.command("serve").env("MILLWORK_ALLOWED_HOSTS", ",").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: `,` is not a host\n"), "{output:?}");
    assert!(!home.path().exists());
}

#[test]
fn a_value_of_a_partition_that_there_is_not_is_asked_for_in_vain() {
    let home = Home::new();
    for line in ["asset value work --partition x", "asset history work --partition x"] {
        let output = home.command(line).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "`{line}`: {output:?}");
        assert!(printed.starts_with("error: asset `work` has no partitions\n"), "`{line}`: {printed}");
    }
}

#[test]
fn a_level_of_logs_that_is_none_is_refused() {
    let home = Home::new();
    for level in [OsStr::new("bogus"), OsStr::new("verbose")] {
        for line in ["materialize work", "daemon", "serve", "runs list"] {
            let output = home.command(line).env("MILLWORK_LOG", level).output().unwrap();
            let printed = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "`{line}`: {output:?}");
            assert!(
                printed.contains("which is not a level\n  hint: error, warn, info, debug or trace"),
                "{printed}"
            );
        }
    }
    for level in ["warn", "INFO"] {
        assert!(home.command("runs list").env("MILLWORK_LOG", level).status().unwrap().success());
    }
}
