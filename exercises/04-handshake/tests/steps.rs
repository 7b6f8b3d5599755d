//! The steps of `probe`: which ports of a host are open.

use std::time::Duration;

use grader::prelude::*;

/// What each port gets where nothing else is said.
const USUAL_TIMEOUT: Duration = Duration::from_secs(1);

/// Tells an open port.
#[test]
fn s1_open() {
    const MEANS: &str = "the handshake has come about: somebody listens, whether or not it has \
        called accept";
    let step = step!("what-connect-does");
    let listener = step.listen();
    let port = listener.address().port();
    let mut probe = step.run(program!("probe").arg("127.0.0.1").arg(port.to_string()));
    probe.exits_within(USUAL_TIMEOUT, MEANS).exits_with(0);
    probe.prints_lines([format!("{port} open")], MEANS);
    probe.prints_nothing_more();
}

/// Tells a refused port.
#[test]
fn s2_refused() {
    const MEANS: &str = "to be ready tells that the attempt has ended, not how: its error does \
        (SO_ERROR), and ECONNREFUSED is an RST, the answer of a host on which nobody listens";
    let step = step!("refused");
    let nobody = step.nobody_listens();
    let port = nobody.address().port();
    let mut probe = step.run(program!("probe").arg("127.0.0.1").arg(port.to_string()));
    probe.exits_within(USUAL_TIMEOUT, MEANS).exits_with(0);
    probe.prints_lines([format!("{port} refused")], MEANS);
    probe.prints_nothing_more();
}

/// Tells a port that does not answer, when its time is over.
#[test]
fn s3_filtered() {
    const TIMEOUT: Duration = Duration::from_millis(300);
    let step = step!("silence");
    let wire = step.on_the_wire();
    let _listener = wire.server().listen(7000);
    wire.loses(Which::syns());
    let program = program!("probe").arg("10.0.0.2").arg("7000");
    let mut probe = wire.client().run(program.arg("--timeout").arg("300"));
    probe.exits_within(
        TIMEOUT,
        "connect by itself sends its SYN again and again, for some two minutes: the timeout is \
         for the program to keep",
    );
    probe.exits_with(0).prints_lines(
        ["7000 filtered".to_owned()],
        "no answer, neither SYN-ACK nor RST, is an outcome as well",
    );
    probe.prints_nothing_more();
}

/// A thousand silent ports take one timeout, not a thousand.
#[test]
fn s4_all_at_once() {
    const TIMEOUT: Duration = Duration::from_millis(500);
    let step = step!("not-waiting");
    let wire = step.on_the_wire();
    wire.loses(Which::syns());
    let program = program!("probe").arg("10.0.0.2").arg("7001-8000");
    let mut probe = wire.client().run(program.arg("--timeout").arg("500"));
    probe.exits_within(
        TIMEOUT,
        "the timeouts of attempts that are underway at the same time pass at the same time: all \
         are begun before one is waited for",
    );
    probe.exits_with(0).prints_lines(
        (7001..=8000).map(|port| format!("{port} filtered")),
        "each port has its line, in the order of ports, whatever has become of it",
    );
    probe.prints_nothing_more();
}

/// Slow is not filtered: an answer after 300 ms is in time.
#[test]
fn s5_slow() {
    const MEANS: &str = "an answer within the timeout is in time, and the lines come in the order \
        of the ports, not of the answers";
    let step = step!("how-long");
    let wire = step.on_the_wire();
    let _listener = wire.server().listen(7001);
    wire.delays(Duration::from_millis(150));
    // The first is asked first, and answers last.
    wire.holds_back(Which::syns().to_port(7000), Duration::from_millis(100));
    let program = program!("probe").arg("10.0.0.2").arg("7000-7001");
    let mut probe = wire.client().run(program.arg("--timeout").arg("1000"));
    probe.exits_within(Duration::from_secs(1), MEANS);
    probe
        .exits_with(0)
        .prints_lines(["7000 refused".to_owned(), "7001 open".to_owned()], MEANS);
    probe.prints_nothing_more();
}

/// Makes one connection a port, and ends it with FIN, not RST.
#[test]
fn s6_leaves_nothing_behind() {
    const MEANS: &str = "each line tells of its own port";
    let step = step!("one-connection-a-port");
    let wire = step.on_the_wire();
    let _listeners = [7001, 7002, 7004].map(|port| wire.server().listen(port));
    let program = program!("probe").arg("10.0.0.2").arg("7001-7005");
    let mut probe = wire.client().run(program);
    let outcomes = ["open", "open", "refused", "open", "refused"];
    let lines = (7001..).zip(outcomes);
    probe.exits_within(USUAL_TIMEOUT, MEANS).exits_with(0);
    probe.prints_lines(
        lines.map(|(port, outcome)| format!("{port} {outcome}")),
        MEANS,
    );
    let from_client = |segment: &Segment| segment.from == End::Client;
    wire.has_exactly(
        5,
        "SYNs of the client",
        "one attempt tells all there is to know of a port, and each SYN is an attempt",
        |segment| from_client(segment) && segment.has(Flag::Syn),
    );
    wire.shows(
        "the client ends each of the three connections",
        "what was opened is to be closed",
        |trace| {
            let of_client = trace.segments().filter(|segment| from_client(segment));
            let ends = of_client.filter(|end| end.has(Flag::Fin) || end.has(Flag::Rst));
            ends.count() == 3
        },
    );
    wire.has_no(
        "RST of the client",
        "a reset is for what has gone wrong: close, without more, sends FIN",
        |segment| from_client(segment) && segment.has(Flag::Rst),
    );
}

/// Bad arguments: the usage on standard error, exit status 2.
#[test]
fn s7_usage() {
    let step = step!("exercise");
    let nobody = step.nobody_listens();
    let port = nobody.address().port();
    let words = ["--timeout", "1000", "127.0.0.1", &format!("{port}-{port}")];
    let mut probe = step.run(program!("probe").args(words));
    probe.exits_with(0).prints_lines(
        [format!("{port} refused")],
        "these arguments are good: an option may come first, and a range may have one port",
    );

    let bad: [&[&str]; 14] = [
        &[],
        &["127.0.0.1"],
        &["127.0.0.1", "80", "81"],
        &["localhost", "80"],
        &["127.0.0.1", "http"],
        &["127.0.0.1", "0"],
        &["127.0.0.1", "65536"],
        &["127.0.0.1", "0-10"],
        &["127.0.0.1", "90-80"],
        &["127.0.0.1", "80-"],
        &["127.0.0.1", "80-81-82"],
        &["127.0.0.1", "80", "--timeout"],
        &["127.0.0.1", "80", "--timeout", "soon"],
        &["127.0.0.1", "80", "--patience"],
    ];
    for words in bad {
        let mut probe = step.run(program!("probe").args(words));
        probe.exits_with(2).complains_about("usage: probe");
        probe.prints_nothing_more();
    }
}

/// With 64 descriptors it still probes a thousand ports.
#[test]
fn s8_few_descriptors() {
    const MEANS: &str = "an attempt takes a descriptor, and gives it back when it has ended: that \
        is when the next one can begin, and its time with it";
    const OPEN: [u16; 3] = [7001, 7500, 8000];
    let step = step!("descriptors");
    let wire = step.on_the_wire();
    let _listeners = OPEN.map(|port| wire.server().listen(port));
    // 64 at a time, all of them take longer than the timeout of one.
    wire.delays(Duration::from_millis(30));
    let program = program!("probe").arg("10.0.0.2").arg("7001-8000");
    let program = program.arg("--timeout").arg("600").descriptors(64);
    let mut probe = wire.client().run(program);
    probe.exits_within(Duration::from_secs(4), MEANS);
    if probe.exits() != Exit::Status(0) {
        probe.disappoints("it has given up", MEANS);
    }
    let outcome = |port| {
        if OPEN.contains(&port) {
            "open"
        } else {
            "refused"
        }
    };
    probe.prints_lines(
        (7001..=8000).map(|port| format!("{port} {}", outcome(port))),
        MEANS,
    );
    probe.prints_nothing_more();
}
