//! Opening the browser, where there is one.

use std::env;

use webbrowser::{Browser, BrowserOptions};

/// Opens `url` in the reader's browser. The error says why that is not possible.
pub fn open(url: &str) -> Result<(), String> {
    available()?;
    webbrowser::open_browser_with_options(Browser::Default, url, &BrowserOptions::new())
        .map_err(|error| format!("no browser could be started ({error})"))
}

/// Whether there is a browser to open; the error says why not.
pub fn available() -> Result<(), String> {
    // Without a display xdg-open would start a text browser in this terminal.
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if !(set("DISPLAY") || set("WAYLAND_DISPLAY") || set("BROWSER") || is_wsl()) {
        return Err("there is no graphical session here".to_owned());
    }
    let mut look = BrowserOptions::new();
    look.with_dry_run(true);
    webbrowser::open_browser_with_options(Browser::Default, "http://127.0.0.1", &look)
        .map_err(|_| "no browser was found; the variable BROWSER may name one".to_owned())
}

/// Whether this is Linux inside Windows, whose browser can be opened from here.
fn is_wsl() -> bool {
    env::var_os("WSL_DISTRO_NAME").is_some()
}
