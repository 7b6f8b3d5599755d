//! What the network does to what two real kernels' ends say to each other.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::Duration;

use wire::trace::{End, Fate, Flag, Mark, Segment};
use wire::{Network, Trace, Which};

type Done = Result<(), Box<dyn std::error::Error>>;

/// A connection between the hosts, the client's end first, accepted.
fn connected(network: &Network) -> io::Result<(wire::Socket, wire::Socket)> {
    let listener = network.server.listens(9000, 5)?;
    let client = network.client.socket()?;
    client.connect(network.server.address(9000))?;
    let server = listener.accept()?;
    Ok((client, server))
}

fn data(trace: &Trace) -> Vec<&Segment> {
    trace
        .segments()
        .filter(|segment| segment.length > 0)
        .collect()
}

#[test]
fn what_is_said_arrives_and_is_recorded() -> Done {
    let network = Network::new()?;
    let (client, server) = connected(&network)?;
    client.write(b"hello\n")?;
    assert_eq!(server.read(100)?, b"hello\n");
    let trace = network.trace();
    let [hello] = data(&trace)[..] else {
        panic!("one data segment, not\n{}", trace.shape());
    };
    assert_eq!(
        (hello.from, hello.seq, hello.ack),
        (End::Client, 1, Some(1))
    );
    assert_eq!((hello.length, hello.data.as_str()), (6, "hello\\n"));
    assert!(hello.has(Flag::Psh) && hello.has(Flag::Ack));
    assert_eq!(hello.options.timestamps.map(|_| ()), Some(()));
    let header = u32::from_str_radix(&hello.header[24..25], 16)?;
    assert_eq!(
        header as usize * 8,
        hello.header.len(),
        "all of the header is there"
    );
    assert_eq!((trace.missed, trace.other_frames), (0, 0));
    Ok(())
}

#[test]
fn windows_are_scaled_as_the_handshake_agreed() -> Done {
    let network = Network::new()?;
    let (_client, _server) = connected(&network)?;
    let trace = network.trace();
    let mut segments = trace.segments();
    let (syn, _, ack) = (segments.next(), segments.next(), segments.next());
    let (syn, ack) = (syn.ok_or("no SYN")?, ack.ok_or("no ACK")?);
    assert_eq!(
        syn.window_bytes,
        u32::from(syn.window),
        "that of a SYN is not scaled"
    );
    let scale = syn.options.window_scale.ok_or("no window scale")?;
    assert_eq!(ack.window_bytes, u32::from(ack.window) << scale);
    Ok(())
}

#[test]
fn the_cable_takes_its_time() -> Done {
    let network = Network::new()?;
    network.cable.delays(Duration::from_millis(50));
    let _ends = connected(&network)?;
    for segment in network.trace().segments() {
        if let Some(arrived) = segment.arrived {
            assert!(arrived - segment.at >= 50_000, "{segment:?}");
        }
    }
    Ok(())
}

#[test]
fn the_third_data_segment_is_lost_and_comes_again() -> Done {
    let network = Network::new()?;
    network.cable.delays(Duration::from_millis(5));
    network
        .cable
        .loses(Which::data().from(End::Client).number(3));
    let (client, server) = connected(&network)?;
    let sent: Vec<u8> = (0..14_480).map(|number| number as u8).collect();
    client.write(&sent)?;
    let mut got = Vec::new();
    while got.len() < sent.len() {
        got.extend(server.read(100_000)?);
    }
    assert!(got == sent, "the bytes are other ones");
    let trace = network.trace();
    let sent = data(&trace);
    assert_eq!(sent[2].fate, Fate::Lost);
    let again = sent
        .iter()
        .skip(3)
        .find(|segment| segment.seq == sent[2].seq);
    let again = again.ok_or("it was never sent again")?;
    assert_eq!(again.marks, [Mark::Retransmission]);
    let doubles = trace
        .segments()
        .filter(|segment| segment.marks.contains(&Mark::DuplicateAck))
        .count();
    assert!(doubles >= 1, "{}", trace.shape());
    Ok(())
}

#[test]
fn a_segment_held_back_is_overtaken() -> Done {
    let network = Network::new()?;
    let held = Which::data().from(End::Client).number(2);
    network.cable.delays(Duration::from_millis(40));
    // Less than a quarter of a round trip: it is not taken for lost (RFC 8985).
    network.cable.holds_back(held, Duration::from_millis(10));
    let (client, server) = connected(&network)?;
    client.write(&[b'x'; 5 * 1448])?;
    let mut got = 0;
    while got < 5 * 1448 {
        got += server.read(100_000)?.len();
    }
    let trace = network.trace();
    let second = data(&trace)[1];
    assert_eq!(second.marks, [Mark::OutOfOrder], "{}", trace.shape());
    let doubles = |segment: &&Segment| segment.marks.contains(&Mark::DuplicateAck);
    assert!(trace.segments().any(|s| doubles(&s)), "{}", trace.shape());
    Ok(())
}

#[test]
fn a_doubled_segment_arrives_twice_and_is_read_once() -> Done {
    let network = Network::new()?;
    network.cable.duplicates(Which::data());
    let (client, server) = connected(&network)?;
    client.write(b"once")?;
    client.shutdown(std::net::Shutdown::Write)?;
    let mut got = Vec::new();
    loop {
        match server.read(100)? {
            end if end.is_empty() => break,
            more => got.extend(more),
        }
    }
    assert_eq!(got, b"once");
    let trace = network.trace();
    let [one, two] = data(&trace)[..] else {
        panic!("two data segments, not\n{}", trace.shape());
    };
    assert_eq!(two.marks, [Mark::Duplicate]);
    assert_eq!((one.fate, two.fate), (Fate::Arrived, Fate::Arrived));
    Ok(())
}

#[test]
fn nothing_passes_a_cable_that_is_cut() -> Done {
    let network = Network::new()?;
    let (client, server) = connected(&network)?;
    network.cable.cut();
    client.write(b"lost")?;
    network.until("it was sent again", |trace| {
        let mut segments = trace.segments();
        segments.any(|segment| segment.marks.contains(&Mark::Retransmission))
    })?;
    let trace = network.trace();
    assert!(data(&trace).iter().all(|segment| segment.fate == Fate::Cut));
    assert_eq!(
        trace.state(0, End::Client),
        "ESTABLISHED",
        "nobody has noticed"
    );
    network.cable.mend();
    assert_eq!(server.read(100)?, b"lost");
    Ok(())
}

fn has_mark(trace: &Trace, from: End, mark: Mark) -> bool {
    let mut segments = trace.segments();
    segments.any(|segment| segment.from == from && segment.marks.contains(&mark))
}

#[test]
fn a_window_closes_is_probed_and_opens() -> Done {
    let network = Network::new()?;
    let (client, server) = connected(&network)?;
    client.plain().set_nonblocking(true)?;
    let mut sent = 0;
    let is_shut = |trace: &Trace| has_mark(trace, End::Server, Mark::ZeroWindow);
    while !is_shut(&network.trace()) {
        // As long as there is room on either side.
        while let Ok(count) = client.plain().send(&[b'x'; 1 << 16]) {
            sent += count;
        }
        thread::park_timeout(Duration::from_millis(5));
    }
    network.until("the client asks whether there is room", |trace| {
        has_mark(trace, End::Client, Mark::WindowProbe)
    })?;
    let mut got = 0;
    while got < sent {
        got += server.read(1 << 20)?.len();
    }
    network.until("the server tells of room", |trace| {
        has_mark(trace, End::Server, Mark::WindowUpdate)
    })?;
    Ok(())
}

#[test]
fn a_keepalive_and_its_answer_are_told_from_others() -> Done {
    let network = Network::new()?;
    let (client, _server) = connected(&network)?;
    let keepalive = socket2::TcpKeepalive::new().with_time(Duration::from_secs(1));
    client.plain().set_tcp_keepalive(&keepalive)?;
    network.until("a keepalive is answered", |trace| {
        has_mark(trace, End::Server, Mark::KeepaliveAck)
    })?;
    let trace = network.trace();
    let marked = trace.segments().filter(|segment| !segment.marks.is_empty());
    let marks: Vec<(End, &[Mark])> = marked.map(|s| (s.from, s.marks.as_slice())).collect();
    let question = (End::Client, &[Mark::Keepalive][..]);
    let answer = (End::Server, &[Mark::KeepaliveAck][..]);
    assert_eq!(marks[..2], [question, answer], "{}", trace.shape());
    Ok(())
}

#[test]
fn a_reset_is_one() -> Done {
    let network = Network::new()?;
    let (client, server) = connected(&network)?;
    client.plain().set_linger(Some(Duration::ZERO))?;
    client.close();
    network.until("the reset has arrived", |trace| {
        has_mark(trace, End::Client, Mark::Reset) && trace.state(0, End::Server) == "CLOSED"
    })?;
    let error = server.read(1).expect_err("there is no connection any more");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    Ok(())
}

#[test]
fn the_mtu_bounds_the_segments() -> Done {
    let network = Network::with_mtu(600)?;
    let (client, server) = connected(&network)?;
    client.write(&[b'x'; 5000])?;
    let mut got = 0;
    while got < 5000 {
        got += server.read(10_000)?.len();
    }
    let trace = network.trace();
    let syn = trace.segments().next().ok_or("no SYN")?;
    assert_eq!(syn.options.mss, Some(560));
    // Timestamps take 12 bytes of each.
    assert_eq!(
        data(&trace).iter().map(|segment| segment.length).max(),
        Some(548)
    );
    Ok(())
}

#[test]
fn both_ends_states_are_seen() -> Done {
    let network = Network::new()?;
    network.cable.delays(Duration::from_millis(5));
    let (client, server) = connected(&network)?;
    client.close();
    let at_end = |trace: &Trace| trace.state(0, End::Server) == "CLOSE_WAIT";
    network.until("the server has the client's FIN", at_end)?;
    assert_eq!(server.read(1)?, b"");
    server.close();
    let gone = |trace: &Trace| trace.state(0, End::Server) == "CLOSED";
    network.until("the server's end is gone", gone)?;
    let trace = network.trace();
    let seen = |host| {
        let mut states: Vec<&str> = Vec::new();
        for event in &trace.events {
            if let wire::trace::Event::State(state) = event
                && state.host == host
                && states.last() != Some(&state.state.as_str())
            {
                states.push(&state.state);
            }
        }
        states.join(" ")
    };
    // The server may be quick enough to answer the FIN with its own, and slow enough not to.
    let client = seen(End::Client);
    assert!(
        [
            "SYN_SENT ESTABLISHED FIN_WAIT_1 TIME_WAIT",
            "SYN_SENT ESTABLISHED FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT"
        ]
        .contains(&client.as_str()),
        "{client}"
    );
    assert_eq!(
        seen(End::Server),
        "SYN_RECV ESTABLISHED CLOSE_WAIT LAST_ACK CLOSED"
    );
    Ok(())
}

#[test]
fn programs_run_on_the_hosts() -> Done {
    let network = Network::new()?;
    let listener = network.server.listens(9000, 5)?;
    let address = network.server.address(9000);
    let mut command = Command::new("bash");
    command.args(["-c", "exec 3<>/dev/tcp/10.0.0.2/9000; echo hello >&3"]);
    network.client.runs(&mut command);
    assert!(command.status()?.success(), "no connection to {address}");
    assert_eq!(listener.accept()?.read(100)?, b"hello\n");
    Ok(())
}

#[test]
fn many_networks_at_a_time_do_not_meet() -> Done {
    thread::scope(|scope| {
        let networks: Vec<_> = (0..8)
            .map(|number| {
                scope.spawn(move || -> io::Result<Trace> {
                    let network = Network::new()?;
                    let (client, server) = connected(&network)?;
                    client.write(format!("network {number}").as_bytes())?;
                    assert_eq!(server.read(100)?, format!("network {number}").as_bytes());
                    Ok(network.trace())
                })
            })
            .collect();
        for network in networks {
            let trace = network.join().expect("no network panics")?;
            assert_eq!(trace.connections.len(), 1, "{}", trace.shape());
        }
        Ok(())
    })
}

#[test]
fn nothing_is_missed_of_a_long_transfer() -> Done {
    const BYTES: usize = 50 << 20;
    let network = Network::new()?;
    let (client, server) = connected(&network)?;
    let mut writer = TcpStream::from(client.plain().try_clone()?);
    let mut reader = TcpStream::from(server.plain().try_clone()?);
    drop(client);
    let writing = thread::spawn(move || -> io::Result<()> {
        let block = vec![b'x'; 1 << 16];
        for _ in 0..BYTES / block.len() {
            writer.write_all(&block)?;
        }
        Ok(())
    });
    let mut block = vec![0; 1 << 16];
    let mut got = 0;
    while got < BYTES {
        got += reader.read(&mut block)?;
    }
    writing.join().expect("the writer does not panic")?;
    let trace = network.trace();
    assert_eq!(trace.missed, 0);
    let fresh = |segment: &&Segment| !segment.marks.contains(&Mark::Retransmission);
    let recorded: u64 = trace
        .segments()
        .filter(fresh)
        .map(|s| u64::from(s.length))
        .sum();
    assert_eq!(recorded, BYTES as u64);
    Ok(())
}

#[test]
fn a_host_alone_hears_itself() -> Done {
    let network = Network::alone(1500)?;
    let (client, server) = connected(&network)?;
    client.write(b"hello\n")?;
    assert_eq!(server.read(100)?, b"hello\n");
    let trace = network.trace();
    let segments = trace.segments();
    let from: Vec<End> = segments.map(|segment| segment.from).collect();
    use End::{Client, Server};
    assert_eq!(
        from[..4],
        [Client, Server, Client, Client],
        "{}",
        trace.shape()
    );
    assert_eq!(trace.state(0, Client), "ESTABLISHED");
    assert_eq!(trace.state(0, Server), "ESTABLISHED");
    Ok(())
}

#[test]
fn nothing_is_left_of_a_network_whose_process_was_killed() -> Done {
    const VARIABLE: &str = "WIRE_TEST_HOLDS_A_NETWORK";
    if std::env::var_os(VARIABLE).is_some() {
        let network = Network::new()?;
        println!("{}", network.keeper());
        loop {
            thread::park();
        }
    }
    let mut holder = Command::new(std::env::current_exe()?)
        .args([
            "--exact",
            "nothing_is_left_of_a_network_whose_process_was_killed",
        ])
        .arg("--nocapture")
        .env(VARIABLE, "yes")
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    let stdout = holder.stdout.take().ok_or("no output")?;
    let mut lines = io::BufRead::lines(io::BufReader::new(stdout));
    let keeper = lines.find_map(|line| line.ok()?.trim().parse::<u32>().ok());
    let keeper = keeper.ok_or("it has made no network")?;
    holder.kill()?;
    holder.wait()?;
    for _ in 0..1000 {
        let state = std::fs::read_to_string(format!("/proc/{keeper}/stat")).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") {
            return Ok(());
        }
        thread::park_timeout(Duration::from_millis(5));
    }
    Err("the keeper lives on".into())
}
