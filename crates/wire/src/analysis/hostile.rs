//! Frames that nobody should send: the analysis takes them all.

use std::time::Duration;

use etherparse::PacketBuilder;
use proptest::prelude::*;

use super::fill;
use crate::recording::{Calling, Note, Recording};
use crate::trace::{End, Phase, Trace};

fn empty() -> Trace {
    let host = || crate::trace::HostName {
        name: "host".into(),
        address: "10.0.0.1".into(),
    };
    Trace {
        version: crate::trace::VERSION,
        name: String::new(),
        title: String::new(),
        kernel: String::new(),
        recorded: String::new(),
        delay: 0,
        mtu: 1500,
        hosts: [host(), host()],
        connections: Vec::new(),
        events: Vec::new(),
        missed: 0,
        other_frames: 0,
        connections_left_out: 0,
        segments_left_out: 0,
    }
}

/// What becomes of frames, each from one of the ends or over loopback.
fn trace_of(frames: &[(u8, Vec<u8>)]) -> Trace {
    let mut recording = Recording::default();
    for (index, (from, bytes)) in frames.iter().enumerate() {
        let from = match from % 3 {
            0 => None,
            1 => Some(End::Client),
            _ => Some(End::Server),
        };
        let at = Duration::from_micros(index as u64);
        let frame = recording.sent(at, from, bytes, bytes.len());
        recording.arrived(frame, at);
    }
    recording.notes.push(Note::Call {
        at: Duration::ZERO,
        calling: Calling {
            host: None,
            thread: 0,
            call: "connect",
            arguments: String::new(),
            ends: None,
        },
        phase: Phase::Begins,
        result: String::new(),
    });
    fill(empty(), &recording)
}

/// A segment of few addresses and many numbers, with any flags and options.
fn segment() -> impl Strategy<Value = Vec<u8>> {
    let numbers = (any::<u32>(), any::<u32>(), any::<u16>(), any::<u8>());
    let contents = (
        prop::collection::vec(any::<u8>(), 0..10).prop_map(|mut words| {
            words.resize(words.len().next_multiple_of(4), 0);
            words
        }),
        prop::collection::vec(any::<u8>(), 0..40),
    );
    (0..2u8, numbers, contents).prop_map(|(way, (seq, ack, window, flags), (options, data))| {
        let (source, target) = if way == 0 { (1, 2) } else { (2, 1) };
        let mut builder = PacketBuilder::ethernet2([0; 6], [0; 6])
            .ipv4([10, 0, 0, source], [10, 0, 0, target], 64)
            .tcp(source.into(), target.into(), seq, window);
        for (bit, flag) in [1, 2, 4, 8, 16].into_iter().enumerate() {
            if flags & flag != 0 {
                builder = match bit {
                    0 => builder.syn(),
                    1 => builder.fin(),
                    2 => builder.rst(),
                    3 => builder.psh(),
                    _ => builder.ack(ack),
                };
            }
        }
        let mut frame = Vec::new();
        builder
            .options_raw(&options)
            .expect("at most 12 bytes of options")
            .write(&mut frame, &data)
            .expect("a vector takes everything");
        frame
    })
}

proptest! {
    #[test]
    fn any_bytes_are_taken(
        frames in prop::collection::vec(
            (any::<u8>(), prop::collection::vec(any::<u8>(), 0..120)),
            0..20,
        ),
    ) {
        let trace = trace_of(&frames);
        prop_assert_eq!(trace.segments().count() as u64 + trace.other_frames, frames.len() as u64);
    }

    #[test]
    fn any_segments_are_taken(frames in prop::collection::vec((any::<u8>(), segment()), 0..40)) {
        let trace = trace_of(&frames);
        prop_assert_eq!(trace.segments().count(), frames.len());
        prop_assert_eq!(Trace::from_json(&trace.to_json()).expect("its own text"), trace.clone());
        trace.shape();
        trace.ladder().to_string();
        crate::svg::svg(&trace);
        crate::html::html(&trace);
    }

    #[test]
    fn damaged_segments_are_taken(
        frames in prop::collection::vec(
            (any::<u8>(), segment(), any::<prop::sample::Index>(), any::<u8>(), any::<bool>()),
            0..20,
        ),
    ) {
        let damaged: Vec<(u8, Vec<u8>)> = frames
            .into_iter()
            .map(|(from, mut bytes, place, value, cut)| {
                let place = place.index(bytes.len());
                bytes[place] = value;
                if cut {
                    bytes.truncate(place);
                }
                (from, bytes)
            })
            .collect();
        trace_of(&damaged).shape();
    }
}

#[test]
fn a_trace_of_another_version_is_refused() {
    let text = empty()
        .to_json()
        .replacen("\"version\":1", "\"version\":2", 1);
    let error = Trace::from_json(&text).expect_err("it is of version 2");
    assert!(error.to_string().contains("of version 2"), "{error}");
}

#[test]
fn a_trace_with_a_connection_that_is_not_there_is_refused() {
    let text = r#"{"version":1,"name":"","title":"","kernel":"","recorded":"","delay":0,
        "mtu":1500,"hosts":[{"name":"a","address":""},{"name":"b","address":""}],
        "connections":[],"missed":0,"other_frames":0,"connections_left_out":0,
        "segments_left_out":0,"events":[{"type":"state","at":0,"host":"client",
        "connection":0,"state":"LISTEN","unread":0,"unacknowledged":0}]}"#;
    let error = Trace::from_json(text).expect_err("there is no connection 0");
    assert!(error.to_string().contains("connection 0"), "{error}");
    Trace::from_json("[]").expect_err("it is a list");
}
