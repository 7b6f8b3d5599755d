//! An x-ray as text: a tree of processes, each with what it holds.

use std::fmt;

use crate::descriptor::{Descriptor, Target};
use crate::process::{Process, XRay};

impl fmt::Display for XRay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, process) in self.processes.iter().enumerate() {
            let margin = self.margin(index);
            let branch = match process.depth {
                0 => String::new(),
                _ if self.has_later_sibling(index) => format!("{}├─ ", self.trunk(index)),
                _ => format!("{}└─ ", self.trunk(index)),
            };
            writeln!(f, "{branch}{process}")?;
            // One thread is what everybody expects; its activity stands above.
            if process.threads.len() > 1 {
                for thread in &process.threads {
                    writeln!(
                        f,
                        "{margin}thread {} ({})  {}",
                        thread.tid, thread.name, thread.activity
                    )?;
                }
            }
            for descriptor in process.descriptors.iter().filter(|d| worth_showing(d)) {
                writeln!(f, "{margin}{descriptor}")?;
            }
        }
        Ok(())
    }
}

/// The standard streams are shown only where they are sockets.
fn worth_showing(descriptor: &Descriptor) -> bool {
    let socket = matches!(descriptor.target, Target::Tcp(_) | Target::Socket { .. });
    socket || descriptor.number > 2
}

impl XRay {
    /// Whether a process with the same parent stands further down.
    fn has_later_sibling(&self, index: usize) -> bool {
        let depth = self.processes[index].depth;
        self.processes[index + 1..]
            .iter()
            .take_while(|later| later.depth >= depth)
            .any(|later| later.depth == depth)
    }

    /// What stands to the left of a process's branch: a line for each ancestor
    /// (but the first) that has a later sibling.
    fn trunk(&self, index: usize) -> String {
        let mut columns = Vec::new();
        let mut depth = self.processes[index].depth;
        for earlier in (0..index).rev() {
            let ancestor = &self.processes[earlier];
            if ancestor.depth < depth {
                depth = ancestor.depth;
                if depth > 0 {
                    let line = self.has_later_sibling(earlier);
                    columns.push(if line { "│  " } else { "   " });
                }
            }
        }
        columns.reverse();
        format!("  {}", columns.concat())
    }

    /// What stands to the left of a process's own lines.
    fn margin(&self, index: usize) -> String {
        match self.processes[index].depth {
            0 => "  ".to_owned(),
            _ if self.has_later_sibling(index) => format!("{}│    ", self.trunk(index)),
            _ => format!("{}     ", self.trunk(index)),
        }
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})  ", self.name, self.pid)?;
        match self.threads.as_slice() {
            [] if self.zombie => f.write_str("has ended, nobody has waited for it (zombie)"),
            [] => f.write_str("is ending"),
            [only] => write!(f, "{}", only.activity),
            several => write!(f, "{} threads", several.len()),
        }
    }
}
