//! A browser, as a test speaks of it: pages, keys, what is to be seen, and which
//! requests were made for it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::webdriver::Driver;

/// How long a page may take to come to be as wanted. A cold build is part of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Keys, as WebDriver writes them.
pub mod key {
    pub const TAB: char = '\u{e004}';
    pub const ENTER: char = '\u{e007}';
    pub const SPACE: char = ' ';
    pub const ESCAPE: char = '\u{e00c}';
    pub const END: char = '\u{e010}';
    pub const HOME: char = '\u{e011}';
    pub const ARROW_LEFT: char = '\u{e012}';
    pub const ARROW_RIGHT: char = '\u{e014}';
    pub const ARROW_DOWN: char = '\u{e015}';
}

/// A browser with one page open.
pub struct Browser {
    driver: Driver,
}

/// A request that a page made.
pub struct Request {
    pub url: String,
    /// Bytes on the wire, headers included; 0 as long as it is not finished.
    pub bytes: u64,
}

impl Browser {
    pub fn start() -> Browser {
        Browser {
            driver: Driver::start(),
        }
    }

    /// The folder that its processes' command lines name.
    pub fn folder(&self) -> &Path {
        self.driver.folder()
    }

    /// Opens a page, and returns when it is loaded.
    pub fn open(&self, url: &str) {
        self.driver
            .post("url", &json!({ "url": url }))
            .unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// What a script returns.
    pub fn run(&self, script: &str) -> Value {
        self.try_run(script)
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    fn try_run(&self, script: &str) -> Result<Value, String> {
        self.driver
            .post("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until an expression is true in the page, whichever page that is by then.
    pub fn comes_to(&self, what: &str, expression: &str) {
        let script = format!("return Boolean({expression});");
        let deadline = Instant::now() + PATIENCE;
        loop {
            // An error comes from a page that is on its way out.
            let now = self.try_run(&script);
            if now == Ok(Value::Bool(true)) {
                return;
            }
            if Instant::now() > deadline {
                let shown = self.try_run("return location.href + '\\n' + document.body.innerText;");
                let shown = shown.map_or_else(|error| error, |text| as_text(&text));
                panic!("waited in vain: {what}\nthe last answer was {now:?}, the page\n{shown}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Presses keys, one after the other.
    pub fn press(&self, keys: &[char]) {
        let strokes: Vec<Value> = keys
            .iter()
            .flat_map(|key| {
                ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
            })
            .collect();
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.driver
            .post("actions", &body)
            .unwrap_or_else(|error| panic!("keys: {error}"));
    }

    /// Clicks on the element that a CSS selector finds.
    pub fn click(&self, selector: &str) {
        // Not at the window's edge, where the menu bar is.
        self.run(&format!(
            "document.querySelector({selector:?})?.scrollIntoView({{ block: 'center', behavior: 'instant' }});"
        ));
        let using = json!({ "using": "css selector", "value": selector });
        let clicked = self.driver.post("element", &using).and_then(|found| {
            let ids = found.as_object().into_iter().flatten();
            let id = ids.map(|(_, id)| as_text(id)).next().unwrap_or_default();
            self.driver.post(&format!("element/{id}/click"), &json!({}))
        });
        clicked.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Gives the page a window of this size, in CSS pixels.
    /// Loads everything anew, the next time.
    pub fn forgets_what_it_has(&self) {
        self.driver.cdp("Network.clearBrowserCache", json!({}));
    }

    /// Behaves from now on like that of somebody who wants nothing on the page to move.
    pub fn prefers_reduced_motion(&self) {
        let feature = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
        self.driver.cdp(
            "Emulation.setEmulatedMedia",
            json!({ "features": [feature] }),
        );
    }

    pub fn resize(&self, width: u32, height: u32) {
        self.driver.cdp(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 }),
        );
    }

    /// Saves a picture of what is to be seen.
    pub fn photograph(&self, file: &Path) {
        let picture = self
            .driver
            .cdp("Page.captureScreenshot", json!({ "format": "png" }));
        let picture = base64(picture["data"].as_str().expect("a picture"));
        let folder = file.parent().expect("a folder");
        fs::create_dir_all(folder).expect("a folder for pictures");
        fs::write(file, picture).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    /// The errors that were written to the console since this was last asked.
    pub fn errors(&self) -> Vec<String> {
        let entries = self.log("browser");
        let errors = entries.iter().filter(|entry| entry["level"] == "SEVERE");
        errors.map(|entry| as_text(&entry["message"])).collect()
    }

    /// The requests that were made since this was last asked, in their order.
    pub fn requests(&self) -> Vec<Request> {
        let mut requests: Vec<(Value, Request)> = Vec::new();
        for entry in self.log("performance") {
            let text = entry["message"].as_str().unwrap_or_default();
            let mut event: Value = serde_json::from_str(text).unwrap_or_default();
            let method = as_text(&event["message"]["method"]);
            let of = event["message"]["params"].take();
            let id = of["requestId"].clone();
            match method.as_str() {
                "Network.requestWillBeSent" => {
                    let url = as_text(&of["request"]["url"]);
                    requests.push((id, Request { url, bytes: 0 }));
                }
                "Network.webSocketCreated" | "Network.webTransportCreated" => {
                    let url = as_text(&of["url"]);
                    requests.push((id, Request { url, bytes: 0 }));
                }
                "Network.loadingFinished" => {
                    let bytes = of["encodedDataLength"].as_f64().unwrap_or(0.0) as u64;
                    let made = requests.iter_mut().rfind(|(made, _)| *made == id);
                    if let Some((_, request)) = made {
                        request.bytes = bytes;
                    }
                }
                _ => {}
            }
        }
        requests.into_iter().map(|(_, request)| request).collect()
    }

    /// The page is without an error, and asked nobody but `site`, such as
    /// `http://127.0.0.1:3000/`, for anything.
    pub fn is_clean(&self, site: &str) {
        let errors = self.errors();
        assert!(errors.is_empty(), "in the console:\n{}", errors.join("\n"));
        let requests = self.requests();
        let noticed = requests.iter().any(|request| request.url.starts_with(site));
        assert!(noticed, "no request was noticed, not even for the page");
        for request in requests {
            // A data URL has its content in itself, and Chromium its first page.
            let nobody = ["data:", "chrome:", "chrome-untrusted:"];
            let asked = !nobody.iter().any(|scheme| request.url.starts_with(scheme));
            let own = request.url.starts_with(site);
            assert!(own || !asked, "the page asks for {}", request.url);
        }
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        match self.driver.post("se/log", &json!({ "type": kind })) {
            Ok(Value::Array(entries)) => entries,
            other => panic!("no log of {kind}: {other:?}"),
        }
    }
}

/// The text of a JSON string.
pub fn as_text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Decodes base64 (RFC 4648, section 4).
fn base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.bytes() {
        let sextet = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = (bits << 6) | u32::from(sextet);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

#[test]
fn base64_is_that_of_the_rfc() {
    assert_eq!(base64("Zm9vYmFy"), b"foobar");
    assert_eq!(base64("Zm9vYmE="), b"fooba");
    assert_eq!(base64("Zm9vYg=="), b"foob");
}

/// No process of a browser outlives its test, also when that fails.
#[test]
fn a_browser_ends_with_its_test() {
    let mut folder = None;
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let browser = Browser::start();
        folder = Some(browser.folder().to_owned());
        assert!(processes_that_name(browser.folder()) > 0);
        panic!("on purpose");
    }));
    assert!(failed.is_err());
    let folder = folder.expect("the browser has started");
    let deadline = Instant::now() + PATIENCE;
    while processes_that_name(&folder) > 0 {
        assert!(Instant::now() < deadline, "it is still there");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!folder.exists());
}

/// How many processes have a path in their command line. A zombie has none.
fn processes_that_name(path: &Path) -> usize {
    let path = path.as_os_str().as_encoded_bytes();
    let entries = fs::read_dir("/proc").expect("/proc");
    entries
        .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok())
        .filter(|line| line.windows(path.len()).any(|part| part == path))
        .count()
}
