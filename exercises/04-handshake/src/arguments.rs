//! What is to be probed, read from the command line.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::RangeInclusive;
use std::time::Duration;

/// What is printed where the arguments are of another form.
pub const USAGE: &str = "usage: probe HOST PORT[-PORT] [--timeout MS]";

/// The arguments of `probe`.
pub struct Arguments {
    /// The host, by its address.
    pub host: Ipv4Addr,
    /// Its ports: at least one, and not port 0, which cannot be connected to.
    pub ports: RangeInclusive<u16>,
    /// What each port gets to answer; 1 s unless told otherwise.
    pub timeout: Duration,
}

impl Arguments {
    /// Reads them; `None` where they are not as [`USAGE`] says.
    pub fn read(mut words: impl Iterator<Item = String>) -> Option<Arguments> {
        let mut timeout = Duration::from_millis(1000);
        let mut operands = Vec::new();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--timeout" => timeout = milliseconds(&words.next()?)?,
                option if option.starts_with('-') => return None,
                _ => operands.push(word),
            }
        }
        let [host, ports] = operands.as_slice() else {
            return None;
        };
        Some(Arguments {
            host: host.parse().ok()?,
            ports: range(ports)?,
            timeout,
        })
    }

    /// A port of the host.
    pub fn address(&self, port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(self.host, port)
    }
}

fn milliseconds(word: &str) -> Option<Duration> {
    let count: u32 = word.parse().ok()?;
    Some(Duration::from_millis(count.into()))
}

/// `80`, or `80-90`, which has 11 ports.
fn range(word: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (1 <= first && first <= last).then_some(first..=last)
}
