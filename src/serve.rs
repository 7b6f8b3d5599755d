//! Bare `cargo wirebook`: builds and serves the book, watches the exercises,
//! and shows each check in the page as it goes.
//!
//! Who tells whom: [`watch`] sees files change and tells the [`press`], which
//! builds the book, and the [`checker`], which runs the steps. Both tell the
//! [`board`], the present state of everything; [`http`] shows it to the pages.

pub mod address;
mod board;
pub mod browser;
mod checker;
mod guard;
mod http;
mod live;
mod page;
mod press;
mod watch;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use crate::failure::Failure;
use crate::interrupt;
use crate::spinner::Spinner;
use crate::workbook::Workbook;

use board::Board;
use checker::Checker;
use press::Press;
use watch::Change;

/// What bare `cargo wirebook` takes.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Do not open the browser
    #[arg(long)]
    no_open: bool,
    /// Listen on this port of 127.0.0.1; without it 3000, or the next one free
    #[arg(long, value_name = "N")]
    port: Option<u16>,
}

/// Runs until it is interrupted.
pub fn run(args: &ServeArgs) -> Result<ExitCode, Failure> {
    let workbook = Workbook::find().map_err(Failure::Refused)?;
    let listener = address::listen(args.port).map_err(Failure::Refused)?;
    let site = http::Site::new(&listener).map_err(Failure::Refused)?;

    let (interrupted, interruption) = tokio::sync::oneshot::channel();
    interrupt::on_interrupt(move || {
        // The receiver is gone only if the companion is about to end anyway.
        let _ = interrupted.send(());
    });

    let spinner = Spinner::default();
    let board = Arc::new(Board::new(&workbook, &spinner));
    let mut press = Press::start(&workbook, &board, &spinner).map_err(Failure::Refused)?;
    spinner.print(&format!(
        "The book is at {}\nSave a file in exercises/ and its steps run. Ctrl-C stops.",
        site.url()
    ));
    if !args.no_open
        && let Err(why) = browser::open(site.url())
    {
        spinner.complain(&format!("note: {why}: open {} yourself", site.url()));
    }
    let mut checker = Checker::start(&workbook, &board, &spinner);
    let watched = watch::start(&workbook, &spinner, {
        let (board, checker, printer) = (board.clone(), checker.clone(), press.orders());
        let workbook = workbook.clone();
        move |change| match change {
            Change::Book => printer.build(),
            Change::Exercises(saved) => {
                let gone = board.sync(&workbook.exercises());
                for exercise in gone {
                    checker.forget(&exercise);
                }
                for exercise in saved {
                    checker.saved(&exercise);
                }
            }
        }
    });
    if let Err(why) = watched {
        spinner.complain(&format!(
            "warning: changes are not noticed: {why}; reload the page and press Check yourself"
        ));
    }

    let live = live::Live::new(workbook.root().to_owned());
    let served = http::serve(listener, site, &board, &checker, &press, live, interruption);
    checker.stop();
    press.stop();
    spinner.stop();
    served.map_err(|error| Failure::Refused(format!("the server stopped: {error}")))?;
    spinner.complain("\nStopped; nothing is left running.");
    Ok(ExitCode::SUCCESS)
}
