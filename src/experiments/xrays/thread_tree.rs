//! Three clients, three threads more: one process that holds everything.

use std::path::Path;

use super::{Figure, lab};

pub fn run(root: &Path) -> Result<Vec<Figure>, String> {
    let program = lab::solution(root, "12-thread-server", "thread-server")?;
    let server = lab::Server::start(&program, "thread-server")?;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(lab::greeted(server.address)?);
    }
    let xray = server.look_until(|xray| {
        let processes = &xray.processes;
        processes.len() == 1 && processes[0].threads.len() == 4 && processes[0].asleep()
    })?;
    Ok(vec![Figure::new("thread-tree", &xray)])
}
