//! The calls that a traced command makes of its TCP sockets.

use std::collections::HashMap;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use wire::Network;
use xray::{Call, Done};

/// Tells a network's recording what the programs on it call.
pub struct Calls<'a> {
    network: &'a Network,
    /// The calls under way, by thread.
    begun: HashMap<u32, Begun>,
}

/// A call under way.
struct Begun {
    name: &'static str,
    arguments: String,
    descriptor: i32,
    ends: Option<(SocketAddr, SocketAddr)>,
}

impl Calls<'_> {
    pub fn of(network: &Network) -> Calls<'_> {
        Calls {
            network,
            begun: HashMap::new(),
        }
    }

    /// Takes note of what a program does, if it is about a TCP socket.
    pub fn note(&mut self, done: &Done) {
        match done {
            Done::Calls { thread, call } => self.begins(*thread, call),
            Done::Returned { thread, result, .. } => self.returns(*thread, *result),
            Done::Ended(_) => {}
        }
    }

    fn begins(&mut self, thread: u32, call: &Call) {
        let [descriptor, address, length, ..] = call.arguments;
        let descriptor = descriptor as i32;
        let arguments = match call.name {
            "connect" | "bind" => address_at(thread, address).map(|to| to.to_string()),
            "listen" => Some((address as i32).to_string()),
            "shutdown" => Some(how(address).to_owned()),
            "write" | "sendto" => Some(bytes_at(thread, address, length as usize)),
            "accept" | "accept4" | "close" | "read" | "recvfrom" | "readv" | "writev"
            | "sendmsg" | "recvmsg" => Some(String::new()),
            _ => None,
        };
        let Some(arguments) = arguments else {
            return;
        };
        let Some((local, remote)) = xray::tcp_ends(thread, descriptor) else {
            return;
        };
        let begun = Begun {
            // As the page of the manual is called.
            name: if call.name == "accept4" {
                "accept"
            } else {
                call.name
            },
            arguments,
            descriptor,
            ends: local.zip(remote),
        };
        self.network
            .call_begins(thread, begun.name, &begun.arguments, begun.ends);
        self.begun.insert(thread, begun);
    }

    fn returns(&mut self, thread: u32, result: i64) {
        let Some(begun) = self.begun.remove(&thread) else {
            return;
        };
        let ends = match begun.name {
            "accept" => i32::try_from(result).ok().and_then(|new| both(thread, new)),
            "connect" => both(thread, begun.descriptor).or_else(|| {
                // Not connected yet, or refused: its peer is whom it was to connect to.
                let (local, _) = xray::tcp_ends(thread, begun.descriptor)?;
                local.zip(begun.arguments.parse().ok())
            }),
            _ => begun.ends,
        };
        let said = match (result, ends) {
            (error, _) if error < 0 => {
                let number = i32::try_from(-error).unwrap_or(0);
                match number {
                    // A signal came; the kernel makes the call again, or says EINTR.
                    512..=516 => "interrupted".to_owned(),
                    _ => format!("{:?}", Errno::from_raw(number)),
                }
            }
            (_, Some((_, peer))) if begun.name == "accept" => format!(":{}", peer.port()),
            (value, _) => value.to_string(),
        };
        self.network
            .call_returns(thread, begun.name, &begun.arguments, ends, said);
    }
}

fn both(thread: u32, descriptor: i32) -> Option<(SocketAddr, SocketAddr)> {
    let (local, remote) = xray::tcp_ends(thread, descriptor)?;
    local.zip(remote)
}

fn how(number: u64) -> &'static str {
    match number {
        0 => "SHUT_RD",
        1 => "SHUT_WR",
        2 => "SHUT_RDWR",
        _ => "?",
    }
}

/// The IPv4 address in a program's memory (ip(7)).
fn address_at(thread: u32, place: u64) -> Option<SocketAddr> {
    let mut raw = [0; 8];
    let memory = File::open(format!("/proc/{thread}/mem")).ok()?;
    memory.read_exact_at(&mut raw, place).ok()?;
    let [f0, f1, p0, p1, ip @ ..] = raw;
    let is_ipv4 = i32::from(u16::from_ne_bytes([f0, f1])) == nix::libc::AF_INET;
    let port = u16::from_be_bytes([p0, p1]);
    is_ipv4.then(|| (Ipv4Addr::from(ip), port).into())
}

/// The bytes in a program's memory as the book writes them: `"hello\n"`, or their number where
/// there are many.
fn bytes_at(thread: u32, place: u64, length: usize) -> String {
    const SHOWN: usize = 24;
    let mut bytes = vec![0; length.min(SHOWN)];
    let read = File::open(format!("/proc/{thread}/mem"))
        .and_then(|memory| memory.read_exact_at(&mut bytes, place));
    match read {
        Ok(()) if length <= SHOWN => format!("\"{}\"", bytes.escape_ascii()),
        _ => format!("{length} bytes"),
    }
}
