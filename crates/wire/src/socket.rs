//! A socket of an experiment: what it is told to do is done, and recorded.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;

use crate::cable::Shared;
use crate::recording::Calling;
use crate::trace::End;

/// A TCP socket on a host. Its methods are the system calls of the same names; each
/// is an event of the trace.
pub struct Socket {
    inner: socket2::Socket,
    host: End,
    shared: Arc<Shared>,
}

/// How long a call of an experiment may block.
const PATIENCE: Duration = Duration::from_secs(20);

impl Socket {
    pub(crate) fn new(inner: socket2::Socket, host: End, shared: &Arc<Shared>) -> Socket {
        Socket {
            inner,
            host,
            shared: Arc::clone(shared),
        }
    }

    /// bind(2).
    ///
    /// # Errors
    /// Of the call.
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        let bound = || self.inner.bind(&address.into());
        self.call("bind", &address.to_string(), bound, |()| "0".into())
    }

    /// listen(2).
    ///
    /// # Errors
    /// Of the call.
    pub fn listen(&self, backlog: i32) -> io::Result<()> {
        let listens = || self.inner.listen(backlog);
        self.call("listen", &backlog.to_string(), listens, |()| "0".into())
    }

    /// accept(2).
    ///
    /// # Errors
    /// Of the call.
    pub fn accept(&self) -> io::Result<Socket> {
        self.inner.set_read_timeout(Some(PATIENCE))?;
        let accepted = || self.inner.accept();
        let calling = self.calling("accept", "");
        self.shared.call_begins(calling.clone());
        let done = accepted();
        let (result, ends) = match &done {
            Ok((connection, peer)) => {
                let port = peer.as_socket().map_or(0, |peer| peer.port());
                (format!(":{port}"), ends(connection))
            }
            Err(error) => (name_of(error), None),
        };
        self.shared
            .call_returns(Calling { ends, ..calling }, result);
        Ok(Socket::new(done?.0, self.host, &self.shared))
    }

    /// connect(2): blocks until the connection is there, or cannot be.
    ///
    /// # Errors
    /// Of the call.
    pub fn connect(&self, address: SocketAddr) -> io::Result<()> {
        self.connects(address)
    }

    /// connect(2) of a non-blocking socket: returns at once, with EINPROGRESS.
    ///
    /// # Errors
    /// Of the call, other than EINPROGRESS.
    pub fn starts_to_connect(&self, address: SocketAddr) -> io::Result<()> {
        self.inner.set_nonblocking(true)?;
        match self.connects(address) {
            Err(error) if error.raw_os_error() == Some(Errno::EINPROGRESS as i32) => Ok(()),
            done => done,
        }
    }

    /// read(2), of at most `most` bytes: what has arrived; nothing at the end.
    ///
    /// # Errors
    /// Of the call.
    pub fn read(&self, most: usize) -> io::Result<Vec<u8>> {
        self.inner.set_read_timeout(Some(PATIENCE))?;
        let mut bytes = vec![0; most];
        let reads = || (&self.inner).read(&mut bytes);
        let count = self.call("read", "", reads, usize::to_string)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// write(2): all of `bytes`, in one call.
    ///
    /// # Errors
    /// Of the call; a short count is one.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let arguments = match bytes {
            short if short.len() <= 24 => format!("\"{}\"", short.escape_ascii()),
            long => format!("{} bytes", long.len()),
        };
        let writes = || (&self.inner).write(bytes);
        let count = self.call("write", &arguments, writes, usize::to_string)?;
        if count < bytes.len() {
            return Err(io::Error::other(format!("only {count} bytes were taken")));
        }
        Ok(())
    }

    /// dup(2): a second descriptor for the same socket.
    ///
    /// # Errors
    /// Of the call.
    pub fn dup(&self) -> io::Result<Socket> {
        let copies = || self.inner.try_clone();
        let inner = self.call("dup", "", copies, |_| "another descriptor".into())?;
        Ok(Socket::new(inner, self.host, &self.shared))
    }

    /// setsockopt(2) of SO_REUSEADDR.
    ///
    /// # Errors
    /// Of the call.
    pub fn reuses_address(&self) -> io::Result<()> {
        let sets = || self.inner.set_reuse_address(true);
        self.call("setsockopt", "SO_REUSEADDR, 1", sets, |()| "0".into())
    }

    /// setsockopt(2) of SO_LINGER, with a time of zero.
    ///
    /// # Errors
    /// Of the call.
    pub fn lingers_not(&self) -> io::Result<()> {
        let sets = || self.inner.set_linger(Some(Duration::ZERO));
        self.call("setsockopt", "SO_LINGER, {1, 0}", sets, |()| "0".into())
    }

    /// shutdown(2).
    ///
    /// # Errors
    /// Of the call.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let name = match how {
            Shutdown::Read => "SHUT_RD",
            Shutdown::Write => "SHUT_WR",
            Shutdown::Both => "SHUT_RDWR",
        };
        let shuts = || self.inner.shutdown(how);
        self.call("shutdown", name, shuts, |()| "0".into())
    }

    /// close(2).
    pub fn close(self) {
        let calling = self.calling("close", "");
        let Socket { inner, shared, .. } = self;
        shared.call_begins(calling.clone());
        drop(inner);
        shared.call_returns(calling, "0".into());
    }

    /// The socket itself, to set its options, or for calls that are not to be recorded.
    pub fn plain(&self) -> &socket2::Socket {
        &self.inner
    }

    /// Its own address.
    ///
    /// # Errors
    /// Of getsockname(2).
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        let address = self.inner.local_addr()?;
        address.as_socket().ok_or(io::ErrorKind::Unsupported.into())
    }

    fn connects(&self, address: SocketAddr) -> io::Result<()> {
        let arguments = address.to_string();
        let calling = self.calling("connect", &arguments);
        self.shared.call_begins(calling.clone());
        let done = self.inner.connect(&address.into());
        let result = match &done {
            Ok(()) => "0".to_owned(),
            Err(error) => name_of(error),
        };
        let local = self.local_address().ok();
        let ends = local.map(|local| (local, address));
        self.shared
            .call_returns(Calling { ends, ..calling }, result);
        done
    }

    fn calling(&self, call: &'static str, arguments: &str) -> Calling {
        Calling {
            host: Some(self.host),
            thread: 0,
            call,
            arguments: arguments.to_owned(),
            ends: ends(&self.inner),
        }
    }

    fn call<T>(
        &self,
        call: &'static str,
        arguments: &str,
        make: impl FnOnce() -> io::Result<T>,
        show: impl FnOnce(&T) -> String,
    ) -> io::Result<T> {
        let calling = self.calling(call, arguments);
        self.shared.call_begins(calling.clone());
        let done = make();
        let result = match &done {
            Ok(value) => show(value),
            Err(error) => name_of(error),
        };
        self.shared.call_returns(calling, result);
        done
    }
}

/// The two addresses of a socket, its own first.
fn ends(socket: &socket2::Socket) -> Option<(SocketAddr, SocketAddr)> {
    let local = socket.local_addr().ok()?.as_socket()?;
    let remote = socket.peer_addr().ok()?.as_socket()?;
    Some((local, remote))
}

/// `ECONNREFUSED`.
fn name_of(error: &io::Error) -> String {
    let mut name = String::new();
    match error.raw_os_error() {
        Some(number) => write!(name, "{:?}", Errno::from_raw(number)),
        None => write!(name, "{error}"),
    }
    .expect("a string takes everything");
    name
}
