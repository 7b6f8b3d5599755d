//! The steps of `first-server`: an iterative echo server, and a line client.

use grader::prelude::*;

/// Echoes one message.
#[test]
fn s1_echoes_one_message() {
    let step = step!("read-and-write");
    let server = step.start(program!("first-server"));
    let mut client = server.connect();
    client.says("hello\n").hears("hello\n");
}

/// Echoes until the client closes, then serves the next.
#[test]
fn s2_one_after_the_other() {
    let step = step!("close");
    let server = step.start(program!("first-server"));
    let mut first = server.connect().named("the first");
    first.says("a message\n").hears("a message\n");
    first.says("one\n").hears("one\n");
    first.says("two\n").hears("two\n");
    first.done_talking().hears_the_end();
    let mut second = server.connect().named("the second");
    second.says("three\n").hears("three\n");
    second.done_talking().hears_the_end();
    server.is_alive();
}

/// Sends back exactly the bytes it gets: NUL, what is not UTF-8, a mebibyte.
#[test]
fn s3_exactly_the_bytes() {
    let step = step!("bytes");
    let server = step.start(program!("first-server"));
    let mut client = server.connect();
    client.says(b"no\0text\n").hears(b"no\0text\n");
    client.says(b"\xff\xfe \xc3\n").hears(b"\xff\xfe \xc3\n");
    client.is_echoed(vec![b'x'; 1 << 20]);

    // The server sleeps in a write that has taken a part of its bytes. To be stopped
    // and continued ends that write, and it returns how many it took.
    let said = client.says_until_all_is_full();
    server.stop();
    server.go_on();
    client.hears(said);
    client.done_talking().hears_the_end();
}

/// After 50 clients it holds no more descriptors than before.
#[test]
fn s4_lets_go_of_each() {
    let step = step!("who-closes");
    let server = step.start(program!("first-server"));
    let before = server.descriptors();
    for _ in 0..50 {
        let mut client = server.connect();
        client.says("hello\n").hears("hello\n");
        client.leaves();
    }
    server.comes_to(
        &format!("after 50 clients it holds no more than the {before} descriptors of before"),
        "each accept makes a descriptor: it stays in the table until the program closes it",
        |_| server.descriptors() <= before,
    );
}

/// A client that resets its connection does not end it.
#[test]
fn s5_reset_clients() {
    let step = step!("a-reset-client");
    let server = step.start(program!("first-server"));

    let mut talks = server.connect().named("one that has talked");
    talks.says("hello\n").hears("hello\n");
    talks.resets();
    let mut next = server.connect().named("who comes next");
    next.says("hello\n").hears("hello\n");
    next.leaves();

    // Gone before they are accepted: stopped, the server cannot be quicker. Its read
    // fails for the first of them, its write for the second.
    server.stop();
    server.connect().named("one that says nothing").resets();
    let mut hurries = server.connect().named("one that does not wait");
    hurries.says("hello\n");
    hurries.resets();
    server.go_on();

    let mut arrives = server.connect().named("who arrives");
    arrives.says("hello\n").hears("hello\n");
    server.is_alive();
}

/// An address in use is an error that names the address, with exit status 1.
#[test]
fn s6_address_in_use() {
    let step = step!("an-address-in-use");
    let taken = step.listen();
    let address = taken.address().to_string();
    let mut server = step.run(program!("first-server").arg(&address));
    server.exits_with(1).complains_about(&address);
    server.prints_nothing_more();
}

/// The client prints each line of the reply.
#[test]
fn s7_client_prints_replies() {
    let step = step!("the-client");
    let listener = step.listen();
    let address = listener.address().to_string();
    let mut client = step.run(program!("client").arg(&address));
    let mut server = listener.accept();
    client.types("one\n");
    server.hears("one\n").says("ONE\n");
    client.prints("ONE\n");

    // A line is not a read: this one comes in two pieces.
    client.types("two\n");
    server.hears("two\n").says("TWO").was_read();
    server.says(" AND A HALF\n");
    client.prints("TWO AND A HALF\n");
    client.types("three\n");
    server.hears("three\n").says("THREE\n");
    client.prints("THREE\n");
}

/// A refused connection is an error that names the address, with exit status 1.
#[test]
fn s8_client_is_refused() {
    let step = step!("connect");
    let nobody = step.nobody_listens();
    let address = nobody.address().to_string();
    let mut client = step.run(program!("client").arg(&address));
    client.exits_with(1).complains_about(&address);
    client.prints_nothing_more();
}

/// The end of the client's input does not lose the last reply.
#[test]
fn s9_client_keeps_the_tail() {
    let step = step!("the-end-of-input");
    let listener = step.listen();
    let address = listener.address().to_string();

    // The usual end: after a whole line there is nothing more to send.
    let mut client = step.run(program!("client").arg(&address));
    let mut server = listener.accept();
    client.types("one\n");
    server.hears("one\n").says("ONE\n");
    client.prints("ONE\n").ends_input();
    server.hears_the_end();
    server.says("and goodbye\n");
    server.leaves();
    client.prints("and goodbye\n").exits_with(0);
    client.prints_nothing_more();

    // The last line has no newline, and its answer is not the last thing to come.
    let mut client = step.run(program!("client").arg(&address));
    let mut server = listener.accept();
    client.types("two").ends_input();
    server.hears("two").hears_the_end();
    server.says("TWO\nand goodbye\n");
    server.leaves();
    client.prints("TWO\nand goodbye\n").exits_with(0);
    client.prints_nothing_more();
}
