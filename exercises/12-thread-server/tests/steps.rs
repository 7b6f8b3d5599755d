//! The steps of `thread-server`: an echo server with a thread a client.

use grader::prelude::*;

/// How many threads the server has now.
fn threads(server: &Server) -> usize {
    let xray = server.xray();
    xray.processes.iter().map(|p| p.threads.len()).sum()
}

/// Waits until the server has as many threads as it began with, and so many more.
fn comes_to_threads(server: &Server, start: usize, more: usize, means: &'static str) {
    let what = match more {
        0 => "the server has as many threads as at its start".to_owned(),
        1 => "the server has one thread more than at its start".to_owned(),
        _ => format!("the server has {more} threads more than at its start"),
    };
    server.comes_to(&what, means, |xray| {
        let threads: usize = xray.processes.iter().map(|p| p.threads.len()).sum();
        threads == start + more
    });
}

/// Asks for the number of clients so far.
fn counts(server: &Server, client: &mut Peer, due: usize, means: &'static str) {
    let answer = client.says("COUNT\n").hears_line();
    if answer != format!("{due}\n").as_bytes() {
        let answer = answer.escape_ascii();
        server.fail(format!("\"{answer}\" in place of \"{due}\\n\""), means);
    }
}

/// Echoes one client's lines, exactly.
#[test]
fn s1_echoes_one() {
    let step = step!("exercise");
    let server = step.start(program!("thread-server"));
    let mut client = server.connect();
    client.says("hello\n").hears("hello\n");
    client.says("in ").says("pieces\n").hears("in pieces\n");
    client.says("two\nlines\n").hears("two\nlines\n");
    client.says(b"no\0text\xff\n").hears(b"no\0text\xff\n");
    client.is_echoed(b"one of many lines\n".repeat(1 << 15));
    client.says("without a newline").done_talking();
    client.hears("without a newline").hears_the_end();
}

/// Serves the newest client while the older ones are silent.
#[test]
fn s2_newest_first() {
    let step = step!("newest-first");
    let server = step.start(program!("thread-server"));
    let mut first = server.connect().named("the first");
    let mut second = server.connect().named("the second");
    let mut newest = server.connect().named("the newest");
    newest.says("three\n").hears("three\n");
    second.says("two\n").hears("two\n");
    first.says("one\n").hears("one\n");
}

/// Each client has a thread of its own, all in one process.
#[test]
fn s3_a_thread_each() {
    let step = step!("threads");
    let server = step.start(program!("thread-server"));
    let start = threads(&server);
    let mut clients = [server.connect(), server.connect(), server.connect()];
    for client in &mut clients {
        client.says("hello\n").hears("hello\n");
    }
    server.comes_to(
        "all that has come of the server is one process",
        "a thread is a line of execution inside a process, with the same memory and the same \
         descriptors: fork makes another process",
        |xray| xray.processes.len() == 1,
    );
    comes_to_threads(
        &server,
        start,
        3,
        "one thread accepts, and each client has one thread more, which reads and answers",
    );
}

/// In a burst of clients each gets its own bytes back.
#[test]
fn s4_own_bytes() {
    const ROUNDS: usize = 3;
    const CLIENTS: usize = 48;
    let step = step!("one-process");
    let server = step.start(program!("thread-server").processes(256));
    for round in 1..=ROUNDS {
        // Stopped, the server finds them all at once.
        server.stop();
        let mut clients: Vec<Peer> = (1..=CLIENTS)
            .map(|number| {
                let name = format!("client {number} of round {round}");
                server.connect().named(name)
            })
            .collect();
        let line = |number| format!("round {round}, client {number}\n");
        for (number, client) in clients.iter_mut().enumerate() {
            client.says(line(number));
        }
        server.go_on();
        for (number, client) in clients.iter_mut().enumerate() {
            client.hears(line(number));
        }
        // And again, in another order.
        for (number, client) in clients.iter_mut().enumerate().rev() {
            client.says(line(number)).hears(line(number));
        }
        for mut client in clients {
            client.done_talking();
            client.hears_the_end();
        }
    }
}

/// Threads end with their clients, and nothing is left of 1,000.
#[test]
fn s5_threads_end() {
    const AT_A_TIME: usize = 40;
    // Of what is kept of a thread, its stack alone has 8 KiB or more that were used.
    const ROOM: u64 = 4 << 20;
    let step = step!("threads-end");
    let server = step.start(program!("thread-server").processes(256));
    let start = threads(&server);

    let mut alone = server.connect().named("the first");
    alone.says("hello\n").hears("hello\n");
    alone.done_talking();
    alone.hears_the_end();
    let means = "a thread has one client: when that has left, its function returns, and the \
                 thread has ended";
    comes_to_threads(&server, start, 0, means);

    let serve = |count: usize| {
        for _ in 0..count / AT_A_TIME {
            let mut clients: Vec<Peer> = (0..AT_A_TIME).map(|_| server.connect()).collect();
            for client in &mut clients {
                client.says("hello\n");
            }
            for client in &mut clients {
                client.hears("hello\n");
            }
            for client in &mut clients {
                client.done_talking();
            }
            for mut client in clients {
                client.hears_the_end();
            }
        }
        comes_to_threads(&server, start, 0, means);
    };
    let memory = || {
        let xray = server.xray();
        xray.process(server.pid()).map_or(0, |p| p.memory)
    };
    // What a first client costs once and for all is paid for by these.
    serve(200);
    let before = memory();
    for _ in 0..2 {
        serve(400);
        let more = memory().saturating_sub(before);
        if more > ROOM {
            server.fail(
                format!(
                    "all clients have left, and the server keeps {} KiB more",
                    more >> 10
                ),
                "the stack of a thread that has ended is kept until the thread is joined, or, \
                 detached, belongs to nobody: a list of handles that only grows keeps them all",
            );
        }
    }
}

/// `COUNT` tells how many clients there were, also when 200 are there at once.
#[test]
fn s6_counts() {
    const AT_ONCE: usize = 100;
    const ROUNDS: usize = 3;
    const SO_FAR: &str = "COUNT asks how many clients were let in so far: each counts once, and \
        for ever";
    const LOST: &str = "clients were lost in counting: two threads that read the same number, \
        and write the same number back, count two clients as one";
    let step = step!("counting");
    let server = step.start(program!("thread-server").processes(512));
    let start = threads(&server);
    let mut first = server.connect().named("the first");
    counts(&server, &mut first, 1, SO_FAR);
    counts(&server, &mut first, 1, SO_FAR);
    first.says("the COUNT\n").hears("the COUNT\n");
    first.done_talking();
    first.hears_the_end();
    let mut second = server.connect().named("the second");
    counts(&server, &mut second, 2, SO_FAR);

    let mut clients: Vec<Peer> = Vec::new();
    for round in 1..=ROUNDS {
        if clients.len() == 2 * AT_ONCE {
            clients.drain(..AT_ONCE).for_each(Peer::leaves);
            let means = "a thread ends when its client has left";
            comes_to_threads(&server, start, 1 + AT_ONCE, means);
        }
        // Stopped, the server finds a hundred at once.
        server.stop();
        let more: Vec<Peer> = (0..AT_ONCE).map(|_| server.connect()).collect();
        clients.extend(more);
        server.go_on();
        for client in &mut clients {
            client.says("hello\n");
        }
        for client in &mut clients {
            client.hears("hello\n");
        }
        counts(&server, &mut second, 2 + round * AT_ONCE, LOST);
    }
    for client in &mut clients {
        client.says("COUNT\n");
    }
    let all = format!("{}\n", 2 + ROUNDS * AT_ONCE);
    for client in &mut clients {
        client.hears(&all);
    }
}

/// A handler that panics hurts nobody else.
#[test]
fn s7_panics() {
    let step = step!("panics");
    let server = step.start(program!("thread-server").args(["--clients", "2"]));
    let start = threads(&server);
    let mut stays = server.connect().named("who stays");
    stays.says("hello\n").hears("hello\n");
    for _ in 0..3 {
        let mut panics = server.connect().named("whose handler panics");
        panics.says("hello\n").hears("hello\n");
        panics.says("PANIC\n").hears_the_end();
        comes_to_threads(
            &server,
            start,
            1,
            "a panic ends the thread in which it happens, and no other",
        );
    }
    stays.says("still here\n").hears("still here\n");
    counts(
        &server,
        &mut stays,
        4,
        "a client whose handler has panicked was a client",
    );
    let mut arrives = server.connect().named("who arrives");
    arrives.says("hello\n").hears("hello\n");
    server.is_alive();
}

/// At most N clients are served, and the next hears `busy` and the end.
#[test]
fn s8_at_most() {
    let step = step!("at-most");
    let server = step.start(program!("thread-server").args(["--clients", "3"]));
    let start = threads(&server);
    let mut clients = Vec::new();
    for name in ["the first", "the second", "the third"] {
        let mut client = server.connect().named(name);
        client.says("hello\n").hears("hello\n");
        clients.push(client);
    }
    for _ in 0..2 {
        let mut busy = server.connect().named("one too many");
        busy.hears("busy\n").hears_the_end();
        for client in &mut clients {
            client.says("still here\n").hears("still here\n");
        }
    }
    // Places are free again, as often as somebody leaves.
    for _ in 0..2 {
        clients.remove(0).leaves();
        let means = "a thread ends when its client has left";
        comes_to_threads(&server, start, 2, means);
        let mut next = server.connect().named("who comes in its place");
        next.says("hello\n").hears("hello\n");
        clients.push(next);
    }
    let mut busy = server.connect().named("one too many");
    busy.hears("busy\n").hears_the_end();
    // All at once, before one of their threads has come to run.
    for _ in 0..3 {
        for client in clients.drain(..) {
            client.leaves();
        }
        comes_to_threads(&server, start, 0, "a thread ends when its client has left");
        server.stop();
        clients.extend((0..3).map(|_| server.connect()));
        let mut busy = server.connect().named("one too many");
        server.go_on();
        busy.hears("busy\n").hears_the_end();
        for client in &mut clients {
            client.says("hello\n").hears("hello\n");
        }
    }
}

/// A reset client ends its own thread and nobody else.
#[test]
fn s9_reset_clients() {
    let step = step!("resets");
    let server = step.start(program!("thread-server"));
    let start = threads(&server);
    let mut stays = server.connect().named("who stays");
    stays.says("hello\n").hears("hello\n");

    // Reset before it was accepted: stopped, the server cannot be quicker.
    server.stop();
    server.connect().named("one that says nothing").resets();
    server.go_on();

    let mut talks = server.connect().named("one that has talked");
    talks.says("hello\n").hears("hello\n");
    talks.resets();

    // Its answer is still on its way, or unread, when it goes.
    let mut hurries = server.connect().named("one in the middle of an answer");
    hurries.says(b"hurry\n".repeat(10 * 1024));
    hurries.resets();

    stays.says("still here\n").hears("still here\n");
    let mut arrives = server.connect().named("who arrives");
    arrives.says("hello\n").hears("hello\n");
    comes_to_threads(
        &server,
        start,
        2,
        "a reset shows as an error of read or write in one thread: that thread ends, the others \
         go on",
    );
    server.is_alive();
}

/// Out of descriptors, it recovers.
#[test]
fn s10_out_of_descriptors() {
    let step = step!("descriptors");
    let server = step.start(program!("thread-server").descriptors(16));
    let mut first = server.connect().named("the first");
    first.says("hello\n").hears("hello\n");

    let withheld = server.no_more_descriptors();
    // An accept that sleeps has its number already: it still takes one client.
    let mut early = server.connect().named("the next");
    let mut late = server.connect().named("the one after");
    server.has_clients_waiting();
    server.does_not_spin();
    first.says("still here\n").hears("still here\n");
    withheld.give_back();
    early.says("hello\n").hears("hello\n");
    late.says("hello\n").hears("hello\n");
    server.is_alive();
}

/// Out of threads, it recovers.
#[test]
fn s11_out_of_threads() {
    let step = step!("descriptors");
    let server = step.start(program!("thread-server"));
    let mut first = server.connect().named("the first");
    first.says("hello\n").hears("hello\n");

    let withheld = server.no_more_processes();
    server
        .connect()
        .named("for whom no thread is free")
        .hears_the_end();
    server.does_not_spin();
    first.says("still here\n").hears("still here\n");
    withheld.give_back();
    let mut arrives = server.connect().named("who arrives");
    arrives.says("hello\n").hears("hello\n");
    server.is_alive();
}
