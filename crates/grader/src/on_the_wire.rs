//! A step on two hosts: what passes between them is evidence, too.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use wire::trace::{Event, Segment};
use wire::{Error, Host, Network, Trace, Which};

use crate::diagnosis::Expected;
use crate::peer::{Listener, Peer};
use crate::program::Program;
use crate::server::Server;
use crate::step::{Experiment, Step};
use crate::tool::Tool;

/// Two hosts and the cable between them, on which a step has its programs speak.
pub struct Wire {
    experiment: Arc<Experiment>,
    network: Arc<Network>,
}

/// One of the two hosts.
pub struct Place {
    experiment: Arc<Experiment>,
    host: Host,
    name: &'static str,
}

impl Step {
    /// Two hosts for this step alone. Where this machine lets nobody make them, the step
    /// is not checked, and says so.
    pub fn on_the_wire(&self) -> Wire {
        let experiment = self.experiment();
        match Network::new() {
            Ok(network) => {
                let network = Arc::new(network);
                experiment.has_network(&network);
                Wire {
                    experiment: Arc::clone(experiment),
                    network,
                }
            }
            Err(error) => cannot_check(experiment, &error),
        }
    }
}

fn cannot_check(experiment: &Experiment, error: &Error) -> ! {
    let remedy = error.remedy().unwrap_or_else(|| {
        "run `cargo wirebook doctor`, which says what this machine lacks".to_owned()
    });
    experiment.cannot_check(error.to_string(), remedy)
}

impl Wire {
    /// The host at the left, 10.0.0.1.
    pub fn client(&self) -> Place {
        self.place(&self.network.client, "client")
    }

    /// The host at the right, 10.0.0.2.
    pub fn server(&self) -> Place {
        self.place(&self.network.server, "server")
    }

    fn place(&self, host: &Host, name: &'static str) -> Place {
        Place {
            experiment: Arc::clone(&self.experiment),
            host: host.clone(),
            name,
        }
    }

    /// Has the cable take `time` from one host to the other, each way.
    pub fn delays(&self, time: Duration) -> &Wire {
        self.network.cable.delays(time);
        let millis = time.as_millis();
        self.did(format!("the cable takes {millis} ms each way"))
    }

    /// Has the cable lose these segments.
    pub fn loses(&self, which: Which) -> &Wire {
        let what = which.to_string();
        self.network.cable.loses(which);
        self.did(format!("the cable loses {what}"))
    }

    /// Has the cable deliver these segments `time` later than others.
    pub fn holds_back(&self, which: Which, time: Duration) -> &Wire {
        let (what, millis) = (which.to_string(), time.as_millis());
        self.network.cable.holds_back(which, time);
        self.did(format!("the cable holds back {what} by {millis} ms"))
    }

    /// Cuts the cable: nothing arrives any more, and neither host notices.
    pub fn cut(&self) -> &Wire {
        self.network.cable.cut();
        self.did("the cable is cut".into())
    }

    /// Mends it.
    pub fn mend(&self) -> &Wire {
        self.network.cable.mend();
        self.did("the cable is mended".into())
    }

    /// What has passed so far.
    pub fn trace(&self) -> Trace {
        self.network.trace()
    }

    /// Waits until the wire shows what is asked for; the step fails if it does not, and says
    /// `what` was missing and what that `means`.
    pub fn shows(&self, what: &str, means: &'static str, shown: impl Fn(&Trace) -> bool) -> &Wire {
        let came = self.experiment.wait(|| shown(&self.trace()).then_some(()));
        if came.is_none() {
            self.fail(format!("not on the wire within 1 s: {what}"), means, None);
        }
        self.did(format!("on the wire: {what}"))
    }

    /// Expects that no segment so far is `what`.
    pub fn has_no(&self, what: &str, means: &'static str, is: impl Fn(&Segment) -> bool) -> &Wire {
        if let Some(offence) = position(&self.trace(), is) {
            self.fail(format!("on the wire: {what}"), means, Some(offence));
        }
        self.did(format!("on the wire: no {what}"))
    }

    /// Expects that exactly so many segments so far are `what`.
    pub fn has_exactly(
        &self,
        count: usize,
        what: &str,
        means: &'static str,
        is: impl Fn(&Segment) -> bool,
    ) -> &Wire {
        let trace = self.trace();
        let events = trace.events.iter().enumerate();
        let found: Vec<usize> = events
            .filter(|(_, event)| is_segment(event, &is))
            .map(|(index, _)| index)
            .collect();
        if found.len() != count {
            let saw = format!("on the wire: {}, not {count}: {what}", found.len());
            // The first that is too many.
            self.fail(saw, means, found.get(count).copied());
        }
        self.did(format!("on the wire: exactly {count}: {what}"))
    }

    /// Expects that the first segment that is `first` was sent before the first that is `then`.
    pub fn has_before(
        &self,
        (first, is_first): (&str, impl Fn(&Segment) -> bool),
        (then, is_then): (&str, impl Fn(&Segment) -> bool),
        means: &'static str,
    ) -> &Wire {
        let trace = self.trace();
        let (one, other) = (position(&trace, is_first), position(&trace, is_then));
        match (one, other) {
            (Some(one), Some(other)) if one < other => {
                self.did(format!("on the wire: {first}, then {then}"))
            }
            (Some(_), None) => self.did(format!("on the wire: {first}, and no {then}")),
            (None, _) => self.fail(format!("on the wire: no {first}"), means, other),
            (_, other) => self.fail(format!("on the wire: {then}, before {first}"), means, other),
        }
    }

    /// Fails the step: what was seen, and what that means; `offence` is the event of the
    /// trace that shows it.
    pub fn fail(&self, saw: impl Into<String>, means: &'static str, offence: Option<usize>) -> ! {
        self.experiment.points_at(offence);
        self.experiment.fail(saw, None, Expected::Fact(means))
    }

    fn did(&self, what: String) -> &Wire {
        self.experiment.did(what);
        self
    }
}

fn is_segment(event: &Event, is: impl Fn(&Segment) -> bool) -> bool {
    matches!(event, Event::Segment(segment) if is(segment))
}

fn position(trace: &Trace, is: impl Fn(&Segment) -> bool) -> Option<usize> {
    let mut events = trace.events.iter();
    events.position(|event| is_segment(event, &is))
}

impl Place {
    /// The address of this host, with a port.
    pub fn address(&self, port: u16) -> SocketAddr {
        self.host.address(port)
    }

    /// Runs a program here that is no server.
    pub fn run(&self, program: Program) -> Tool {
        let tool = Tool::start(&self.experiment, self.with_host(program));
        let name = self.name;
        self.experiment
            .amend(|did| format!("on the {name}'s host: {did}"));
        tool
    }

    /// Starts a server here, on a port of the kernel's choice.
    pub fn start(&self, program: Program) -> Server {
        let address = self.address(0).to_string();
        Server::start(&self.experiment, self.with_host(program), &address)
    }

    /// Listens here on `port`, for a client under test.
    pub fn listen(&self, port: u16) -> Listener {
        let listener = self.host.plain_socket().and_then(|socket| {
            socket.set_reuse_address(true)?;
            socket.bind(&self.address(port).into())?;
            socket.listen(1024)?;
            Ok(TcpListener::from(socket))
        });
        Listener::of(&self.experiment, listener)
    }

    /// Connects from here to a server at `address`.
    pub fn connect(&self, address: SocketAddr) -> Peer {
        Peer::connect_with(&self.experiment, self.host.plain_socket(), address)
    }

    fn with_host(&self, program: Program) -> Program {
        Program {
            host: Some(self.host.entrance()),
            ..program
        }
    }
}

/// The wire as evidence: the last lines of its ladder, or those about `offence`.
pub(crate) fn ladder(trace: &Trace, offence: Option<usize>) -> Vec<String> {
    const EVENTS: usize = 14;
    // A report has a margin of 10 columns.
    const COLUMNS: usize = 70;
    if trace.segments().next().is_none() {
        return vec!["no segment has passed".into()];
    }
    let (excerpt, offence) = trace.excerpt(offence, EVENTS);
    let mut ladder = excerpt.ladder().columns(COLUMNS);
    if let Some(offence) = offence {
        ladder = ladder.marking(offence);
    }
    let text = ladder.to_string();
    text.lines().map(str::to_owned).collect()
}
