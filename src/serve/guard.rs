//! Who may talk to the companion: pages that it has served itself, in a browser
//! on this machine.
//!
//! Any page on the web can make a browser send requests to 127.0.0.1. It
//! cannot choose the `Host` (a name of its own that leads here is not one of
//! ours), nor hide its `Origin`, nor read our pages for the token that every
//! request to do something must carry.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The header with the token.
pub const TOKEN_HEADER: &str = "x-wirebook-token";

/// What requests are held against.
pub struct Guard {
    /// The values of `Host` that are ours.
    hosts: Vec<String>,
    /// 128 random bits, in hexadecimal.
    token: String,
}

impl Guard {
    /// For the server on this port, with a token of its own.
    pub fn new(port: u16) -> Result<Guard, String> {
        let mut bits = [0u8; 16];
        getrandom::fill(&mut bits)
            .map_err(|error| format!("the system gives no random numbers: {error}"))?;
        let token = bits.iter().map(|byte| format!("{byte:02x}")).collect();
        let names = ["127.0.0.1", "localhost", "[::1]"];
        let mut hosts: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
        if port == 80 {
            hosts.extend(names.map(str::to_owned)); // browsers leave the default port out
        }
        Ok(Guard { hosts, token })
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// Why a request is refused, if it is.
    fn refusal(&self, method: &Method, headers: &HeaderMap) -> Option<&'static str> {
        let host = match only(headers, &header::HOST) {
            Some(host) if self.hosts.iter().any(|ours| ours == host) => host,
            _ => return Some("this server answers only to 127.0.0.1 and localhost"),
        };
        if headers.contains_key(header::ORIGIN) {
            let origin = only(headers, &header::ORIGIN);
            let ours = origin.and_then(|origin| origin.strip_prefix("http://")) == Some(host);
            if !ours {
                return Some("this server answers only to pages of its own");
            }
        }
        if method != Method::GET && method != Method::HEAD {
            let name = HeaderName::from_static(TOKEN_HEADER);
            let token = only(headers, &name).unwrap_or_default();
            if !same(token, &self.token) {
                return Some("the token is missing or old: reload the page");
            }
        }
        None
    }
}

/// The value of a header that is there exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Compares in a time that does not tell how much is the same.
fn same(one: &str, other: &str) -> bool {
    let differences = one.bytes().zip(other.bytes()).map(|(a, b)| a ^ b);
    one.len() == other.len() && differences.fold(0, |all, one| all | one) == 0
}

/// Refuses what is not ours, and says in each answer what a page may do.
pub async fn stand(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let refusal = guard.refusal(request.method(), request.headers());
    let mut response = match refusal {
        Some(why) => (StatusCode::FORBIDDEN, format!("{why}\n")).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in POLICY {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A page loads nothing from elsewhere and talks to nobody else. (mdBook's pages
/// have scripts and styles in them, hence `unsafe-inline`.)
const POLICY: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; \
         base-uri 'self'; form-action 'none'; frame-ancestors 'self'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(method: &Method, headers: &[(&'static str, &str)]) -> bool {
        let guard = Guard {
            hosts: vec!["127.0.0.1:3000".into(), "localhost:3000".into()],
            token: "0123".into(),
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        guard.refusal(method, &map).is_some()
    }

    #[test]
    fn only_our_hosts_are_answered() {
        assert!(!refused(&Method::GET, &[("host", "127.0.0.1:3000")]));
        assert!(!refused(&Method::GET, &[("host", "localhost:3000")]));
        for host in ["evil.example:3000", "127.0.0.1", "127.0.0.1:3001", ""] {
            assert!(refused(&Method::GET, &[("host", host)]), "{host}");
        }
        assert!(refused(&Method::GET, &[]));
        let twice = [("host", "127.0.0.1:3000"), ("host", "evil.example")];
        assert!(refused(&Method::GET, &twice));
    }

    #[test]
    fn only_our_origin_is_answered() {
        let from = |origin| {
            refused(
                &Method::GET,
                &[("host", "127.0.0.1:3000"), ("origin", origin)],
            )
        };
        assert!(!from("http://127.0.0.1:3000"));
        for origin in [
            "null",
            "https://127.0.0.1:3000",
            "http://127.0.0.1:3001",
            "http://localhost:3000",
            "http://evil.example",
        ] {
            assert!(from(origin), "{origin}");
        }
    }

    #[test]
    fn to_do_something_takes_the_token() {
        let with = |token| {
            let headers = [("host", "localhost:3000"), (TOKEN_HEADER, token)];
            refused(&Method::POST, &headers)
        };
        assert!(!with("0123"));
        assert!(with("0124") && with("012") && with(""));
        assert!(refused(&Method::POST, &[("host", "localhost:3000")]));
        assert!(refused(&Method::DELETE, &[("host", "localhost:3000")]));
    }
}
