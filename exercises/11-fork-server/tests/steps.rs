//! The steps of `fork-server`: an echo server with a process a client.

use grader::prelude::*;

/// Echoes one client's bytes, exactly.
#[test]
fn s1_echoes_one() {
    let step = step!("one-client");
    let server = step.start(program!("fork-server"));
    let mut client = server.connect();
    client.says("hello\n").hears("hello\n");
    client.says("again\n").hears("again\n");
    client.says(b"no\0text\xff").hears(b"no\0text\xff");
    client.is_echoed(vec![b'x'; 1 << 20]);
}

/// Serves the newest client while the older ones are silent.
#[test]
fn s2_newest_first() {
    let step = step!("the-newest-first");
    let server = step.start(program!("fork-server"));
    let mut first = server.connect().named("the first");
    let mut second = server.connect().named("the second");
    let mut newest = server.connect().named("the newest");
    newest.says("three\n").hears("three\n");
    second.says("two\n").hears("two\n");
    first.says("one\n").hears("one\n");
}

/// Each connection has a process of its own.
#[test]
fn s3_a_process_each() {
    let step = step!("a-process-each");
    let server = step.start(program!("fork-server"));
    let mut clients = [server.connect(), server.connect(), server.connect()];
    for client in &mut clients {
        client.says("hello\n").hears("hello\n");
    }
    server.comes_to(
        "each of the three connections is held by a child of its own",
        "the parent accepts and the children talk: each connection goes to a child that \
         has no other",
        |_| {
            let children = |client| {
                let mut holders = server.holders_of(client);
                holders.retain(|pid| *pid != server.pid());
                holders
            };
            // The parent, and a child that came later, may hold it as well: that is
            // the next step's affair.
            let own: Vec<u32> = clients
                .iter()
                .filter_map(|c| children(c).first().copied())
                .collect();
            own.len() == 3 && own[0] != own[1] && own[1] != own[2] && own[0] != own[2]
        },
    );
}

/// The connection ends for the client when its child ends.
#[test]
fn s4_parent_lets_go() {
    let step = step!("who-holds-the-connection");
    let server = step.start(program!("fork-server"));
    let mut client = server.connect();
    client.says("hello\n").hears("hello\n");
    // The x-ray notes who is there now, for the case that somebody is missed later.
    server.xray();
    client.done_talking();
    client.hears_the_end();
}

/// A child does not hold the listener.
#[test]
fn s5_child_lets_go() {
    let step = step!("who-holds-the-listener");
    let server = step.start(program!("fork-server"));
    let mut client = server.connect();
    client.says("hello\n").hears("hello\n");
    server.comes_to(
        "only the parent holds the listening socket",
        "a child has a copy of every descriptor of its parent: the one it has no use for \
         it must close",
        |xray| {
            let holders: Vec<_> = xray.listeners(server.address()).collect();
            holders.len() == 1 && holders[0].0.pid == server.pid()
        },
    );
}

/// No zombies, also when five children end at once.
#[test]
fn s6_no_zombies() {
    const MEANS: &str = "a child that has ended stays in the table of processes until its \
        parent waits for it; signals do not queue, so one SIGCHLD may stand for five";
    let step = step!("zombies");
    let server = step.start(program!("fork-server"));

    let mut alone = server.connect().named("the first");
    alone.says("hello\n").hears("hello\n");
    alone.leaves();
    server.comes_to(
        "the child of the client that left has ended",
        "the client has left, and its child lives on",
        |xray| {
            xray.processes
                .iter()
                .filter(|process| !process.zombie)
                .count()
                == 1
        },
    );
    server.comes_to("the child that has ended was waited for", MEANS, |xray| {
        xray.processes.len() == 1
    });

    let mut clients: Vec<Peer> = (0..5).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.says("hello\n").hears("hello\n");
    }
    server.stop();
    for client in clients {
        client.leaves();
    }
    server.comes_to(
        "all five children have ended",
        "the clients have left, and a child lives on",
        |xray| {
            xray.processes
                .iter()
                .filter(|process| !process.zombie)
                .count()
                == 1
        },
    );
    server.go_on();
    server.comes_to(
        "all five were waited for, no zombie is left",
        MEANS,
        |xray| xray.zombies().count() == 0,
    );
}

/// A child's end does not stop accept.
#[test]
fn s7_interrupted_accept() {
    let step = step!("interrupted-accept");
    let server = step.start(program!("fork-server"));
    let mut stays = server.connect().named("who stays");
    stays.says("hello\n").hears("hello\n");
    let mut leaves = server.connect().named("who leaves");
    leaves.says("hello\n").hears("hello\n");
    let child = server.holders_of(&leaves);
    leaves.leaves();
    server.comes_to(
        "the child of the client that left has ended",
        "a child ends when its client has left",
        |xray| {
            let mut still_there = child.iter().filter_map(|pid| xray.process(*pid));
            still_there.all(|process| process.zombie || process.pid == server.pid())
        },
    );
    let mut arrives = server.connect().named("who arrives");
    arrives.says("hello\n").hears("hello\n");
    stays.says("still here\n").hears("still here\n");
    server.is_alive();
}

/// Children end with their clients.
#[test]
fn s8_children_end() {
    let step = step!("children-end");
    let server = step.start(program!("fork-server"));
    let mut clients: Vec<Peer> = (0..3).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.says("hello\n").hears("hello\n");
    }
    for client in clients {
        client.leaves();
    }
    server.comes_to(
        "only the parent is left",
        "a child has one client: when that has left, the child has nothing more to do and exits",
        |xray| {
            xray.processes
                .iter()
                .filter(|process| !process.zombie)
                .count()
                == 1
        },
    );
}

/// A reset client ends its own child and nobody else.
#[test]
fn s9_reset_clients() {
    let step = step!("reset-clients");
    let server = step.start(program!("fork-server"));
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
    hurries.says(vec![b'x'; 64 * 1024]);
    hurries.resets();

    stays.says("still here\n").hears("still here\n");
    let mut arrives = server.connect().named("who arrives");
    arrives.says("hello\n").hears("hello\n");
    server.comes_to(
        "two children are left, those of the two clients that are left",
        "a reset shows as an error of read or write in the child: the child ends, the parent \
         goes on",
        |xray| {
            xray.processes
                .iter()
                .filter(|process| !process.zombie)
                .count()
                == 3
        },
    );
    server.is_alive();
}

/// Restarts at once while a child of the old server lives.
#[test]
fn s10_restart() {
    let step = step!("restart");
    let old = step.start(program!("fork-server"));
    let mut client = old.connect().named("the old server's client");
    client.says("hello\n").hears("hello\n");
    old.kill();
    client.says("still here\n").hears("still here\n");

    let new = step.start_on(program!("fork-server"), old.address());
    let mut arrives = new.connect().named("the new server's client");
    arrives.says("hello\n").hears("hello\n");
    client.says("still here\n").hears("still here\n");
}

/// Out of descriptors, it recovers.
#[test]
fn s11_out_of_descriptors() {
    let step = step!("limits");
    let server = step.start(program!("fork-server").descriptors(16));
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

/// Out of processes, it recovers.
#[test]
fn s12_out_of_processes() {
    let step = step!("limits");
    let server = step.start(program!("fork-server"));
    let mut first = server.connect().named("the first");
    first.says("hello\n").hears("hello\n");

    let withheld = server.no_more_processes();
    server
        .connect()
        .named("for whom no process is free")
        .hears_the_end();
    server.does_not_spin();
    first.says("still here\n").hears("still here\n");
    withheld.give_back();
    let mut arrives = server.connect().named("who arrives");
    arrives.says("hello\n").hears("hello\n");
    server.is_alive();
}
