//! RLIMIT_NPROC counts threads: at the limit no new one starts.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Uid;
use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::thread::{Builder, park};

fn main() -> io::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NPROC)?;
    if Uid::current().is_root() {
        println!("the limit does not bind root: run this as another user");
        return Ok(());
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (connection, _) = listener.accept()?;

    setrlimit(Resource::RLIMIT_NPROC, 1, hard)?;
    serve(connection);
    match client.read(&mut [0; 64])? {
        0 => println!("the client reads end of file"),
        n => println!("the client reads {n} bytes"),
    }
    setrlimit(Resource::RLIMIT_NPROC, hard, hard)?;
    Builder::new().spawn(park)?;
    println!("with the old limit a thread starts");
    Ok(())
}

// ANCHOR: spawn
fn serve(connection: TcpStream) {
    let handler = move || {
        let _connection = connection;
        park();
    };
    match Builder::new().spawn(handler) {
        Ok(_detached) => println!("the thread has started"),
        // The handler was dropped, and the connection with it.
        Err(error) => println!("no thread: {error}"),
    }
}
// ANCHOR_END: spawn
