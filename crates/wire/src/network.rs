//! A network: two hosts and a cable, or one host alone.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::cable::{Cable, Shared, Worker};
use crate::error::Error;
use crate::host::Host;
use crate::keeper::{Keeper, Layout, Made, Place};
use crate::recording::{Calling, Frame, Recording};
use crate::ring::Ring;
use crate::trace::{End, HostName, Trace};
use crate::{analysis, trace};

/// The client's address.
pub const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// The server's address.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

/// How long a condition is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A network of hosts that are this machine's own: nothing else can reach them, and all
/// that passes between them is recorded. It is gone when this value is dropped.
pub struct Network {
    /// The host at the left.
    pub client: Host,
    /// The host at the right; the same as the one at the left in a network of one.
    pub server: Host,
    /// The cable between them. In a network of one it only records.
    pub cable: Cable,
    mtu: u32,
    _worker: Worker,
}

impl Network {
    /// Two hosts and a cable of Ethernet's MTU, 1500 bytes.
    ///
    /// # Errors
    /// This machine does not allow it: [`Error::remedy`] says what to do.
    pub fn new() -> Result<Network, Error> {
        Network::with_mtu(1500)
    }

    /// Two hosts and a cable that takes packets of up to `mtu` bytes.
    ///
    /// # Errors
    /// This machine does not allow it: [`Error::remedy`] says what to do.
    pub fn with_mtu(mtu: u32) -> Result<Network, Error> {
        Network::made(Layout::Two { mtu }, mtu)
    }

    /// One host that speaks with itself, over a loopback that takes packets of up to `mtu`
    /// bytes.
    ///
    /// # Errors
    /// This machine does not allow it: [`Error::remedy`] says what to do.
    pub fn alone(mtu: u32) -> Result<Network, Error> {
        Network::made(Layout::Alone { mtu }, mtu)
    }

    fn made(layout: Layout, mtu: u32) -> Result<Network, Error> {
        let Made {
            keeper,
            user,
            places,
        } = Keeper::start(layout)?;
        let keeper = Arc::new(keeper);
        let user = user.map(Arc::new);
        let alone = places.len() == 1;
        // Frames of a cable are carried on, so they are needed whole.
        let longest = if alone { 2000 } else { mtu as usize + 14 };
        let mut recording = Recording::default();
        let mut rings = Vec::new();
        let mut hosts = Vec::new();
        let ends = [(End::Client, CLIENT), (End::Server, SERVER)];
        for ((end, address), place) in ends.into_iter().zip(places) {
            let Place {
                network,
                sockets,
                tap,
            } = place;
            rings.push(Ring::on(tap, longest)?);
            let host = (!alone).then_some(end);
            recording.watch(host, sockets.try_clone()?);
            hosts.push((end, address, Arc::new(network), Arc::new(sockets)));
        }
        let (shared, worker) = Shared::start(rings, recording)?;
        let mut hosts = hosts
            .into_iter()
            .map(|(end, address, network, table)| Host {
                end,
                address: if alone { Ipv4Addr::LOCALHOST } else { address },
                keeper: Arc::clone(&keeper),
                user: user.clone(),
                network,
                table,
                shared: Arc::clone(&shared),
            });
        let missing = || Error::keeper("it has made no host");
        let client = hosts.next().ok_or_else(missing)?;
        let server = hosts.next().unwrap_or_else(|| client.clone());
        drop(hosts);
        Ok(Network {
            client,
            server,
            cable: Cable { shared },
            mtu,
            _worker: worker,
        })
    }

    /// Waits until the trace so far shows what is asked for.
    ///
    /// # Errors
    /// It does not within 20 s: `what` was waited for.
    pub fn until(&self, what: &str, shows: impl Fn(&Trace) -> bool) -> io::Result<()> {
        self.until_within(PATIENCE, what, shows)
    }

    /// The same, within `time`.
    ///
    /// # Errors
    /// It does not show it in time: `what` was waited for.
    pub fn until_within(
        &self,
        time: Duration,
        what: &str,
        shows: impl Fn(&Trace) -> bool,
    ) -> io::Result<()> {
        let seen = self.cable.shared.wait(time, |recording| {
            shows(&self.trace_of(recording, Duration::ZERO)).then_some(())
        });
        seen.ok_or_else(|| {
            io::Error::other(format!("still not so after {} s: {what}", time.as_secs()))
        })
    }

    /// What was recorded so far.
    pub fn trace(&self) -> Trace {
        let mut state = self.cable.shared.lock();
        state.count_missed();
        let delay = state.delay;
        self.trace_of(&state.recording, delay)
    }

    /// Notes that a thread of a program on a host that is alone calls the kernel: `call` with
    /// `arguments`, about the connection between `ends`, its own address first. The thread
    /// should wait until this returns.
    pub fn call_begins(
        &self,
        thread: u32,
        call: &'static str,
        arguments: &str,
        ends: Option<(SocketAddr, SocketAddr)>,
    ) {
        let calling = calling(thread, call, arguments, ends);
        self.cable.shared.call_begins(calling);
    }

    /// Notes that its call has returned.
    pub fn call_returns(
        &self,
        thread: u32,
        call: &'static str,
        arguments: &str,
        ends: Option<(SocketAddr, SocketAddr)>,
        result: String,
    ) {
        let calling = calling(thread, call, arguments, ends);
        self.cable.shared.call_returns(calling, result);
    }

    /// The number of the process that keeps the hosts.
    pub fn keeper(&self) -> u32 {
        self.client.keeper.pid()
    }

    /// The frames that were recorded so far.
    pub fn frames(&self) -> Vec<Frame> {
        self.cable.shared.lock().recording.frames.clone()
    }

    fn trace_of(&self, recording: &Recording, delay: Duration) -> Trace {
        let name = |name: &str, host: &Host| HostName {
            name: name.to_owned(),
            address: host.address.to_string(),
        };
        let empty = Trace {
            version: trace::VERSION,
            name: String::new(),
            title: String::new(),
            kernel: kernel(),
            recorded: String::new(),
            delay: delay.as_micros() as u64,
            mtu: self.mtu,
            hosts: [name("client", &self.client), name("server", &self.server)],
            connections: Vec::new(),
            events: Vec::new(),
            missed: recording.missed,
            other_frames: 0,
            connections_left_out: 0,
            segments_left_out: 0,
        };
        analysis::fill(empty, recording)
    }
}

fn calling(
    thread: u32,
    call: &'static str,
    arguments: &str,
    ends: Option<(SocketAddr, SocketAddr)>,
) -> Calling {
    Calling {
        host: None,
        thread,
        call,
        arguments: arguments.to_owned(),
        ends,
    }
}

/// The release of the running kernel.
fn kernel() -> String {
    let release = nix::sys::utsname::uname();
    release.map_or_else(
        |_| String::new(),
        |name| name.release().to_string_lossy().into_owned(),
    )
}
