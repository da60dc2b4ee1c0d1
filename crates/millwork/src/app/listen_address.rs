//! The address that `serve` listens on, as it is written: an address or a name of this machine, and a port here or by `--port`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};

use millwork_core::Problem;

/// The port that is taken where none is written.
const DEFAULT_PORT: u16 = 3030;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListenAddress {
    pub(super) socket: SocketAddr,
    /// The name that was written, if it wasn't an address.
    pub(super) name: Option<String>,
}

/// What `--address` says: a host, and perhaps a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrittenAddress {
    /// With the default port if none is written.
    address: ListenAddress,
    port: Option<u16>,
}

impl WrittenAddress {
    /// Reads an address or a name of this machine, with or without `:PORT`. Of several addresses of a name, the first of version 4 is
    /// taken.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "write ADDRESS or ADDRESS:PORT, as in 127.0.0.1:3030, [::1]:3030 or localhost";
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return Ok(Self { address: ListenAddress { socket, name: None }, port: Some(socket.port()) });
        }
        // An address of version 6 has colons of its own, and so stands in brackets.
        let has_port = text.contains(':') && !text.ends_with(']');
        let whole = if has_port { text.to_owned() } else { format!("{text}:{DEFAULT_PORT}") };
        if let Ok(socket) = whole.parse() {
            return Ok(Self { address: ListenAddress { socket, name: None }, port: None });
        }
        let Some((name, port)) = whole.rsplit_once(':').filter(|(name, _)| !name.is_empty()) else {
            return Err(FORM.to_owned());
        };
        let Ok(port) = port.parse::<u16>() else { return Err(format!("`{port}` is not a port; {FORM}")) };
        let found = whole.to_socket_addrs().map_err(|error| format!("`{name}` has no address: {error}"))?;
        let found: Vec<SocketAddr> = found.collect();
        let socket = found.iter().find(|socket| socket.is_ipv4()).or(found.first());
        let socket = *socket.ok_or_else(|| format!("`{name}` has no address"))?;
        let address = ListenAddress { socket, name: Some(name.to_owned()) };
        Ok(Self { address, port: has_port.then_some(port) })
    }
}

impl ListenAddress {
    /// Puts `--address` and `--port` together: each has a default, and the port is written once.
    pub(super) fn new(written: Option<WrittenAddress>, port: Option<u16>) -> Result<Self, Problem> {
        let default = || WrittenAddress {
            address: Self { socket: (IpAddr::V4(Ipv4Addr::LOCALHOST), DEFAULT_PORT).into(), name: None },
            port: None,
        };
        let WrittenAddress { mut address, port: written } = written.unwrap_or_else(default);
        if let (Some(written), Some(port)) = (written, port)
            && written != port
        {
            let problem = format!("`--address` says port {written}, and `--port` says {port}");
            return Err(Problem::new(problem).with_hint("write the port once"));
        }
        if let Some(port) = port {
            address.socket.set_port(port);
        }
        Ok(address)
    }

    /// The address as it is written.
    pub(super) fn written(&self) -> String {
        let Self { socket, name } = self;
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
            ("no such host.invalid:1", "has no address"),
        ] {
            let refused = WrittenAddress::parse(text).expect_err(text);
            assert!(refused.contains(problem), "`{text}`: {refused}");
        }
    }

    #[test]
    fn two_ports_are_refused() {
        let written = WrittenAddress::parse("localhost:1").expect("an address");
        let refused = ListenAddress::new(Some(written), Some(2)).expect_err("two ports").to_string();
        assert!(refused.starts_with("`--address` says port 1, and `--port` says 2"), "{refused}");
    }
}
