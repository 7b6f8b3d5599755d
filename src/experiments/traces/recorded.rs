//! What the book holds of an experiment, and whether this kernel still does the same.

use std::fs;
use std::path::{Path, PathBuf};

use wire::Trace;

/// Where the recording of `name` is, in the workbook at `root`.
pub fn path(root: &Path, name: &str) -> PathBuf {
    root.join("book/src/traces").join(format!("{name}.html"))
}

/// The recording of the book.
///
/// # Errors
/// There is none, or it is no trace of this version; the message says which.
pub fn recorded(root: &Path, name: &str) -> Result<Trace, String> {
    let path = path(root, name);
    let explain = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let page = fs::read_to_string(&path).map_err(|error| explain(&error))?;
    let json = data(&page).ok_or_else(|| explain(&"no trace is in it"))?;
    Trace::from_json(json).map_err(|error| explain(&error))
}

/// The trace's own text, in the fragment that a page includes.
fn data(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("class=\"trace-data\">")?;
    let (json, _) = rest.split_once("</script>")?;
    Some(json)
}

/// What is other in this trace than in the book's; `None` if the two have one shape.
pub fn difference(book: &Trace, here: &Trace) -> Option<String> {
    let (theirs, ours) = (book.shape(), here.shape());
    (theirs != ours).then(|| {
        format!(
            "This kernel ({}) does not do what the book's ({}) did.\n\nIn the book:\n\n\
             {theirs}\nHere:\n\n{ours}",
            here.kernel, book.kernel
        )
    })
}
