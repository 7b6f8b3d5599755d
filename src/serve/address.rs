//! Which address to listen on. Always a loopback one: a page can start checks,
//! and that is nobody else's to do.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};

/// The port without `--port`, as mdBook's.
const FIRST: u16 = 3000;

/// How many ports are tried.
const TRIES: u16 = 50;

/// Listens on `port`; without one, on 3000 or the next that is free.
pub fn listen(port: Option<u16>) -> Result<TcpListener, String> {
    if let Some(port) = port {
        return bind(port).map_err(|error| explain(port, &error));
    }
    let mut last = None;
    for port in FIRST..FIRST + TRIES {
        match bind(port) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = Some((port, error)),
            other => return other.map_err(|error| explain(port, &error)),
        }
    }
    let (port, error) = last.expect("at least one port was tried");
    Err(explain(port, &error))
}

/// Whether the first choice is free now.
pub fn first_is_free() -> Result<(), String> {
    bind(FIRST)
        .map(drop)
        .map_err(|error| explain(FIRST, &error))
}

fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))
}

fn explain(port: u16, error: &io::Error) -> String {
    let what_to_do = match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "another program listens there (`ss -ltnp 'sport = :{port}'` shows which); end it, \
             choose another port with --port, or leave --port out to get the next free one"
        ),
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 are for root; choose a higher one".into()
        }
        _ => "choose another port with --port".into(),
    };
    format!("cannot listen on 127.0.0.1:{port}: {error}\n{what_to_do}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_named_with_what_to_do() {
        let taken = bind(0).unwrap();
        let port = taken.local_addr().unwrap().port();
        let message = listen(Some(port)).unwrap_err();
        assert!(message.contains(&format!("127.0.0.1:{port}")), "{message}");
        assert!(message.contains("--port"), "{message}");
    }

    #[test]
    fn without_a_port_a_free_one_is_found() {
        let first = listen(None).unwrap();
        let second = listen(None).unwrap();
        assert!(first.local_addr().unwrap().ip().is_loopback());
        assert_ne!(first.local_addr().unwrap(), second.local_addr().unwrap());
    }
}
