//! A program that does what no program under test should, for the tests of the
//! grader: `hostile MODE MARK IP:PORT`. The mark only serves to find its processes.

use std::io::Write;
use std::net::TcpListener;
use std::process::exit;
use std::time::Duration;

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::{ForkResult, fork, setsid};

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let [_, mode, mark, address] = words.as_slice() else {
        eprintln!("usage: hostile MODE MARK IP:PORT");
        exit(2);
    };
    match mode.as_str() {
        "hang" => sleep_for_ever(),
        "flood" => flood(),
        "not-text" => print(b"\xff\xfe listening\n"),
        "checker" => check(mark),
        _ => {}
    }
    let listener = TcpListener::bind(address).expect("a port of the kernel's choice is free");
    let bound = listener.local_addr().expect("it is bound");
    print(format!("listening on {bound}\n").as_bytes());
    match mode.as_str() {
        "silent" => sleep_for_ever(),
        "spin" => spin(),
        "flood-later" => flood(),
        "deaf" => {
            ignore_signals();
            sleep_for_ever();
        }
        "bomb" => loop {
            duplicate();
        },
        "bomb-of-sessions" => loop {
            if duplicate() == Process::Copy {
                // It leads no group yet, so it may.
                setsid().ok();
            }
        },
        "escape" => {
            // Two forks and a session of its own: the classic daemon.
            if duplicate() == Process::Copy {
                setsid().expect("the copy leads no group");
                if duplicate() == Process::Copy {
                    ignore_signals();
                    sleep_for_ever();
                }
            }
            exit(0);
        }
        "memory" => {
            let mut taken = Vec::new();
            loop {
                taken.push(vec![1_u8; 64 << 20]);
            }
        }
        "abort" => std::process::abort(),
        other => panic!("unknown mode {other}"),
    }
}

#[derive(PartialEq, Eq)]
enum Process {
    Original,
    Copy,
}

fn duplicate() -> Process {
    // SAFETY: this process has one thread.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => Process::Copy,
        // No more processes to be had: go on trying, as a bomb does.
        Ok(ForkResult::Parent { .. }) | Err(_) => Process::Original,
    }
}

/// A check of a program that stays, which is itself to be killed in the middle.
fn check(mark: &str) -> ! {
    let step = grader::Step::begin("s1_is_killed::here", "", "ch00-test", "00-test", "none");
    let program = grader::Program::at(std::env::current_exe().expect("/proc is there"));
    let _server = step.start(program.arg("escape").arg(mark));
    print(b"checking\n");
    sleep_for_ever()
}

fn ignore_signals() {
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    for signal in Signal::iterator() {
        // SAFETY: no handler is installed. SIGKILL and SIGSTOP cannot be ignored.
        unsafe { sigaction(signal, &ignore).ok() };
    }
}

fn flood() -> ! {
    let block = [b'x'; 64 * 1024];
    loop {
        // Nobody may read it. That is no reason to stop.
        std::io::stdout().write_all(&block).ok();
        std::io::stderr().write_all(&block).ok();
    }
}

fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

fn sleep_for_ever() -> ! {
    loop {
        std::thread::park_timeout(Duration::from_secs(3600));
    }
}

fn print(bytes: &[u8]) {
    let mut out = std::io::stdout();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .expect("standard output is open");
}
