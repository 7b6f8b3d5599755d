//! What a page weighs.

use crate::stage::Stage;
use crate::workbook::chapters;

/// Bytes over the network, for somebody who has never been here.
const LIMIT: u64 = 300_000;

#[test]
fn a_chapter_is_light() {
    let stage = Stage::set();
    for chapter in chapters() {
        stage.browser.forgets_what_it_has();
        stage.open(&chapter);
        // By then all has been asked for, and answered.
        stage.browser.comes_to(
            "the page is loaded, and its steps are shown",
            "document.readyState === 'complete' && document.querySelector('wire-steps').state",
        );
        let mut requests = stage.browser.requests();
        requests.retain(|request| request.url.starts_with("http"));
        requests.sort_by_key(|request| std::cmp::Reverse(request.bytes));
        let sum: u64 = requests.iter().map(|request| request.bytes).sum();
        println!(
            "{chapter} weighs {sum} bytes, in {} requests:",
            requests.len()
        );
        for request in &requests {
            println!("{:8}  {}", request.bytes, request.url);
        }
        let page = requests
            .iter()
            .find(|request| request.url.ends_with(".html"));
        assert!(
            page.is_some_and(|page| page.bytes > 0),
            "the page itself was not weighed"
        );
        assert!(sum <= LIMIT, "{chapter}: {sum} bytes are more than {LIMIT}");
    }
}
