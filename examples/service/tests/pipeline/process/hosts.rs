//! The hosts for which a server answers.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::support::{Home, PipelineServer};

struct Served {
    _server: PipelineServer,
    address: String,
}

impl Served {
    fn start(home: &Home, arguments: &str, variables: &[(&str, &str)]) -> Self {
        let server = home.serve(arguments, variables);
        let address = server.url.trim_start_matches("http://").to_owned();
        Self { _server: server, address }
    }

    /// The answer to a request that is sent as it is written, or the start of it.
    fn answer(&self, request: &str) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let request = request.replace('\n', "\r\n");
        connection.write_all(format!("{request}\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = Vec::new();
        let mut chunk = [0; 4096];
        while !answer.windows(4).any(|end| end == b"\r\n\r\n") || answer[..12].contains(&b'4') {
            match connection.read(&mut chunk).unwrap() {
                0 => break,
                length => answer.extend_from_slice(&chunk[..length]),
            }
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn check(&self, request: &str, status: u16) -> String {
        let answer = self.answer(request);
        assert_eq!(answer.split(' ').nth(1), Some(status.to_string().as_str()), "{request}: {answer}");
        answer
    }
}

#[test]
fn a_name_that_was_led_here_is_not_answered() {
    let home = Home::new();
    let served = Served::start(&home, "", &[]);
    for path in [
        "/",
        "/assets",
        "/login",
        "/changes",
        "/metrics",
        "/nothing",
        "/api/v1/assets",
        "/api/v1/openapi.json",
        "/api/v1/events/stream",
    ] {
        let answer = served.check(&format!("GET {path} HTTP/1.1\nHost: evil.example:4411"), 421);
        assert!(answer.contains(r#""code":"unknown_host""#), "{path}: {answer}");
        assert!(answer.contains("--allowed-hosts evil.example"), "{path}: {answer}");
    }
    let post = "POST /api/v1/runs HTTP/1.1\nHost: evil.example:4411\nOrigin: http://evil.example:4411\n\
                Content-Type: application/json\nContent-Length: 0";
    served.check(post, 421);
    assert_eq!(home.json("runs list --json"), serde_json::json!([]));
    let page = served.check("GET / HTTP/1.1\nHost: evil.example\nAccept: text/html", 421);
    assert!(page.contains("<html") && page.contains("evil.example"), "{page}");
}

#[test]
fn hosts_of_this_machine_are_answered() {
    let home = Home::new();
    let served = Served::start(&home, "", &[]);
    for host in ["localhost", "LOCALHOST.:9", "127.0.0.1:3030", "[::1]:3030", "pipeline.localhost"] {
        served.check(&format!("GET /api/v1/runs HTTP/1.1\nHost: {host}"), 200);
    }
    served.check("GET http://localhost:3030/api/v1/runs HTTP/1.1\nHost: localhost", 200);
    served.check("GET http://evil.example/api/v1/runs HTTP/1.1\nHost: localhost", 421);
    served.check("GET http://localhost/api/v1/runs HTTP/1.1\nHost: evil.example", 421);
    for request in [
        "GET /api/v1/runs HTTP/1.1",
        "GET /api/v1/runs HTTP/1.0",
        "GET /api/v1/runs HTTP/1.1\nHost:",
        "GET /api/v1/runs HTTP/1.1\nHost: localhost\nHost: localhost",
    ] {
        let answer = served.check(request, 400);
        assert!(answer.contains(r#""code":"invalid_host""#), "{request}: {answer}");
    }
}

#[test]
fn health_is_served_to_any_host() {
    let home = Home::new();
    let served = Served::start(&home, "", &[]);
    for path in ["/healthz", "/readyz"] {
        for host in ["\nHost: 10.42.0.7:3030", "\nHost: evil.example", ""] {
            served.check(&format!("GET {path} HTTP/1.1{host}"), 200);
        }
    }
}

#[test]
fn listed_hosts_are_answered() {
    let listed = "--allowed-hosts models.example.com,gpu-box --allowed-hosts .example.org";
    let (home, other) = (Home::new(), Home::new());
    let served = Served::start(&home, listed, &[]);
    let by_variable = [("MILLWORK_ALLOWED_HOSTS", "models.example.com,gpu-box,.example.org")];
    let also_served = Served::start(&other, "", &by_variable);
    for served in [served, also_served] {
        for host in ["models.example.com", "gpu-box:3030", "a.example.org", "localhost"] {
            served.check(&format!("GET /api/v1/runs HTTP/1.1\nHost: {host}"), 200);
        }
        served.check("GET /api/v1/runs HTTP/1.1\nHost: example.com", 421);
    }
    let output = home.command("serve --allowed-hosts http://gpu-box").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`http://gpu-box` is not a host"), "{output:?}");
}
