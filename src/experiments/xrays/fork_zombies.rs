//! Three clients have left, three children have ended, and nobody has waited.

use std::path::Path;

use super::{Figure, lab};

pub fn run(root: &Path) -> Result<Vec<Figure>, String> {
    let program = lab::mistake(root, "11-fork-server", "nobody-waits", "fork-server")?;
    let server = lab::Server::start(&program, "fork-server")?;
    for _ in 0..3 {
        // The client leaves as soon as it has its answer.
        lab::greeted(server.address)?;
    }
    let xray =
        server.look_until(|xray| xray.zombies().count() == 3 && xray.processes[0].asleep())?;
    Ok(vec![Figure::new("fork-zombies", &xray)])
}
