//! The step's end of a connection.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use crate::diagnosis::{Connection, Expected};
use crate::ledger::quote;
use crate::patience::{LOOK, Patience, QUIET};
use crate::step::Experiment;

/// How long one call waits before it looks whether waiting makes sense.
const TICK: Duration = Duration::from_millis(20);

/// The step's end of a connection with the program under test: a client of a server,
/// or the server of a client.
///
/// Whatever does not come about within the time fails the step.
pub struct Peer {
    stream: TcpStream,
    experiment: Arc<Experiment>,
    connection: Connection,
    /// Whether the step accepted it: the program is the client.
    accepted: bool,
    name: Option<String>,
}

/// A listening socket of the step, for a client under test.
pub struct Listener {
    listener: TcpListener,
    experiment: Arc<Experiment>,
}

/// An address that a socket of the step has, which does not listen: whoever connects
/// is refused, and nobody else can come to listen there meanwhile.
pub struct Unheard {
    _socket: Socket,
    address: SocketAddr,
}

impl Peer {
    /// Connects to a server at `address`.
    pub(crate) fn connect(experiment: &Arc<Experiment>, address: SocketAddr) -> Peer {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None);
        Peer::connect_with(experiment, socket, address)
    }

    /// Connects `socket`, wherever it is, to a server at `address`.
    pub(crate) fn connect_with(
        experiment: &Arc<Experiment>,
        socket: io::Result<Socket>,
        address: SocketAddr,
    ) -> Peer {
        let connected = socket.and_then(|socket| {
            socket.connect_timeout(&address.into(), Duration::from_secs(2))?;
            Ok(TcpStream::from(socket))
        });
        match connected {
            Ok(stream) => Peer::new(experiment, stream, false),
            Err(error) => experiment.fail(
                format!("no connection to {address}: {error}"),
                None,
                Expected::Connection,
            ),
        }
    }

    fn new(experiment: &Arc<Experiment>, stream: TcpStream, accepted: bool) -> Peer {
        let addresses = stream
            .local_addr()
            .and_then(|local| Ok((local, stream.peer_addr()?)))
            .and_then(|addresses| {
                // A call that finds nothing to do comes back, to look around.
                stream.set_read_timeout(Some(TICK))?;
                stream.set_write_timeout(Some(TICK))?;
                stream.set_nodelay(true)?;
                Ok(addresses)
            });
        let (local, remote) = match addresses {
            Ok(addresses) => addresses,
            Err(error) => experiment.fail(
                format!("the connection ended as soon as it was made: {error}"),
                None,
                Expected::Connection,
            ),
        };
        experiment.did(match accepted {
            true => format!("accepted a connection on {local}"),
            false => format!("connected from {local}"),
        });
        Peer {
            stream,
            experiment: Arc::clone(experiment),
            connection: Connection {
                program: remote,
                step: local,
            },
            accepted,
            name: None,
        }
    }

    /// Gives the connection a name for the report: `the first`, `the silent one`.
    pub fn named(mut self, name: impl Into<String>) -> Peer {
        let name = name.into();
        self.experiment.amend(|did| format!("{name}: {did}"));
        self.name = Some(name);
        self
    }

    /// The address of this end.
    pub fn address(&self) -> SocketAddr {
        self.connection.step
    }

    /// The address of the program's end.
    pub fn remote_address(&self) -> SocketAddr {
        self.connection.program
    }

    /// Sends bytes.
    pub fn says(&mut self, bytes: impl AsRef<[u8]>) -> &mut Peer {
        let bytes = bytes.as_ref();
        let patience = self.experiment.patience();
        let mut sent = 0;
        while sent < bytes.len() {
            sent += self.send(&bytes[sent..], &patience, sent);
        }
        self.did(format!("sent {}", quote(bytes)));
        self
    }

    /// Expects exactly these bytes next.
    pub fn hears(&mut self, bytes: impl AsRef<[u8]>) -> &mut Peer {
        let expected = bytes.as_ref();
        let mut patience = self.experiment.patience();
        let mut got = Vec::with_capacity(expected.len());
        let mut block = [0; 64 * 1024];
        while got.len() < expected.len() {
            let wanted = (expected.len() - got.len()).min(block.len());
            match self.stream.read(&mut block[..wanted]) {
                Ok(0) => self.fail(
                    format!("the end of the connection{}", after(&got, expected)),
                    Expected::Bytes,
                ),
                Ok(count) => {
                    got.extend_from_slice(&block[..count]);
                    self.compare(&got, expected);
                    patience = self.experiment.patience();
                }
                Err(error) => {
                    let what = if self.accepted {
                        "nothing"
                    } else {
                        "no answer"
                    };
                    let saw = || format!("{what} within 1 s{}", after(&got, expected));
                    let expected = match self.accepted {
                        true => Expected::Request,
                        false => or_rest(&got),
                    };
                    self.tick(&error, &patience, expected, saw);
                }
            }
        }
        let back = if self.accepted { "" } else { " back" };
        self.did(format!("got {}{back}", quote(expected)));
        self
    }

    /// Reads bytes up to and including a newline, and gives them.
    pub fn hears_line(&mut self) -> Vec<u8> {
        let patience = self.experiment.patience();
        let mut got = Vec::new();
        let mut byte = [0];
        while got.last() != Some(&b'\n') {
            match self.stream.read(&mut byte) {
                Ok(0) => self.fail(
                    format!(
                        "the end of the connection after {}, and no newline",
                        quote(&got)
                    ),
                    Expected::Bytes,
                ),
                Ok(_) => got.push(byte[0]),
                Err(error) => {
                    let saw = || format!("no line within 1 s, only {}", quote(&got));
                    self.tick(&error, &patience, Expected::Bytes, saw);
                }
            }
        }
        self.did(format!("got {}", quote(&got)));
        got
    }

    /// Waits until the program has read all that was sent.
    pub fn was_read(&mut self) -> &mut Peer {
        let arrived = self.experiment.wait(|| {
            let Connection { program, step } = self.connection;
            let unsent = self.experiment.socket(step, program)?.send_queue;
            let unread = self.experiment.socket(program, step)?.receive_queue;
            (unsent == 0 && unread == 0).then_some(())
        });
        if arrived.is_none() {
            self.fail("what was sent is not read within 1 s", Expected::Bytes);
        }
        self.did("it was read");
        self
    }

    /// Sends numbered lines and reads nothing, until nothing moves any more: the
    /// program sleeps, has an answer that it cannot get rid of, and all the queues on
    /// the way are full. Gives what was sent.
    ///
    /// How much that is differs from time to time: the kernel lets its queues grow.
    pub fn says_until_all_is_full(&mut self) -> Vec<u8> {
        const TOO_MUCH: usize = 64 << 20;
        let experiment = Arc::clone(&self.experiment);
        let mut patience = experiment.patience();
        let mut lines: Vec<u8> = Vec::new();
        let mut sent = 0;
        let mut before = None;
        self.set_nonblocking(true);
        loop {
            while lines.len() < sent + 64 * 1024 {
                let number = lines.len() / 16;
                lines.extend_from_slice(format!("line {number:10}\n").as_bytes());
            }
            match self.stream.write(&lines[sent..]) {
                Ok(count) => {
                    sent += count;
                    before = None;
                    patience = experiment.patience();
                    if sent > TOO_MUCH {
                        self.fail(
                            format!("it takes {sent} bytes and answers none of them"),
                            Expected::Fact("an answer is due while its client still talks"),
                        );
                    }
                    continue;
                }
                Err(error) if would_wait(&error) => {}
                Err(error) => self.fail(
                    format!("{} after {sent} bytes were sent", words(&error)),
                    Expected::Room,
                ),
            }
            let queues = self.queues_of_program();
            let stuck = queues.is_some_and(|(unsent, _)| unsent > 0);
            if stuck && queues == before && !experiment.programs_are_busy() {
                break;
            }
            before = queues;
            if experiment.must_stop_waiting(&patience) {
                self.fail("no room for more, and no answer", Expected::Bytes);
            }
            std::thread::park_timeout(LOOK);
        }
        self.set_nonblocking(false);
        lines.truncate(sent);
        self.did(format!(
            "sent {sent} bytes and read nothing, until all the queues were full"
        ));
        lines
    }

    /// How many bytes the program's end has not got rid of, and how many it has not
    /// read.
    fn queues_of_program(&self) -> Option<(u32, u32)> {
        let Connection { program, step } = self.connection;
        let socket = self.experiment.socket(program, step)?;
        Some((socket.send_queue, socket.receive_queue))
    }

    /// Sends bytes and, at the same time, expects the same bytes back: for more than
    /// the buffers between the two ends hold.
    pub fn is_echoed(&mut self, bytes: impl AsRef<[u8]>) -> &mut Peer {
        let bytes = bytes.as_ref();
        let experiment = Arc::clone(&self.experiment);
        let mut patience = experiment.patience();
        let mut sent = 0;
        let mut got = Vec::with_capacity(bytes.len());
        let mut block = [0; 64 * 1024];
        self.set_nonblocking(true);
        while got.len() < bytes.len() {
            let mut progress = false;
            if sent < bytes.len() {
                match self.stream.write(&bytes[sent..]) {
                    Ok(count) => {
                        sent += count;
                        progress |= count > 0;
                    }
                    Err(error) if would_wait(&error) => {}
                    Err(error) => self.fail(
                        format!(
                            "{} after {sent} of {} bytes were sent",
                            words(&error),
                            bytes.len()
                        ),
                        Expected::Room,
                    ),
                }
            }
            let wanted = (bytes.len() - got.len()).min(block.len());
            match self.stream.read(&mut block[..wanted]) {
                Ok(0) => self.fail(
                    format!("the end of the connection{}", after(&got, bytes)),
                    Expected::Bytes,
                ),
                Ok(count) => {
                    got.extend_from_slice(&block[..count]);
                    self.compare(&got, bytes);
                    progress = true;
                }
                Err(error) if would_wait(&error) => {}
                Err(error) => self.fail(
                    format!("{}{}", words(&error), after(&got, bytes)),
                    Expected::Bytes,
                ),
            }
            if progress {
                patience = experiment.patience();
            } else if experiment.must_stop_waiting(&patience) {
                self.fail(
                    format!("no answer within 1 s{}", after(&got, bytes)),
                    or_rest(&got),
                );
            } else {
                self.wait_until_ready(sent < bytes.len());
            }
        }
        self.set_nonblocking(false);
        self.did(format!("sent {} and got the same back", quote(bytes)));
        self
    }

    /// Expects the end of the connection next: FIN, and nothing before it.
    pub fn hears_the_end(&mut self) {
        let patience = self.experiment.patience();
        let mut block = [0; 1024];
        loop {
            match self.stream.read(&mut block) {
                Ok(0) => break,
                Ok(count) => self.fail(
                    format!("{} where the end was due", quote(&block[..count])),
                    Expected::Fact("the program sent more than was asked of it"),
                ),
                Err(error) => {
                    let saw = || "no end of the connection within 1 s".to_owned();
                    self.tick(&error, &patience, Expected::End, saw);
                }
            }
        }
        self.did("got the end of the connection (FIN)");
    }

    /// Expects that nothing arrives for 200 ms.
    pub fn hears_nothing(&mut self) -> &mut Peer {
        let until = Instant::now() + QUIET;
        let mut block = [0; 1024];
        while Instant::now() < until {
            match self.stream.read(&mut block) {
                Ok(0) => self.fail("the end of the connection", Expected::Bytes),
                Ok(count) => self.fail(
                    format!("{} where nothing was due", quote(&block[..count])),
                    Expected::Fact("the program sent more than was asked of it"),
                ),
                Err(error) if would_wait(&error) => {}
                Err(error) => self.fail(words(&error), Expected::Bytes),
            }
        }
        self.did("heard nothing for 200 ms");
        self
    }

    /// Shuts down the writing side: FIN goes out, and what comes back can still be
    /// heard.
    pub fn done_talking(&mut self) -> &mut Peer {
        if let Err(error) = self.stream.shutdown(Shutdown::Write) {
            self.fail(
                format!(
                    "{} when the writing side was to be shut down",
                    words(&error)
                ),
                Expected::Room,
            );
        }
        self.did("shut down the writing side (FIN)");
        self
    }

    /// Closes the connection.
    pub fn leaves(self) {
        self.did("closed the connection");
    }

    /// Ends the connection with RST, as a program does that closes a socket with
    /// unread bytes, or a host that has lost its state.
    pub fn resets(self) {
        let reset = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        if let Err(error) = reset {
            self.fail(words(&error), Expected::Connection);
        }
        self.did("reset the connection (RST)");
    }

    /// The connection, for an x-ray.
    pub(crate) fn connection(&self) -> Connection {
        self.connection
    }

    fn did(&self, what: impl AsRef<str>) {
        match &self.name {
            Some(name) => self.experiment.did(format!("{name}: {}", what.as_ref())),
            None => self.experiment.did(what.as_ref()),
        }
    }

    fn fail(&self, saw: impl AsRef<str>, expected: Expected) -> ! {
        let saw = match &self.name {
            Some(name) => format!("{name}: {}", saw.as_ref()),
            None => saw.as_ref().to_owned(),
        };
        self.experiment.fail(saw, Some(self.connection), expected)
    }

    /// Sends what there is room for.
    fn send(&mut self, bytes: &[u8], patience: &Patience, sent: usize) -> usize {
        match self.stream.write(bytes) {
            Ok(count) => count,
            Err(error) => {
                let saw = || format!("no room for more within 1 s, after {sent} bytes");
                self.tick(&error, patience, Expected::Room, saw);
                0
            }
        }
    }

    /// Deals with the error of a call that was to do something: nothing yet, or the
    /// end.
    fn tick(
        &self,
        error: &io::Error,
        patience: &Patience,
        expected: Expected,
        saw: impl Fn() -> String,
    ) {
        if !would_wait(error) {
            self.fail(words(error), expected);
        }
        if self.experiment.must_stop_waiting(patience) && !self.has_arrived() {
            self.fail(saw(), expected);
        }
    }

    /// Whether something has arrived while nobody looked.
    fn has_arrived(&self) -> bool {
        let mut byte = [0];
        self.set_nonblocking(true);
        let arrived = self.stream.peek(&mut byte).is_ok();
        self.set_nonblocking(false);
        arrived
    }

    /// Fails if what came so far is not how the expected bytes begin.
    fn compare(&self, got: &[u8], expected: &[u8]) {
        if expected.starts_with(got) {
            return;
        }
        let same = got
            .iter()
            .zip(expected)
            .take_while(|(got, expected)| got == expected)
            .count();
        if let Some(missing) = left_out(&got[same..], &expected[same..]) {
            self.fail(
                format!("after byte {same} of the answer {missing} bytes are missing"),
                Expected::Fact(
                    "a write may take fewer bytes than it is offered: it returns how many, and \
                     the rest is still to be written",
                ),
            );
        }
        let saw = if expected.len() <= 48 {
            // What came with it, to show the whole of it.
            let mut whole = got.to_vec();
            let mut block = [0; 64];
            self.set_nonblocking(true);
            let count = (&self.stream).read(&mut block).unwrap_or(0);
            whole.extend_from_slice(&block[..count]);
            format!("{} in place of {}", quote(&whole), quote(expected))
        } else {
            format!(
                "byte {same} is {} in place of {}",
                quote(&got[same..=same]),
                quote(&expected[same..=same])
            )
        };
        self.fail(saw, Expected::Fact("what came back is not what was sent"));
    }

    fn set_nonblocking(&self, on: bool) {
        if let Err(error) = self.stream.set_nonblocking(on) {
            self.fail(words(&error), Expected::Connection);
        }
    }

    fn wait_until_ready(&self, writing: bool) {
        use nix::poll::{PollFd, PollFlags, poll};
        use std::os::fd::AsFd;
        let mut wanted = PollFlags::POLLIN;
        wanted.set(PollFlags::POLLOUT, writing);
        let mut watched = [PollFd::new(self.stream.as_fd(), wanted)];
        // An interrupted wait is looked at again by whoever waits.
        poll(&mut watched, TICK.as_millis() as u16).ok();
    }
}

impl Unheard {
    pub(crate) fn bind(experiment: &Arc<Experiment>) -> Unheard {
        let open = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.bind(&SockAddr::from(SocketAddr::from(([127, 0, 0, 1], 0))))?;
            let address = socket.local_addr()?.as_socket();
            let address = address.ok_or_else(|| io::Error::other("an address of another kind"))?;
            Ok::<_, io::Error>((socket, address))
        };
        match open() {
            Ok((socket, address)) => Unheard {
                _socket: socket,
                address,
            },
            Err(error) => experiment.cannot_check(
                format!("the check cannot have a port on 127.0.0.1: {error}"),
                "bring up the loopback interface: ip link set lo up",
            ),
        }
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Listener {
    pub(crate) fn open(experiment: &Arc<Experiment>) -> Listener {
        let listener = TcpListener::bind("127.0.0.1:0");
        Listener::of(experiment, listener)
    }

    /// The step's, of a socket that listens, wherever it is.
    pub(crate) fn of(experiment: &Arc<Experiment>, listener: io::Result<TcpListener>) -> Listener {
        let ready = listener.and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        match ready {
            Ok(listener) => Listener {
                listener,
                experiment: Arc::clone(experiment),
            },
            Err(error) => experiment.cannot_check(
                format!("the check cannot listen: {error}"),
                "bring up the loopback interface: ip link set lo up",
            ),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        match self.listener.local_addr() {
            Ok(address) => address,
            Err(error) => self
                .experiment
                .fail(words(&error), None, Expected::Connection),
        }
    }

    /// Waits for the program's connection.
    pub fn accept(&self) -> Peer {
        let accepted = self.experiment.wait(|| self.listener.accept().ok());
        let Some((stream, _)) = accepted else {
            self.experiment.fail(
                format!("no connection to {} within 1 s", self.address()),
                None,
                Expected::Fact("the program did not connect"),
            )
        };
        // Accepted sockets inherit nothing of this on Linux; other systems differ.
        stream.set_nonblocking(false).ok();
        Peer::new(&self.experiment, stream, true)
    }
}

fn would_wait(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

/// `after 3 of 6 bytes: "hel"`, where some have come.
fn after(got: &[u8], expected: &[u8]) -> String {
    if got.is_empty() {
        return String::new();
    }
    let (got_count, all) = (got.len(), expected.len());
    format!(", after {got_count} of {all} bytes: {}", quote(got))
}

/// How many bytes were left out, where what came goes on as was expected further on.
fn left_out(got: &[u8], expected: &[u8]) -> Option<usize> {
    // Fewer bytes than this may be alike by chance.
    const ALIKE: usize = 16;
    let sample = got.get(..ALIKE)?;
    expected
        .windows(ALIKE)
        .position(|window| window == sample)
        .filter(|&missing| missing > 0)
}

/// What is expected next, when so much of an answer has come.
fn or_rest(got: &[u8]) -> Expected {
    if got.is_empty() {
        Expected::Bytes
    } else {
        Expected::Rest
    }
}

/// An error as the field calls it.
fn words(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionReset => "the connection was reset (RST)".to_owned(),
        ErrorKind::BrokenPipe => "the connection was closed for writing (EPIPE)".to_owned(),
        _ => error.to_string(),
    }
}
