//! Six clients for `listen(2)`: who gets in, and when.

use socket2::{Domain, Socket, Type};
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than it takes until a SYN is sent again.
const PATIENCE: Duration = Duration::from_secs(5);

// ANCHOR: backlog
fn main() -> io::Result<()> {
    let before = overflows()?;
    let listener = listener(2)?;
    let address = listener.local_addr()?;
    let clients = (0..6).map(|_| starts_to_connect(&address));
    let clients = clients.collect::<io::Result<Vec<TcpStream>>>()?;
    println!("listen(2), 6 clients: {}", how_they_are(&clients)?);
    println!("SYNs dropped for want of room: {}", overflows()? - before);

    let accept = || listener.accept();
    let _accepted = (accept()?, accept()?, accept()?);
    let start = Instant::now();
    while connected(&clients) < 6 && start.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(10));
    }
    let seconds = start.elapsed().as_secs_f32();
    let now = how_they_are(&clients)?;
    println!("3 accepted, {seconds:.0} s later: {now}");
    Ok(())
}
// ANCHOR_END: backlog

fn how_they_are(clients: &[TcpStream]) -> io::Result<String> {
    let mut refused = 0;
    for client in clients {
        refused += u32::from(client.take_error()?.is_some());
    }
    let connected = connected(clients);
    let others = clients.len() - connected;
    Ok(format!(
        "{connected} connected, {others} not, {refused} refused"
    ))
}

/// How many have a peer.
fn connected(clients: &[TcpStream]) -> usize {
    let connected = clients.iter().filter(|client| client.peer_addr().is_ok());
    connected.count()
}

fn starts_to_connect(address: &socket2::SockAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(address) {
        Err(error) if error.raw_os_error() != Some(nix::libc::EINPROGRESS) => Err(error),
        _ => Ok(socket.into()),
    }
}

fn listener(backlog: i32) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(backlog)?;
    Ok(socket)
}

/// How often an accept queue of this machine was full when a SYN came.
fn overflows() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/net/netstat")?;
    let mut lines = text.lines().filter(|line| line.starts_with("TcpExt:"));
    let (names, values) = (lines.next(), lines.next());
    let names = names.unwrap_or_default().split(' ');
    let mut both = names.zip(values.unwrap_or_default().split(' '));
    let found = both.find(|(name, _)| *name == "ListenOverflows");
    Ok(found.and_then(|(_, value)| value.parse().ok()).unwrap_or(0))
}
