//! X-rays of real processes.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};
use xray::{Activity, SocketOptions, Stepper, TcpState, XRay};

/// Looks at process `pid` until `shown` holds.
fn look_until(pid: u32, shown: impl Fn(&XRay) -> bool) -> XRay {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let xray = XRay::of(pid).expect("the process is there");
        if shown(&xray) {
            return xray;
        }
        assert!(Instant::now() < until, "still:\n{xray}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// A process that ends with this value.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Running {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::null());
        Running(command.spawn().expect("the command is there"))
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn shows_the_call_that_a_process_sleeps_in() {
    let cat = Running::start(&mut Command::new("cat"));
    let xray = look_until(cat.pid(), |xray| {
        xray.processes[0].threads[0].activity.call().is_some()
    });
    let call = *xray.processes[0].threads[0]
        .activity
        .call()
        .expect("looked");
    assert_eq!(call.name, "read");
    assert_eq!(call.descriptor(), Some(0));
    assert!(xray.processes[0].asleep());
    assert!(xray.to_string().contains("cat"));
    assert!(xray.to_string().contains("sleeps in read (fd 0)"), "{xray}");
}

#[test]
fn shows_who_runs_and_what_that_costs() {
    let busy = Running::start(Command::new("sh").args(["-c", "while :; do :; done"]));
    let xray = look_until(busy.pid(), |xray| {
        let process = &xray.processes[0];
        process.threads[0].activity == Activity::Running
            && process.cpu > Duration::ZERO
            && xray::busy_threads(&[busy.pid()]) == 1
    });
    assert!(!xray.processes[0].asleep());
    assert!(xray.processes[0].memory > 0);
}

#[test]
fn shows_children_below_their_parent_and_zombies() {
    // The shell becomes `sleep`, which waits for nobody.
    let script = "true & exec sleep 1000";
    let parent = Running::start(Command::new("sh").args(["-c", script]));
    let xray = look_until(parent.pid(), |xray| xray.zombies().count() == 1);
    let zombie = xray.zombies().next().expect("looked");
    assert_eq!(zombie.parent, parent.pid());
    assert_eq!(zombie.depth, 1);
    assert!(zombie.descriptors.is_empty());
    assert_eq!(xray::children(parent.pid()).expect("/proc"), [zombie.pid]);
    assert_eq!(
        xray::descendants(parent.pid()).expect("/proc"),
        [zombie.pid]
    );
    let text = xray.to_string();
    assert!(text.contains("└─ true") || text.contains("└─ sh"), "{text}");
    assert!(text.contains("zombie"), "{text}");
}

#[test]
fn shows_a_process_that_was_stopped() {
    use nix::sys::signal::{Signal, kill};
    let cat = Running::start(&mut Command::new("cat"));
    let pid = nix::unistd::Pid::from_raw(cat.pid().cast_signed());
    kill(pid, Signal::SIGSTOP).expect("it is ours");
    look_until(cat.pid(), |xray| {
        xray.processes[0].threads[0].activity == Activity::Stopped
    });
}

#[test]
fn shows_both_ends_of_a_connection_through_its_life() {
    let me = std::process::id();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let mut client = TcpStream::connect(address).expect("it listens");
    let local = client.local_addr().expect("connected");

    // Nobody has accepted: the connection is there, and no process holds it.
    let xray = XRay::of(me).expect("/proc");
    let (_, descriptor) = xray.listener(address).expect("it listens");
    assert_eq!(descriptor.number, listener.as_raw_fd());
    assert_eq!(descriptor.tcp().expect("a socket").receive_queue, 1);
    let waiting = xray.sockets.between(address, local).expect("connected");
    assert_eq!(waiting.state, TcpState::Established);
    assert_eq!(waiting.inode, 0);
    assert_eq!(xray.holders_between(address, local).count(), 0);

    let (mut server, _) = listener.accept().expect("it waits");
    client.write_all(b"hello").expect("there is room");
    let xray = look_until(me, |xray| {
        let socket = xray.sockets.between(address, local);
        socket.is_some_and(|socket| socket.receive_queue == 5)
    });
    let (process, descriptor) = xray.holders_between(address, local).next().expect("held");
    assert_eq!(process.pid, me);
    assert_eq!(descriptor.number, server.as_raw_fd());
    let line = descriptor.to_string();
    assert!(line.ends_with("ESTABLISHED, 5 bytes not read"), "{line}");

    server.read_exact(&mut [0; 5]).expect("five bytes");
    client.shutdown(Shutdown::Write).expect("connected");
    look_until(me, |xray| {
        let state = |local, remote| Some(xray.sockets.between(local, remote)?.state);
        state(address, local) == Some(TcpState::CloseWait)
            && state(local, address) == Some(TcpState::FinWait2)
    });
    drop(server);
    look_until(me, |xray| {
        let end = xray.sockets.between(local, address);
        end.is_some_and(|socket| socket.state == TcpState::TimeWait)
    });
}

#[test]
fn shows_flags_and_options() {
    let me = std::process::id();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let stream = TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
    let descriptor = |number: i32| {
        let xray = XRay::of(me).expect("/proc");
        let all = &xray.process(me).expect("it is here").descriptors;
        all.iter()
            .find(|d| d.number == number)
            .expect("open")
            .clone()
    };
    let before = descriptor(stream.as_raw_fd());
    assert!(!before.nonblocking);
    assert!(before.close_on_exec);
    stream.set_nonblocking(true).expect("a socket");
    assert!(descriptor(stream.as_raw_fd()).nonblocking);

    let read = || SocketOptions::of(me, stream.as_raw_fd()).expect("our own");
    assert_eq!(read().keepalive, None);
    assert!(!read().no_delay);
    let figures = TcpKeepalive::new()
        .with_time(Duration::from_secs(5))
        .with_interval(Duration::from_secs(2))
        .with_retries(3);
    SockRef::from(&stream)
        .set_tcp_keepalive(&figures)
        .expect("a socket");
    stream.set_nodelay(true).expect("a socket");
    let keepalive = read().keepalive.expect("set");
    assert_eq!(keepalive.idle, Duration::from_secs(5));
    assert_eq!(keepalive.interval, Duration::from_secs(2));
    assert_eq!(keepalive.probes, 3);
    assert!(read().no_delay);
    // The standard library sets it on every listener.
    assert!(
        SocketOptions::of(me, listener.as_raw_fd())
            .expect("our own")
            .reuse_address
    );
    assert!(
        SocketOptions::of(me, 9999).is_err(),
        "there is no such descriptor"
    );
}

#[test]
fn stops_a_program_after_each_of_its_calls() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo hello"]).stdout(Stdio::piped());
    let mut shell = Stepper::start(&mut command).expect("sh is there");
    let mut wrote = None;
    while let Some(returned) = shell.next_call().expect("it is traced") {
        if returned.call.name == "write" {
            let xray = XRay::of(shell.pid()).expect("it is stopped, not gone");
            assert_eq!(xray.processes[0].threads[0].activity, Activity::Stopped);
            wrote = Some(returned);
        }
    }
    let wrote = wrote.expect("echo writes");
    assert_eq!(wrote.result, 6);
    assert_eq!(wrote.call.descriptor(), Some(1));
}

#[test]
fn says_that_a_process_is_not_there() {
    // The largest number that Linux gives is 4,194,304.
    let error = XRay::of(4_194_305).expect_err("there is no such process");
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}");
}
