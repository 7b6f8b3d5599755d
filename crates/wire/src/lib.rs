//! Two hosts and a cable: run programs on it, record it, draw it.
//!
//! A [`Network`] is two hosts of this machine's own, and the cable between them. It needs
//! no rights but those to a user namespace, reaches nothing else, and is gone when it is
//! dropped. What passes is recorded to the last frame; the cable delays, loses, doubles or
//! holds back what it is told to. What came of it is a [`Trace`], from which every
//! drawing is made.
//!
//! ```no_run
//! use wire::{Network, Which, trace::End};
//!
//! let network = Network::new()?;
//! network.cable.loses(Which::syns().from(End::Client).number(1));
//! let server = network.server.socket()?;
//! server.bind(network.server.address(9000))?;
//! server.listen(5)?;
//! let client = network.client.socket()?;
//! client.connect(network.server.address(9000))?;
//! println!("{}", network.trace().to_json());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod analysis;
mod cable;
mod decode;
mod error;
mod host;
pub mod html;
mod keeper;
pub mod ladder;
mod network;
mod recording;
mod ring;
mod shape;
mod socket;
pub mod svg;
pub mod trace;
mod which;

pub use cable::Cable;
pub use error::Error;
pub use host::{Entrance, Host};
pub use network::Network;
pub use recording::Frame;
pub use socket::Socket;
pub use trace::Trace;
pub use which::Which;
