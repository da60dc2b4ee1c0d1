//! The address that `serve` listens on: an address or a name of this machine, with a port in `--address` or `--port`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs as _};

use clap::Args;
use millwork_core::Problem;
use millwork_web::listen_hint;

use super::failure::Failure;

/// The default port.
const DEFAULT_PORT: u16 = 3030;

/// The address of the pages and the API, and the hosts that they answer for.
#[derive(Debug, Args)]
pub(super) struct ListenArguments {
    /// Address to listen on, 127.0.0.1:3030 by default; an address that other machines can reach needs a token
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = WrittenAddress::parse)]
    pub(super) address: Option<WrittenAddress>,
    /// Port to listen on; 0 for any free port
    #[arg(long, value_name = "PORT")]
    pub(super) port: Option<u16>,
    /// Hosts to answer for, beside this machine's loopback names and the address: names, `.example.com` for a
    /// domain and its subdomains, `*` for every host
    #[arg(long, env = "MILLWORK_ALLOWED_HOSTS", value_delimiter = ',', value_name = "HOST,…")]
    pub(super) allowed_hosts: Vec<String>,
}

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListenAddress {
    pub(super) socket: SocketAddr,
    /// The name as it was written; `None` if it was an address.
    pub(super) name: Option<String>,
    /// Whether its port was written with it, in `--address`.
    has_own_port: bool,
}

/// The value of `--address`: a host, and optionally a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrittenAddress {
    /// The socket address, with the default port if none is written.
    address: ListenAddress,
    port: Option<u16>,
}

impl WrittenAddress {
    /// Reads an address or a name of this machine, with or without `:PORT`. Of several addresses of a name, the first of version 4 is
    /// taken.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "write ADDRESS or ADDRESS:PORT, as in 127.0.0.1:3030, [::1]:3030 or localhost";
        if let Ok(socket) = text.parse::<SocketAddr>() {
            let address = ListenAddress { socket, name: None, has_own_port: true };
            return Ok(Self { address, port: Some(socket.port()) });
        }
        if let Some((address, port)) = as_address_and_port(text) {
            return Err(format!(
                "it may be an address, or an address with a port; write `[{address}]:{port}` or `[{text}]`"
            ));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            let socket = (ip, DEFAULT_PORT).into();
            return Ok(Self {
                address: ListenAddress { socket, name: None, has_own_port: false },
                port: None,
            });
        }
        // An IPv6 address contains colons, so it is in brackets if a port follows.
        let has_port = text.contains(':') && !text.ends_with(']');
        let whole = if has_port { text.to_owned() } else { format!("{text}:{DEFAULT_PORT}") };
        if let Ok(socket) = whole.parse() {
            return Ok(Self {
                address: ListenAddress { socket, name: None, has_own_port: false },
                port: None,
            });
        }
        let Some((name, port)) = whole.rsplit_once(':').filter(|(name, _)| !name.is_empty()) else {
            return Err(FORM.to_owned());
        };
        let Ok(port) = port.parse::<u16>() else { return Err(format!("`{port}` is not a port; {FORM}")) };
        let found = whole.to_socket_addrs().map_err(|error| format!("`{name}` has no address: {error}"))?;
        let found: Vec<SocketAddr> = found.collect();
        let socket = found.iter().find(|socket| socket.is_ipv4()).or(found.first());
        let socket = *socket.ok_or_else(|| format!("`{name}` has no address"))?;
        let address = ListenAddress { socket, name: Some(name.to_owned()), has_own_port: has_port };
        Ok(Self { address, port: has_port.then_some(port) })
    }
}

/// The parts of an IPv6 address without brackets whose last group may be meant as a port, such as `::1:80`.
fn as_address_and_port(text: &str) -> Option<(Ipv6Addr, u16)> {
    text.parse::<Ipv6Addr>().ok()?;
    let (address, port) = text.rsplit_once(':')?;
    Some((address.parse().ok()?, port.parse().ok()?))
}

impl ListenAddress {
    /// Puts `--address` and `--port` together: each has a default, and the port is written once.
    pub(super) fn new(written: Option<WrittenAddress>, port: Option<u16>) -> Result<Self, Problem> {
        let default = || WrittenAddress {
            address: Self {
                socket: (IpAddr::V4(Ipv4Addr::LOCALHOST), DEFAULT_PORT).into(),
                name: None,
                has_own_port: false,
            },
            port: None,
        };
        let WrittenAddress { mut address, port: written } = written.unwrap_or_else(default);
        if let (Some(written), Some(port)) = (written, port)
            && written != port
        {
            let problem = format!("`--address` has port {written}, but `--port` is {port}");
            return Err(Problem::new(problem).with_hint("give the port once"));
        }
        if let Some(port) = port {
            address.socket.set_port(port);
        }
        Ok(address)
    }

    /// Checks that the address is free.
    ///
    /// # Errors
    ///
    /// If another process listens on it, or the address doesn't belong to this machine.
    pub(super) fn check_is_free(&self) -> Result<(), Failure> {
        let free = TcpListener::bind(self.socket).map(drop);
        free.map_err(|source| {
            let written = self.written();
            let host = written.rsplit_once(':').map_or("", |(host, _)| host);
            let hint = match listen_hint(source.kind()) {
                Some(hint) => hint.to_owned(),
                None if self.has_own_port => {
                    format!("choose another port in `--address {host}:PORT`, or 0 for any free port")
                }
                None => "choose another with `--port`, or 0 for any free port".to_owned(),
            };
            let problem = Problem::new(format!("failed to listen on `{written}`")).with_hint(hint);
            Failure::usage(problem).caused_by(&source)
        })
    }

    /// The address as text.
    pub(super) fn written(&self) -> String {
        let Self { socket, name, .. } = self;
        name.as_ref().map_or_else(|| socket.to_string(), |name| format!("{name}:{}", socket.port()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: Option<&str>, port: Option<u16>, socket: &str, written: &str) {
        let parsed = address.map(|text| WrittenAddress::parse(text).expect(text));
        let found = ListenAddress::new(parsed, port).expect("one port");
        assert_eq!((found.socket, &*found.written()), (socket.parse().expect("an address"), written));
        let name = written.rsplit_once(':').map(|(name, _)| name);
        assert_eq!(found.name.as_deref(), name.filter(|_| written != socket), "{written}");
    }

    #[test]
    fn addresses_names_and_ports() {
        check(None, None, "127.0.0.1:3030", "127.0.0.1:3030");
        check(None, Some(0), "127.0.0.1:0", "127.0.0.1:0");
        check(Some("127.0.0.1:4040"), None, "127.0.0.1:4040", "127.0.0.1:4040");
        check(Some("127.0.0.1:4040"), Some(4040), "127.0.0.1:4040", "127.0.0.1:4040");
        check(Some("0.0.0.0"), None, "0.0.0.0:3030", "0.0.0.0:3030");
        check(Some("0.0.0.0"), Some(80), "0.0.0.0:80", "0.0.0.0:80");
        check(Some("[::1]:0"), None, "[::1]:0", "[::1]:0");
        check(Some("[::1]"), Some(80), "[::1]:80", "[::1]:80");
        check(Some("::1"), None, "[::1]:3030", "[::1]:3030");
        check(Some("::1"), Some(80), "[::1]:80", "[::1]:80");
        check(Some("::"), None, "[::]:3030", "[::]:3030");
        check(Some("2001:db8::abcd"), None, "[2001:db8::abcd]:3030", "[2001:db8::abcd]:3030");
        check(Some("2001:db8::1:abcd"), None, "[2001:db8::1:abcd]:3030", "[2001:db8::1:abcd]:3030");
        check(Some("[2001:db8::1:2]"), None, "[2001:db8::1:2]:3030", "[2001:db8::1:2]:3030");
        check(Some("1:2:3:4:5:6:7:8"), None, "[1:2:3:4:5:6:7:8]:3030", "[1:2:3:4:5:6:7:8]:3030");
        check(Some("localhost:4040"), None, "127.0.0.1:4040", "localhost:4040");
        check(Some("localhost"), None, "127.0.0.1:3030", "localhost:3030");
        check(Some("localhost"), Some(80), "127.0.0.1:80", "localhost:80");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (text, problem) in [
            (":3030", "write ADDRESS or ADDRESS:PORT"),
            ("", "write ADDRESS or ADDRESS:PORT"),
            ("localhost:http", "`http` is not a port"),
            ("127.0.0.1:65536", "`65536` is not a port"),
            ("::1:0", "write `[::1]:0` or `[::1:0]`"),
            ("::1:3030", "write `[::1]:3030` or `[::1:3030]`"),
            ("2001:db8::1:80", "write `[2001:db8::1]:80` or `[2001:db8::1:80]`"),
            ("no such host.invalid:1", "has no address"),
        ] {
            let refused = WrittenAddress::parse(text).expect_err(text);
            assert!(refused.contains(problem), "`{text}`: {refused}");
        }
    }

    #[test]
    fn the_hint_for_a_taken_port_is_about_the_address_that_was_written() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = taken.local_addr().expect("an address").port();
        for (address, by_option, hint) in [
            (None, Some(port), "choose another with `--port`, or 0 for any free port".to_owned()),
            (
                Some("127.0.0.1"),
                Some(port),
                "choose another with `--port`, or 0 for any free port".to_owned(),
            ),
            (
                Some("localhost"),
                None,
                "choose another port in `--address localhost:PORT`, or 0 for any free port".to_owned(),
            ),
        ] {
            let own = by_option.is_none().then_some(port);
            let text = address.map(|host| own.map_or(host.to_owned(), |port| format!("{host}:{port}")));
            let written = text.map(|text| WrittenAddress::parse(&text).expect("an address"));
            let address = ListenAddress::new(written, by_option).expect("one port");
            let refused = address.check_is_free().expect_err("a taken port");
            assert_eq!(refused.hint(), Some(&*hint));
        }
    }

    #[test]
    fn an_address_of_another_machine_is_no_matter_of_ports() {
        // A network that is kept for documentation.
        let written = WrittenAddress::parse("192.0.2.1").expect("an address");
        let address = ListenAddress::new(Some(written), Some(0)).expect("one port");
        let refused = address.check_is_free().expect_err("not ours");
        assert_eq!(refused.hint(), Some("give an address of this machine; 0.0.0.0 is all of them"));
    }

    #[test]
    fn two_ports_are_refused() {
        let written = WrittenAddress::parse("localhost:1").expect("an address");
        let refused = ListenAddress::new(Some(written), Some(2)).expect_err("two ports").to_string();
        assert!(refused.starts_with("`--address` has port 1, but `--port` is 2"), "{refused}");
    }
}
