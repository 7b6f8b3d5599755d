//! The child has ended, and the connection has not: the parent holds it.

use std::net::Shutdown;
use std::path::Path;

use xray::TcpState;

use super::{Figure, lab};

pub fn run(root: &Path) -> Result<Vec<Figure>, String> {
    let mistake = "parent-keeps-the-connection";
    let program = lab::mistake(root, "11-fork-server", mistake, "fork-server")?;
    let server = lab::Server::start(&program, "fork-server")?;
    let client = lab::greeted(server.address)?;
    let explain = |error| format!("the client: {error}");
    client.shutdown(Shutdown::Write).map_err(explain)?;
    let xray = server.look_until(|xray| {
        let closing = |socket: &xray::Socket| socket.state == TcpState::CloseWait;
        let held = xray.holders(closing).next().is_some();
        xray.processes.len() == 1 && xray.processes[0].asleep() && held
    })?;
    Ok(vec![Figure::new("fork-leak", &xray)])
}
