//! A server of files, as plain as can be: what the book is on any web host.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// A server. It ends with this value.
pub struct StaticSite {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl StaticSite {
    /// Serves what is in `folder`.
    pub fn of(folder: &Path) -> StaticSite {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let ended = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (folder, ended) = (folder.to_owned(), ended.clone());
            move || {
                for connection in listener.incoming() {
                    if ended.load(Ordering::SeqCst) {
                        return;
                    }
                    let (folder, connection) = (folder.clone(), connection.expect("a client"));
                    // A browser also opens connections that it then makes no use of.
                    thread::spawn(move || answer(&folder, connection));
                }
            }
        });
        StaticSite {
            address,
            ended,
            thread: Some(thread),
        }
    }

    /// Where it serves: `http://127.0.0.1:3000/`.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for StaticSite {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes it from accept.
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Answers one request. A client that goes in the middle of it is nobody's concern.
fn answer(folder: &Path, mut connection: TcpStream) -> Option<()> {
    let mut lines = BufReader::new(connection.try_clone().ok()?).lines();
    let request = lines.next()?.ok()?;
    while !lines.next()?.ok()?.is_empty() {}
    let path = request.split(' ').nth(1)?.trim_start_matches('/');
    let (status, content) = match fs::read(folder.join(path)) {
        Ok(content) => ("200 OK", content),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let kind = match PathBuf::from(path).extension()?.to_str()? {
        "html" => "text/html",
        "css" => "text/css",
        "js" => "text/javascript",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
    write!(
        connection,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        content.len()
    )
    .ok()?;
    connection.write_all(&content).ok()
}
