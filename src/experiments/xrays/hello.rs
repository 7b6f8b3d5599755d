//! A server that waits: it does not run, it sleeps in `accept`.

use std::path::Path;

use super::{Figure, lab};

pub fn run(root: &Path) -> Result<Vec<Figure>, String> {
    let program = lab::solution(root, "00-start", "start")?;
    let server = lab::Server::start(&program, "start")?;
    let xray = server.look_until(|xray| xray.processes.iter().all(|p| p.asleep()))?;
    Ok(vec![Figure::new("hello", &xray)])
}
