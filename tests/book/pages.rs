//! The built book, as its readers get it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use scraper::{Html, Selector};

/// The workbook.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the built book: built once, by the companion's own code, where any
/// warning is an error.
pub fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("book");
        fs::remove_dir_all(&folder).ok();
        wirebook::book::build(&root().join("book"), &folder).unwrap_or_else(|e| panic!("{e}"));
        folder
    })
}

/// All pages, by the names of their files.
pub fn pages() -> BTreeMap<String, Html> {
    let pages: BTreeMap<String, Html> = fs::read_dir(built())
        .expect("the built book")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "html")
        })
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a page");
            let name = path.file_name().expect("a name").display().to_string();
            (name, Html::parse_document(&text))
        })
        .collect();
    assert!(pages.len() > 3, "the book has pages");
    pages
}

/// A CSS selector.
pub fn css(selector: &str) -> Selector {
    Selector::parse(selector).expect("a selector")
}

/// The text of all that `selector` finds in a page, white space folded.
pub fn texts(page: &Html, selector: &str) -> Vec<String> {
    page.select(&css(selector))
        .map(|element| {
            let text: String = element.text().collect();
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect()
}

/// The values of an attribute of all that `selector` finds in a page.
pub fn attributes(page: &Html, selector: &str, name: &str) -> Vec<String> {
    page.select(&css(selector))
        .filter_map(|element| element.attr(name))
        .map(str::to_owned)
        .collect()
}
