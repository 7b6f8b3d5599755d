//! The traces in the book: made anew, they show the same.

use std::fs;
use std::sync::Mutex;
use std::thread;

use wire::Trace;
use wire::trace::{End, Event, Fate, Flag, Mark, Phase, Segment};
use wirebook::experiments::traces::{ALL, Experiment, Failed, difference, path, recorded};

use crate::pages::root;

/// Runs an experiment on this kernel.
fn run(name: &str) -> Trace {
    let experiment = Experiment::named(name).expect("there is such an experiment");
    match experiment.run() {
        Ok((trace, _)) => trace,
        Err(Failed::NoNetwork(error)) => {
            let remedy = error.remedy().unwrap_or_default();
            panic!("{name} cannot be run: {error}\n{remedy}")
        }
        Err(Failed::Story(error, trace)) => {
            let ladder = trace.ladder();
            panic!("{name} went another way: {error}\n{ladder}")
        }
    }
}

#[test]
fn every_recorded_trace_is_still_so() {
    // Most of their time they wait; but not so many at once that the kernel's own clocks run
    // out before a program has come to answer.
    const AT_ONCE: usize = 3;
    let waiting = Mutex::new(ALL.iter());
    let next = || waiting.lock().expect("nobody panics with it").next();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(experiment) = next() {
                    let book = recorded(root(), experiment.name);
                    let book = book.unwrap_or_else(|why| panic!("{why}"));
                    let here = run(experiment.name);
                    if let Some(difference) = difference(&book, &here) {
                        panic!("{}: {difference}", experiment.name);
                    }
                    assert_eq!(here.missed, 0, "{}", experiment.name);
                }
            });
        }
    });
}

#[test]
fn nothing_lies_among_the_traces_that_no_experiment_makes() {
    let made: Vec<_> = ALL.iter().map(|one| path(root(), one.name)).collect();
    for entry in fs::read_dir(root().join("book/src/traces")).expect("the traces") {
        let path = entry.expect("an entry").path();
        assert!(made.contains(&path), "nobody makes {}", path.display());
    }
}

fn flags(segment: &Segment) -> Vec<Flag> {
    let all = segment.flags.iter().copied();
    all.filter(|flag| *flag != Flag::Psh).collect()
}

/// Where in the trace a call of this host begins, or is whole.
fn call(trace: &Trace, host: End, name: &str) -> Option<usize> {
    trace.events.iter().position(|event| match event {
        Event::Call(call) => call.host == host && call.call == name && call.phase != Phase::Returns,
        _ => false,
    })
}

/// What a call returned.
fn result(trace: &Trace, host: End, name: &str) -> Option<String> {
    trace.events.iter().find_map(|event| match event {
        Event::Call(call) if call.host == host && call.call == name => {
            (call.phase != Phase::Begins).then(|| call.result.clone())
        }
        _ => None,
    })
}

/// Whole seconds between the segments.
fn pauses(trace: &Trace) -> Vec<u64> {
    let times: Vec<u64> = trace.segments().map(|segment| segment.at).collect();
    let pairs = times.windows(2);
    pairs
        .map(|pair| (pair[1] - pair[0] + 500_000) / 1_000_000)
        .collect()
}

#[test]
fn a_handshake_is_three_segments_and_its_syns_count_one() {
    let trace = run("handshake");
    let said: Vec<_> = trace
        .segments()
        .map(|segment| (segment.from, flags(segment), segment.seq, segment.ack))
        .collect();
    let expected = [
        (End::Client, vec![Flag::Syn], 0, None),
        (End::Server, vec![Flag::Syn, Flag::Ack], 0, Some(1)),
        (End::Client, vec![Flag::Ack], 1, Some(1)),
    ];
    assert_eq!(said, expected);
}

#[test]
fn sequence_numbers_begin_at_random() {
    let first = |trace: &Trace| -> Vec<u32> {
        trace
            .segments()
            .take(2)
            .map(|segment| segment.seq_absolute)
            .collect()
    };
    assert_ne!(first(&run("handshake")), first(&run("handshake")));
}

#[test]
fn accept_takes_no_part_in_the_handshake() {
    let trace = run("no-accept");
    assert_eq!(call(&trace, End::Server, "accept"), None);
    assert_eq!(trace.state(0, End::Client), "ESTABLISHED");
    assert_eq!(trace.state(0, End::Server), "ESTABLISHED");
    let mut segments = trace.segments();
    assert!(segments.any(|ack| ack.from == End::Server && ack.ack == Some(1001)));
}

#[test]
fn the_listening_socket_stays_in_listen_and_the_connection_has_states_of_its_own() {
    let trace = run("no-accept");
    let mut states: Vec<&str> = Vec::new();
    for event in &trace.events {
        if let Event::State(state) = event
            && state.host == End::Server
            && states.last() != Some(&state.state.as_str())
        {
            states.push(&state.state);
        }
    }
    // From the first segment on.
    assert_eq!(states, ["SYN_RECV", "ESTABLISHED"]);
}

#[test]
fn nobody_listens_and_a_reset_says_so() {
    let trace = run("refused");
    let said: Vec<_> = trace.segments().map(flags).collect();
    assert_eq!(said, [vec![Flag::Syn], vec![Flag::Rst, Flag::Ack]]);
    assert_eq!(
        result(&trace, End::Client, "connect").as_deref(),
        Some("ECONNREFUSED")
    );
}

#[test]
fn nobody_answers_and_the_syn_is_sent_again() {
    let trace = run("silent");
    assert!(
        trace
            .segments()
            .all(|syn| flags(syn) == [Flag::Syn] && syn.fate == Fate::Lost)
    );
    assert_eq!(pauses(&trace), [1, 1, 1, 1, 1, 2]);
    let doubling = run("silent-doubling");
    assert_eq!(pauses(&doubling), [1, 2]);
    let end = result(&doubling, End::Client, "connect");
    assert_eq!(end.as_deref(), Some("ETIMEDOUT"));
}

#[test]
fn a_full_queue_drops_and_does_not_refuse_and_the_backlog_bounds_only_what_waits() {
    let trace = run("backlog");
    assert!(
        trace.segments().all(|segment| !segment.has(Flag::Rst)),
        "{}",
        trace.shape()
    );
    assert!(
        trace
            .segments()
            .all(|segment| segment.fate == Fate::Arrived)
    );
    let before_accept = call(&trace, End::Server, "accept").expect("it accepts");
    let earlier = Trace {
        events: trace.events[..before_accept].to_vec(),
        ..trace.clone()
    };
    for connection in 0..5 {
        // listen(2) has room for three.
        let expected = if connection < 3 {
            "ESTABLISHED"
        } else {
            "SYN_SENT"
        };
        assert_eq!(earlier.state(connection, End::Client), expected);
        assert_eq!(trace.state(connection, End::Server), "ESTABLISHED");
    }
    let again = |connection| {
        let of_it = trace.segments().filter(move |s| s.connection == connection);
        of_it
            .filter(|s| s.marks.contains(&Mark::Retransmission))
            .count()
    };
    assert_eq!([0, 1, 2, 3, 4].map(again), [0, 0, 0, 2, 2]);
}

#[test]
fn an_ack_that_finds_no_place_is_dropped_and_the_client_does_not_know() {
    let trace = run("full-queue");
    let written = call(&trace, End::Client, "write").expect("the client writes");
    let earlier = Trace {
        events: trace.events[..written].to_vec(),
        ..trace.clone()
    };
    assert_eq!(earlier.state(1, End::Client), "ESTABLISHED");
    assert_eq!(earlier.state(1, End::Server), "", "not even SYN_RECV");
    assert_eq!(trace.state(1, End::Server), "ESTABLISHED");
    let data = trace.segments().filter(|segment| segment.length > 0);
    assert_eq!(data.count(), 3, "{}", trace.shape());
}

#[test]
fn two_that_open_at_once_have_one_connection_and_no_server() {
    let trace = run("simultaneous-open");
    assert_eq!(trace.connections.len(), 1);
    for end in [End::Client, End::Server] {
        assert_eq!(call(&trace, end, "listen"), None);
        assert_eq!(trace.state(0, end), "ESTABLISHED");
    }
    let syns = trace.segments().filter(|s| flags(s) == [Flag::Syn]);
    assert_eq!(syns.count(), 2);
}

#[test]
fn the_textbooks_exchange_closes_with_three_segments_here() {
    let trace = run("textbook");
    let data: Vec<_> = trace
        .segments()
        .filter(|segment| segment.length > 0)
        .map(|segment| (segment.from, segment.seq, segment.length))
        .collect();
    assert_eq!(data, [(End::Client, 1, 20), (End::Server, 1, 10)]);
    let all: Vec<_> = trace.segments().map(flags).collect();
    let fins = [Flag::Fin, Flag::Ack];
    assert_eq!(
        all[all.len() - 3..],
        [fins.to_vec(), fins.to_vec(), vec![Flag::Ack]]
    );
    assert_eq!(trace.state(0, End::Client), "TIME_WAIT");
    assert_eq!(trace.state(0, End::Server), "CLOSED");
}
