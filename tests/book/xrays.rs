//! The x-rays in the book: made anew, they show the same.

use std::fs;

use wirebook::experiments::xrays::{ALL, shape};

use crate::pages::root;

#[test]
fn every_recorded_xray_is_still_so() {
    let folder = root().join("book/src/xrays");
    let mut made = Vec::new();
    for experiment in &ALL {
        let figures = experiment.run(root());
        for figure in figures.unwrap_or_else(|why| panic!("{}: {why}", experiment.name)) {
            let path = folder.join(format!("{}.txt", figure.name));
            let recorded = fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(
                shape(&recorded),
                shape(&figure.text),
                "{} shows something else on this kernel than in the book.\n\nIn the book:\n\
                 {recorded}\n\nHere:\n{}",
                experiment.name,
                figure.text
            );
            made.push(path);
        }
    }
    for entry in fs::read_dir(folder).expect("the x-rays") {
        let path = entry.expect("an entry").path();
        assert!(
            made.contains(&path),
            "no experiment makes {}",
            path.display()
        );
    }
}
