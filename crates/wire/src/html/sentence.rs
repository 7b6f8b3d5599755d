//! The events of a trace, each in a sentence.

use crate::ladder::label::{Label, States, ending};
use crate::ladder::time::moment;
use crate::trace::{Call, End, Event, Flag, Phase, Queue, Segment, State, Trace};

/// Tells the events of a trace, which have to be asked for in the order of time.
pub(crate) struct Sentences<'a> {
    pub trace: &'a Trace,
    pub labels: &'a [Label],
    pub names: &'a [String],
    pub states: States<'a>,
}

impl<'a> Sentences<'a> {
    /// `At 0.4 ms the client calls connect(10.0.0.2:9000).`
    pub fn of(&mut self, index: usize) -> String {
        let event = &self.trace.events[index];
        let what = match event {
            Event::Segment(segment) => self.segment(segment, &self.labels[index]),
            Event::Call(call) => self.call(call),
            Event::State(state) => self.state(state),
            Event::Queue(queue) => self.queue(queue),
        };
        format!("At {} ms {what}.", moment(event.at()))
    }

    fn host(&self, end: End) -> String {
        format!("the {}", self.trace.hosts[end as usize].name)
    }

    /// ` (:40001)`, where there is more than one connection.
    fn connection(&self, connection: Option<usize>) -> String {
        match connection.and_then(|index| self.names.get(index)) {
            Some(name) => format!(" ({name})"),
            None => String::new(),
        }
    }

    fn segment(&self, segment: &Segment, label: &Label) -> String {
        let mut text = format!("{} sends {}", self.host(segment.from), label.flags);
        text += &self.connection(Some(segment.connection));
        for field in &label.fields {
            text += &format!(", {field}");
        }
        let options = &segment.options;
        if let Some(scale) = options.window_scale {
            text += &format!(", window scale {scale}");
        }
        if options.sack_permitted {
            text += ", SACK permitted";
        }
        for [from, to] in &options.sack {
            text += &format!(", SACK {from} to {to}");
        }
        if segment.has(Flag::Syn) {
            if options.timestamps.is_some() {
                text += ", timestamps";
            }
            text += &format!(", its number sent as {}", segment.seq_absolute);
        }
        if !segment.data.is_empty() {
            text += &format!(", data \"{}\"", segment.data);
        }
        if !label.marks.is_empty() {
            text += &format!(" ({})", label.marks.join(", "));
        }
        match (ending(segment), segment.arrived) {
            (None, Some(arrived)) => {
                text += &format!("; it arrives at {} ms", moment(arrived));
            }
            (Some("lost"), _) => text += "; the cable loses it",
            (Some("cable cut"), _) => text += "; the cable is cut",
            _ => text += "; it is still on its way when the recording ends",
        }
        text
    }

    fn call(&self, call: &Call) -> String {
        let host = self.host(call.host);
        let about = self.connection(call.connection);
        let (name, arguments, result) = (&call.call, &call.arguments, &call.result);
        match call.phase {
            Phase::Begins => format!("{host} calls {name}({arguments}){about}"),
            Phase::Returns => format!("{host}'s {name} returns {result}{about}"),
            Phase::Whole => {
                format!("{host} calls {name}({arguments}), which returns {result}{about}")
            }
        }
    }

    fn state(&mut self, state: &'a State) -> String {
        let news = self.states.news(state);
        let about = self.connection(Some(state.connection));
        let host = self.host(state.host);
        if news.is_empty() {
            let count = state.unacknowledged;
            return format!("{host}'s end{about} has {count} bytes sent and not acknowledged");
        }
        format!("{host}'s end{about} has {}", news.join(", ")).replacen(
            &format!("has {}", state.state),
            &format!("is {}", state.state),
            1,
        )
    }

    fn queue(&self, queue: &Queue) -> String {
        let host = self.host(queue.host);
        let connections = match queue.waiting {
            1 => "1 connection waits".to_owned(),
            count => format!("{count} connections wait"),
        };
        format!(
            "{connections} to be accepted on port {} of {host}",
            queue.port
        )
    }
}
