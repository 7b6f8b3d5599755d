//! The book, built with mdBook's own library.

mod complaints;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use mdbook_driver::MDBook;

/// Builds the book in `book` into `destination`. Whatever mdBook warns of is an error.
///
/// # Errors
/// What mdBook says against the book, all of it.
pub fn build(book: &Path, destination: &Path) -> Result<(), String> {
    let work = || -> Result<(), String> {
        let mut book = MDBook::load(book).map_err(|error| format!("{error:#}"))?;
        book.config.build.build_dir = destination.to_owned();
        book.build().map_err(|error| format!("{error:#}"))
    };
    let (built, mut complaints) = complaints::during(|| catch_unwind(AssertUnwindSafe(work)));
    match built {
        Ok(Ok(())) => {}
        Ok(Err(message)) => complaints.push(message),
        Err(_) => complaints.push("mdBook panicked; its message is in the terminal".to_owned()),
    }
    match complaints.is_empty() {
        true => Ok(()),
        false => Err(complaints.join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn book(page: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let src = folder.path().join("src");
        fs::create_dir(&src).unwrap();
        fs::write(folder.path().join("book.toml"), "[book]\ntitle = \"B\"\n").unwrap();
        fs::write(src.join("SUMMARY.md"), "# Summary\n\n- [One](one.md)\n").unwrap();
        fs::write(src.join("one.md"), page).unwrap();
        folder
    }

    #[test]
    fn a_good_book_is_built() {
        let book = book("# One\n");
        let destination = book.path().join("out");
        build(book.path(), &destination).unwrap();
        assert!(destination.join("one.html").is_file());
    }

    #[test]
    fn an_include_that_is_not_there_is_an_error() {
        let book = book("# One\n\n{{#include nowhere.rs}}\n");
        let message = build(book.path(), &book.path().join("out")).unwrap_err();
        assert!(message.contains("nowhere.rs"), "{message}");
    }

    #[test]
    fn a_broken_configuration_is_an_error() {
        let book = book("# One\n");
        fs::write(book.path().join("book.toml"), "[book\n").unwrap();
        assert!(build(book.path(), &book.path().join("out")).is_err());
    }
}
