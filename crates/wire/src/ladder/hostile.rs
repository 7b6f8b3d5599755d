//! Traces that no kernel made: every drawing takes them, and keeps its measures.

use proptest::prelude::*;

use super::clean::columns;
use crate::trace::{
    Call, Connection, End, Event, Fate, Flag, HostName, Mark, Options, Phase, Queue, Segment,
    State, Trace, VERSION,
};

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Client), Just(End::Server)]
}

/// Times near each other, and times anywhere.
fn time() -> impl Strategy<Value = u64> {
    prop_oneof![0..3_000_000u64, any::<u64>()]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("connect".to_owned()),
        Just("<script>alert(1)</script>&\"'".to_owned()),
        Just("\u{1b}[31m\r\n\t\u{202e}中文".to_owned()),
        Just("x".repeat(300)),
        any::<String>(),
    ]
}

fn segment() -> impl Strategy<Value = Event> {
    let flag = prop_oneof![
        Just(Flag::Syn),
        Just(Flag::Fin),
        Just(Flag::Rst),
        Just(Flag::Ack)
    ];
    let mark = prop_oneof![
        Just(Mark::Retransmission),
        Just(Mark::ZeroWindow),
        Just(Mark::Duplicate)
    ];
    let fate = prop_oneof![
        Just(Fate::Arrived),
        Just(Fate::Lost),
        Just(Fate::Cut),
        Just(Fate::Underway)
    ];
    let times = (time(), prop::option::of(time()), end(), 0..3usize);
    let numbers = (any::<i64>(), prop::option::of(any::<i64>()), any::<u32>());
    let words = (
        prop::collection::vec(flag, 0..9),
        prop::collection::vec(mark, 0..4),
        fate,
        text(),
    );
    (times, numbers, words).prop_map(|((at, arrived, from, connection), numbers, words)| {
        let (seq, ack, number) = numbers;
        let (flags, marks, fate, data) = words;
        Event::Segment(Box::new(Segment {
            at,
            arrived,
            from,
            connection,
            flags,
            seq,
            seq_absolute: number,
            ack,
            ack_absolute: number,
            length: number,
            header: data.clone(),
            data,
            window: number as u16,
            window_bytes: number,
            options: Options {
                mss: Some(number as u16),
                ..Options::default()
            },
            marks,
            fate,
        }))
    })
}

fn event() -> impl Strategy<Value = Event> {
    let phase = prop_oneof![
        Just(Phase::Begins),
        Just(Phase::Returns),
        Just(Phase::Whole)
    ];
    let call = (
        time(),
        end(),
        text(),
        text(),
        phase,
        prop::option::of(0..3usize),
    )
        .prop_map(|(at, host, call, arguments, phase, connection)| {
            Event::Call(Call {
                at,
                host,
                result: call.clone(),
                call,
                arguments,
                phase,
                connection,
            })
        });
    let state = (time(), end(), 0..3usize, text(), any::<u32>()).prop_map(
        |(at, host, connection, state, count)| {
            Event::State(State {
                at,
                host,
                connection,
                state,
                unread: count,
                unacknowledged: count,
            })
        },
    );
    let queue =
        (time(), end(), any::<u16>(), any::<u32>()).prop_map(|(at, host, port, waiting)| {
            Event::Queue(Queue {
                at,
                host,
                port,
                waiting,
            })
        });
    prop_oneof![3 => segment(), 1 => call, 1 => state, 1 => queue]
}

fn trace() -> impl Strategy<Value = Trace> {
    let words = (text(), text(), text());
    let events = prop::collection::vec(event(), 0..40);
    (words, events, any::<u64>()).prop_map(|((name, title, host), events, count)| {
        let host = || HostName {
            name: host.clone(),
            address: host.clone(),
        };
        let connection = |port| Connection {
            client: ([10, 0, 0, 1], port).into(),
            server: ([10, 0, 0, 2], 9000).into(),
        };
        Trace {
            version: VERSION,
            kernel: name.clone(),
            name,
            recorded: title.clone(),
            title,
            delay: count,
            mtu: count as u32,
            hosts: [host(), host()],
            connections: vec![connection(1), connection(2), connection(1)],
            events,
            missed: count,
            other_frames: count,
            connections_left_out: count,
            segments_left_out: count,
        }
    })
}

proptest! {
    #[test]
    fn no_line_is_broader_than_it_may_be(trace in trace(), broad in 0..130usize) {
        let ladder = trace.ladder().columns(broad).marking(3).to_string();
        for line in ladder.lines() {
            prop_assert!(columns(line) <= broad.max(60), "{} > {broad}: {line:?}", columns(line));
            prop_assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
        }
    }

    #[test]
    fn nothing_in_a_trace_becomes_markup(trace in trace()) {
        let page = crate::html::html(&trace);
        prop_assert_eq!(page.matches("<script").count(), 1);
        prop_assert!(page.lines().all(|line| !line.trim().is_empty()), "a blank line");
        let (_, data) = page.split_once("class=\"trace-data\">").expect("the data");
        let (data, _) = data.split_once("</script>").expect("its end");
        prop_assert_eq!(Trace::from_json(data).expect("what was written"), trace.clone());
        let alone = crate::svg::standalone_svg(&trace, "");
        prop_assert_eq!(alone.matches("<svg").count(), 1);
    }

    #[test]
    fn an_excerpt_is_about_what_it_was_asked_for(trace in trace(), about in 0..40usize) {
        let about = (about < trace.events.len()).then_some(about);
        let (excerpt, place) = trace.excerpt(about, 10);
        prop_assert!(excerpt.events.len() <= 10);
        let wanted = about.map(|index| &trace.events[index]);
        prop_assert_eq!(place.map(|index| &excerpt.events[index]), wanted);
    }

    #[test]
    fn what_is_left_out_is_counted(trace in trace(), connections in 0..4usize, events in 0..40usize) {
        let count = |trace: &Trace| trace.segments().count() as u64;
        let mut trace = trace;
        trace.segments_left_out = 0;
        trace.connections_left_out = 0;
        let limited = trace.clone().limited(connections, events);
        prop_assert_eq!(count(&limited) + limited.segments_left_out, count(&trace));
        let kept = limited.connections.len() as u64;
        prop_assert_eq!(kept + limited.connections_left_out, 3);
    }
}

#[test]
fn thousands_of_connections_are_drawn_as_a_few_and_a_number() {
    let mut recorded = Trace::from_json(
        r#"{"version":1,"name":"","title":"","kernel":"","recorded":"","delay":0,"mtu":1500,
        "hosts":[{"name":"client","address":"10.0.0.1"},{"name":"server","address":"10.0.0.2"}],
        "connections":[],"events":[],"missed":0,"other_frames":0,"connections_left_out":0,
        "segments_left_out":0}"#,
    )
    .expect("a trace");
    for port in 0..5000 {
        recorded.connections.push(Connection {
            client: ([10, 0, 0, 1], port).into(),
            server: ([10, 0, 0, 2], 9000).into(),
        });
    }
    let ladder = recorded.limited(24, 2000).ladder().to_string();
    assert!(
        ladder.contains("4976 more connections are not shown."),
        "{ladder}"
    );
}
