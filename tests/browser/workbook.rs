//! A copy of the workbook, for tests to write in.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

/// What a clone would not have, and what is compiled.
const LEFT_OUT: [&str; 4] = [".git", ".wirebook", "target", "book/book"];

/// The copy. It stays between runs, and with it what was compiled in it; whoever has
/// it, has it for himself.
pub struct Workbook {
    root: PathBuf,
    _turn: Flock<File>,
}

impl Workbook {
    /// The workbook as it is, once nobody else has it.
    pub fn fresh() -> Workbook {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser/workbook");
        fs::create_dir_all(&root).expect("a folder for the copy");
        let lock = File::create(root.with_extension("lock")).expect("a file to lock");
        let turn = Flock::lock(lock, FlockArg::LockExclusive).expect("a lock");
        mirror(original(), &root, Path::new(""));
        Workbook { root, _turn: turn }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn read(&self, inside: &str) -> String {
        read(&self.root.join(inside))
    }

    /// Saves a file, as editors do: the new one takes the place of the old one as a
    /// whole, so that nobody comes to see a half.
    pub fn write(&self, inside: &str, text: &str) {
        let path = self.root.join(inside);
        let new = path.with_file_name(".being-saved");
        fs::write(&new, text)
            .and_then(|()| fs::rename(new, &path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// The workbook that these tests are part of.
pub fn original() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The chapters that are written, such as `11-fork-server`, in their order.
pub fn chapters() -> Vec<String> {
    let names = names_in(&original().join("book/src"));
    let pages = names.iter().filter_map(|name| name.strip_suffix(".md"));
    let numbered = pages.filter(|page| page.starts_with(|first: char| first.is_ascii_digit()));
    numbered.map(str::to_owned).collect()
}

/// The solution of fork-server.
pub fn solution() -> String {
    read(&original().join("solutions/11-fork-server/src/main.rs"))
}

/// A wrong fork server, by its name in `tests/mistakes/`.
pub fn mistake(name: &str) -> String {
    let catalogue = wirebook::mistakes::read(original(), "11-fork-server")
        .unwrap_or_else(|error| panic!("{error}"));
    let mut mistakes = catalogue.mistake.iter();
    let mistake = mistakes.find(|mistake| mistake.name == name);
    let mistake = mistake.unwrap_or_else(|| panic!("there is no mistake {name}"));
    mistake.edit.iter().fold(solution(), |program, edit| {
        let count = program.matches(&edit.find).count();
        assert_eq!(count, 1, "{:?} in the solution", edit.find);
        program.replace(&edit.find, &edit.replace)
    })
}

/// Makes a folder of the copy equal to that of the original. A file that is equal
/// already keeps its date, so that cargo does not compile it anew.
fn mirror(original: &Path, copy: &Path, inside: &Path) {
    let (from, to) = (original.join(inside), copy.join(inside));
    fs::create_dir_all(&to).unwrap_or_else(|error| panic!("{}: {error}", to.display()));
    let names = names_in(&from);
    for name in names_in(&to).difference(&names) {
        if name != "target" {
            remove(&to.join(name));
        }
    }
    for name in names {
        let inside = inside.join(name);
        if LEFT_OUT.iter().any(|left_out| inside.ends_with(left_out)) {
            // Progress, such as an earlier test has made.
            if inside.ends_with(".wirebook") && copy.join(&inside).exists() {
                remove(&copy.join(&inside));
            }
            continue;
        }
        let (from, to) = (original.join(&inside), copy.join(&inside));
        if from.is_dir() {
            mirror(original, copy, &inside);
        } else {
            let new = fs::read(&from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
            if fs::read(&to).ok().as_ref() != Some(&new) {
                fs::write(&to, new).unwrap_or_else(|error| panic!("{}: {error}", to.display()));
            }
        }
    }
}

fn remove(path: &Path) {
    let removed = match path.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
    removed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.into_string().expect("a name in UTF-8"))
        .collect()
}
