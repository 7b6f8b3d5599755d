//! Three clients, three children: who holds what.

use std::path::Path;

use super::{Figure, lab};

pub fn run(root: &Path) -> Result<Vec<Figure>, String> {
    let program = lab::solution(root, "11-fork-server", "fork-server")?;
    let server = lab::Server::start(&program, "fork-server")?;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(lab::greeted(server.address)?);
    }
    let xray = server.look_until(|xray| {
        let processes = &xray.processes;
        processes.len() == 4
            && processes.iter().all(|process| process.asleep())
            // The parent has let go of the last connection.
            && processes[0].descriptors.iter().filter(|d| d.tcp().is_some()).count() == 1
    })?;
    Ok(vec![Figure::new("fork-tree", &xray)])
}
