//! Links: each leads to a page and a place on it that are there, and no page asks
//! another host for anything.

use crate::pages::{attributes, built, pages};

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut broken = Vec::new();
    for (name, page) in &pages {
        // An error page is served at any address; its links start from the root.
        let links = attributes(page, "a[href]", "href");
        assert!(!links.is_empty(), "{name} has links");
        for link in links {
            if link.starts_with("https://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { name } else { file };
            let Some(page) = pages.get(target) else {
                if !built().join(target).is_file() {
                    broken.push(format!("{name}: {link}: no such page"));
                }
                continue;
            };
            let there = |id: &String| id == fragment;
            if !fragment.is_empty() && !attributes(page, "[id]", "id").iter().any(there) {
                broken.push(format!("{name}: {link}: no such place on the page"));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn ids_are_unique() {
    for (name, page) in pages() {
        let mut ids = attributes(&page, "[id]", "id");
        ids.sort();
        let twice: Vec<_> = ids.windows(2).filter(|two| two[0] == two[1]).collect();
        assert!(twice.is_empty(), "{name}: {twice:?}");
    }
}

#[test]
fn no_page_asks_another_host() {
    for (name, page) in pages() {
        for (selector, attribute) in [
            ("script[src]", "src"),
            ("link[href]", "href"),
            ("img[src]", "src"),
            ("iframe[src]", "src"),
        ] {
            for target in attributes(&page, selector, attribute) {
                assert!(!target.contains("//"), "{name}: {target}");
                let file = target.split(['#', '?']).next().unwrap_or_default();
                assert!(built().join(file).is_file(), "{name}: {target} is missing");
            }
        }
    }
}
