//! A process as the kernel sees it.
//!
//! An **x-ray** is one look at a process and its descendants: which of them run,
//! which sleep and in which system call, which have ended and were not waited
//! for; what descriptors they hold; and for each socket the addresses, the TCP
//! state and what stands in its queues. All of it is read from `/proc` (see
//! proc(5)), and works without root on one's own processes.
//!
//! ```
//! let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! let address = listener.local_addr()?;
//!
//! let xray = xray::XRay::of(std::process::id())?;
//! let (process, descriptor) = xray.listener(address).expect("this process listens");
//! assert_eq!(process.pid, std::process::id());
//! println!("{xray}");           // the whole tree, as text
//! println!("{descriptor}");     // fd 3  listening on 127.0.0.1:40123, 0 waiting
//! # std::io::Result::Ok(())
//! ```
//!
//! What is read is no snapshot: the processes go on while they are looked at. A
//! process that ends on the way is left out. Whoever must be sure stops them
//! first (SIGSTOP).

mod activity;
mod calls;
mod descriptor;
mod follow;
mod options;
mod process;
mod socket;
mod text;

pub use activity::{Activity, Call};
pub use calls::{Returned, Stepper};
pub use descriptor::{Descriptor, Target};
pub use follow::{Done, follow};
pub use options::{Keepalive, SocketOptions, tcp_ends};
pub use process::{Process, Thread, XRay, busy_threads, children, descendants};
pub use socket::{Socket, Sockets, TcpState};
