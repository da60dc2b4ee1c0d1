//! The address that `serve` listens on, as it is written: with an address or with a name of this machine.

use std::net::{SocketAddr, ToSocketAddrs as _};

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListenAddress {
    pub(super) socket: SocketAddr,
    /// The name that was written, if it wasn't an address.
    pub(super) name: Option<String>,
}

impl ListenAddress {
    /// Reads `ADDRESS:PORT` or `NAME:PORT`. Of several addresses of a name, the first of version 4 is taken.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "write ADDRESS:PORT, as in 127.0.0.1:3030, [::1]:3030 or localhost:3030";
        if let Ok(socket) = text.parse() {
            return Ok(Self { socket, name: None });
        }
        let Some((name, port)) = text.rsplit_once(':').filter(|(name, _)| !name.is_empty()) else {
            return Err(FORM.to_owned());
        };
        if port.parse::<u16>().is_err() {
            return Err(format!("`{port}` is not a port; {FORM}"));
        }
        let found = text.to_socket_addrs().map_err(|error| format!("`{name}` has no address: {error}"))?;
        let found: Vec<SocketAddr> = found.collect();
        let socket = found.iter().find(|socket| socket.is_ipv4()).or(found.first());
        let socket = *socket.ok_or_else(|| format!("`{name}` has no address"))?;
        Ok(Self { socket, name: Some(name.to_owned()) })
    }

    /// The address as it was written.
    pub(super) fn written(&self) -> String {
        let Self { socket, name } = self;
        name.as_ref().map_or_else(|| socket.to_string(), |name| format!("{name}:{}", socket.port()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, socket: &str, name: Option<&str>) {
        let address = ListenAddress::parse(text);
        let expected =
            ListenAddress { socket: socket.parse().expect("an address"), name: name.map(str::to_owned) };
        assert_eq!(address.as_ref().map(ListenAddress::written), Ok(text.to_owned()));
        assert_eq!(address, Ok(expected));
    }

    #[test]
    fn addresses_and_names() {
        check("127.0.0.1:3030", "127.0.0.1:3030", None);
        check("[::1]:0", "[::1]:0", None);
        check("localhost:3030", "127.0.0.1:3030", Some("localhost"));
        for (text, problem) in [
            ("localhost", "write ADDRESS:PORT"),
            (":3030", "write ADDRESS:PORT"),
            ("localhost:http", "`http` is not a port"),
            ("127.0.0.1:65536", "`65536` is not a port"),
            ("no such host.invalid:1", "has no address"),
        ] {
            let refused = ListenAddress::parse(text).expect_err(text);
            assert!(refused.contains(problem), "`{text}`: {refused}");
        }
    }
}
