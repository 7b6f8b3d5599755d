//! Builds the book, again and again.
//!
//! Each build goes to a folder of its own, an **edition**. A symbolic link,
//! `current`, leads to the last one that was good, and is replaced by a rename:
//! readers see the one before or the one after, and a book with an error leaves
//! the last good one in its place.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use nix::fcntl::{Flock, FlockArg};
use tokio::sync::watch;

use super::board::Board;
use crate::book::build;
use crate::spinner::Spinner;
use crate::workbook::Workbook;

/// Whether there is a book to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// The first build is under way.
    Empty,
    /// `current` leads to a book.
    Ready,
    /// No build was good yet; what mdBook says of the last.
    Broken(String),
}

/// The builder of the book: a thread that ends with this value.
pub struct Press {
    orders: Orders,
    shelf: watch::Receiver<Shelf>,
    room: Room,
    thread: Option<JoinHandle<()>>,
}

/// Orders builds.
#[derive(Clone)]
pub struct Orders(Sender<Order>);

#[derive(PartialEq, Eq)]
enum Order {
    Build,
    Stop,
}

impl Orders {
    /// The book has changed. Several orders during a build make one build.
    pub fn build(&self) {
        // A press that has stopped needs no orders.
        let _ = self.0.send(Order::Build);
    }
}

impl Press {
    /// Starts, and builds the first edition.
    pub fn start(
        workbook: &Workbook,
        board: &Arc<Board>,
        spinner: &Spinner,
    ) -> Result<Press, String> {
        let room = Room::new(workbook)?;
        let (orders, incoming) = mpsc::channel();
        let (shelf, shown) = watch::channel(Shelf::Empty);
        let work = Work {
            book: workbook.book(),
            folder: room.folder.clone(),
            shelf,
            board: board.clone(),
            spinner: spinner.clone(),
        };
        let thread = thread::spawn(move || work.run(&incoming));
        let press = Press {
            orders: Orders(orders),
            shelf: shown,
            room,
            thread: Some(thread),
        };
        press.orders.build();
        Ok(press)
    }

    /// A handle to order builds with.
    pub fn orders(&self) -> Orders {
        self.orders.clone()
    }

    /// Whether there is a book to show, now and later.
    pub fn shelf(&self) -> watch::Receiver<Shelf> {
        self.shelf.clone()
    }

    /// The folder to serve, once the shelf is not empty.
    pub fn current(&self) -> PathBuf {
        self.room.folder.join("current")
    }

    /// Waits for the build under way.
    pub fn stop(&mut self) {
        // An error says that it has stopped.
        let _ = self.orders.0.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

/// A folder for editions, which nobody else removes as long as its lock is held.
struct Room {
    folder: PathBuf,
    _lock: Flock<File>,
}

impl Room {
    /// A new one in `target/`. Those that a killed companion left are removed.
    fn new(workbook: &Workbook) -> Result<Room, String> {
        let all = workbook.root().join("target/wirebook");
        let make = || -> io::Result<Room> {
            fs::create_dir_all(&all)?;
            // One companion at a time: a room is not seen before it is locked.
            let _turn = lock(&all, FlockArg::LockExclusive)?;
            for entry in fs::read_dir(&all)?.filter_map(Result::ok) {
                let folder = entry.path();
                if folder.is_dir() && lock(&folder, FlockArg::LockExclusiveNonblock).is_ok() {
                    fs::remove_dir_all(folder)?;
                }
            }
            let folder = tempfile::Builder::new().prefix("book-").tempdir_in(&all)?;
            let lock = lock(folder.path(), FlockArg::LockExclusive)?;
            Ok(Room {
                folder: folder.keep(),
                _lock: lock,
            })
        };
        make().map_err(|error| format!("cannot build the book in {}: {error}", all.display()))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // What stays is inside target/, and the next start removes it.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Locks `folder`, by a file in it.
fn lock(folder: &Path, how: FlockArg) -> io::Result<Flock<File>> {
    let file = File::create(folder.join("lock"))?;
    Flock::lock(file, how).map_err(|(_, error)| error.into())
}

/// What the thread needs.
struct Work {
    book: PathBuf,
    folder: PathBuf,
    shelf: watch::Sender<Shelf>,
    board: Arc<Board>,
    spinner: Spinner,
}

impl Work {
    fn run(&self, orders: &Receiver<Order>) {
        let mut number = 0;
        let mut shown: Option<PathBuf> = None;
        let mut was_broken = false;
        while orders.recv() == Ok(Order::Build) {
            if orders.try_iter().any(|order| order == Order::Stop) {
                return;
            }
            number += 1;
            let edition = self.folder.join(number.to_string());
            let built = build(&self.book, &edition).and_then(|()| {
                self.put_up(&edition)
                    .map_err(|error| format!("{}: {error}", edition.display()))
            });
            match built {
                Ok(()) => {
                    if let Some(old) = shown.replace(edition) {
                        remove(&old);
                    }
                    self.shelf.send_replace(Shelf::Ready);
                    self.board.book_error(None);
                    if number > 1 {
                        self.board.reload();
                    }
                    if was_broken {
                        self.spinner.print("The book builds again.");
                    }
                    was_broken = false;
                }
                Err(message) => {
                    remove(&edition);
                    self.shelf.send_if_modified(|shelf| match shelf {
                        Shelf::Ready => false,
                        _ => {
                            *shelf = Shelf::Broken(message.clone());
                            true
                        }
                    });
                    let shows = match shown {
                        Some(_) => "the pages show the last good one",
                        None => "the page shows why",
                    };
                    self.spinner.complain(&format!(
                        "error: the book does not build; {shows}\n{}",
                        indent(&message)
                    ));
                    self.board.book_error(Some(message));
                    was_broken = true;
                }
            }
        }
    }

    /// Lets `current` lead to `edition`.
    fn put_up(&self, edition: &Path) -> io::Result<()> {
        let new = self.folder.join("next");
        symlink(edition, &new)?;
        fs::rename(new, self.folder.join("current"))
    }
}

fn remove(edition: &Path) {
    // It is inside target/ and does no harm there.
    let _ = fs::remove_dir_all(edition);
}

fn indent(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
    lines.join("\n")
}
