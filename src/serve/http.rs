//! What is answered to which request.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::{get, post};
use futures_util::stream::{self, Stream};
use serde_json::json;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;
use tower_http::compression::CompressionLayer;
use tower_http::services::{ServeDir, ServeFile};

use super::board::{Board, News};
use super::checker::Checker;
use super::guard::{self, Guard};
use super::live::{self, Live};
use super::page;
use super::press::{Press, Shelf};

/// No page of a book is longer; and no request has a body to speak of.
const LONGEST_PAGE: usize = 16 << 20;
const LONGEST_BODY: usize = 1 << 10;

/// Where the site is, and who may talk to it.
pub struct Site {
    url: String,
    guard: Arc<Guard>,
}

impl Site {
    pub fn new(listener: &TcpListener) -> Result<Site, String> {
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        Ok(Site {
            url: format!("http://{address}/"),
            guard: Arc::new(Guard::new(address.port())?),
        })
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

/// What the handlers share.
#[derive(Clone)]
struct Shared {
    board: Arc<Board>,
    checker: Checker,
    shelf: watch::Receiver<Shelf>,
    guard: Arc<Guard>,
}

/// Serves until `interruption` comes about.
pub fn serve(
    listener: TcpListener,
    site: Site,
    board: &Arc<Board>,
    checker: &Checker,
    press: &Press,
    live: Live,
    interruption: impl Future,
) -> io::Result<()> {
    let shared = Shared {
        board: board.clone(),
        checker: checker.clone(),
        shelf: press.shelf(),
        guard: site.guard.clone(),
    };
    let book = press.current();
    let files = ServeDir::new(&book).not_found_service(ServeFile::new(book.join("404.html")));
    let pages = Router::new()
        .fallback_service(files)
        .layer(middleware::from_fn_with_state(shared.clone(), book_page));
    let live = Router::new()
        .route("/wirebook/trace/{name}", post(live::trace))
        .with_state(live);
    let app = Router::new()
        .route("/wirebook/events", get(events))
        .route("/wirebook/state", get(state))
        .route("/wirebook/check/{exercise}", post(check))
        .merge(live)
        .fallback_service(pages)
        .layer(CompressionLayer::new())
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(middleware::from_fn_with_state(site.guard, guard::stand))
        .with_state(shared);

    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let served = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::select! {
            served = axum::serve(listener, app) => served,
            _ = interruption => Ok(()),
        }
    });
    // Pages hold their stream of events for ever: they are not waited for.
    runtime.shutdown_background();
    served
}

/// A file of the book: as soon as there is one, and with the token in its head.
async fn book_page(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let mut shelf = shared.shelf.clone();
    let stocked = shelf.wait_for(|shelf| *shelf != Shelf::Empty).await;
    match stocked.map(|shelf| shelf.clone()) {
        Ok(Shelf::Ready) => {}
        Ok(Shelf::Broken(message)) => {
            return (
                StatusCode::SERVICE_UNAVAILABLE,
                Html(page::of_error(&message)),
            )
                .into_response();
        }
        Ok(Shelf::Empty) | Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
    // Pages are answered whole and anew: they are changed on the way.
    for name in [
        header::RANGE,
        header::IF_MODIFIED_SINCE,
        header::IF_UNMODIFIED_SINCE,
        header::IF_NONE_MATCH,
    ] {
        request.headers_mut().remove(name);
    }
    let has_body = request.method() == Method::GET;
    let response = next.run(request).await;
    let html = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !(html && has_body) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LONGEST_PAGE).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let page = page::with_token(&String::from_utf8_lossy(&bytes), shared.guard.token());
    for name in [
        header::CONTENT_LENGTH,
        header::LAST_MODIFIED,
        header::ACCEPT_RANGES,
        header::ETAG,
    ] {
        parts.headers.remove(name);
    }
    Response::from_parts(parts, Body::from(page))
}

/// The state of every exercise.
async fn state(State(shared): State<Shared>) -> impl IntoResponse {
    Json(json!({ "exercises": shared.board.exercises() }))
}

/// Starts a check. The body is taken only so that a long one is refused.
async fn check(State(shared): State<Shared>, Path(exercise): Path<String>, _: Bytes) -> Response {
    match shared.board.exercise(&exercise) {
        None => (
            StatusCode::NOT_FOUND,
            format!("there is no exercise {exercise}\n"),
        )
            .into_response(),
        Some(_) => {
            shared.checker.asked(&exercise);
            StatusCode::ACCEPTED.into_response()
        }
    }
}

/// The present state of everything, then each change.
async fn events(State(shared): State<Shared>) -> Response {
    let (begin, news) = shared.board.subscribe();
    let page = Listener {
        board: shared.board,
        ready: begin.into(),
        news,
    };
    let stream =
        Sse::new(page.stream()).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)));
    let mut headers = HeaderMap::new();
    headers.insert("x-accel-buffering", header::HeaderValue::from_static("no"));
    (headers, stream).into_response()
}

/// A page that listens.
struct Listener {
    board: Arc<Board>,
    /// To be sent before any more is received.
    ready: VecDeque<News>,
    news: broadcast::Receiver<News>,
}

impl Listener {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut page| async {
            loop {
                if let Some(news) = page.ready.pop_front() {
                    return Some((Ok(event(&news)), page));
                }
                match page.news.recv().await {
                    Ok(news) => page.ready.push_back(news),
                    // It was too slow for some: what counts is how things stand.
                    Err(RecvError::Lagged(_)) => page.ready.extend(page.board.everything()),
                    Err(RecvError::Closed) => return None,
                }
            }
        })
    }
}

fn event(news: &News) -> Event {
    let (name, data) = match news {
        News::Exercise(live) => ("exercise", serde_json::to_string(live.as_ref())),
        News::Reload => ("reload", Ok("{}".to_owned())),
        News::BookError(message) => (
            "book-error",
            serde_json::to_string(&json!({ "message": message })),
        ),
    };
    let data = data.expect("strings and numbers always have a JSON form");
    Event::default().event(name).data(data)
}
