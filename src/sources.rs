//! A fingerprint of what a check depends on: by it a verdict is known to be stale.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workbook::Exercise;

impl Exercise {
    /// A fingerprint of the exercise's manifest, sources and steps.
    ///
    /// It is compared with one made at another time by another build of this
    /// program, so it is FNV-1a, which stays the same, and not the standard
    /// library's hash, which need not. Files that cannot be read count as empty.
    pub fn fingerprint(&self) -> String {
        let mut files = vec![self.folder.join("Cargo.toml")];
        collect(&self.folder.join("src"), &mut files);
        collect(&self.folder.join("tests"), &mut files);
        files.sort();
        let mut hash = Fnv::new();
        for file in files {
            let name = file.strip_prefix(&self.folder).unwrap_or(&file);
            hash.part(name.as_os_str().as_encoded_bytes());
            hash.part(&fs::read(&file).unwrap_or_default());
        }
        format!("{:016x}", hash.0)
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(&path, files),
            Ok(_) if !is_editors(&path) => files.push(path),
            _ => {}
        }
    }
}

/// Backups and swap files, which editors keep beside the sources.
pub fn is_editors(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || name.ends_with('~') || name.ends_with(".swp") || name == "4913"
}

/// FNV-1a with 64 bits (draft-eastlake-fnv).
struct Fnv(u64);

impl Fnv {
    fn new() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    /// Its length goes first, so that bytes cannot move from one part to the next.
    fn part(&mut self, bytes: &[u8]) {
        self.bytes(&(bytes.len() as u64).to_le_bytes());
        self.bytes(bytes);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        let mut hash = Fnv::new();
        hash.bytes(b"foobar");
        assert_eq!(hash.0, 0x8594_4171_f739_67e8); // the draft's test vector
    }

    #[test]
    fn a_change_of_the_sources_changes_the_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        let exercise = Exercise {
            number: String::new(),
            id: String::new(),
            package: String::new(),
            title: String::new(),
            reading: 0,
            solving: 0,
            folder: folder.path().to_owned(),
            steps: Vec::new(),
        };
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("src/main.rs", "fn main() {}");
        let first = exercise.fingerprint();
        assert_eq!(first, exercise.fingerprint());
        write("src/main.rs~", "an editor's backup");
        write("hints.md", "not a source");
        assert_eq!(first, exercise.fingerprint());
        write("src/main.rs", "fn main() { }");
        assert_ne!(first, exercise.fingerprint());
    }
}
