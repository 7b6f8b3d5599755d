//! The steps of `start`: a server that greets each client.

use grader::prelude::*;

/// Greets the client.
#[test]
fn s1_greets() {
    let step = step!("a-first-server");
    let server = step.start(program!("start"));
    let mut client = server.connect();
    client.hears("hello from wirebook\n");
}

/// Closes after the greeting, and greets the next client.
#[test]
fn s2_closes() {
    let step = step!("the-end-of-a-connection");
    let server = step.start(program!("start"));
    let mut first = server.connect().named("the first");
    first.hears("hello from wirebook\n").hears_the_end();
    let mut second = server.connect().named("the second");
    second.hears("hello from wirebook\n").hears_the_end();
    server.is_alive();
}
