//! Traces that a page asks for: run on this machine's kernel, drawn like the book's.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use wire::html::html;

use crate::experiments::traces::{self, Experiment, Failed};

/// Runs experiments for pages, a few at a time.
#[derive(Clone)]
pub struct Live {
    root: PathBuf,
    places: Arc<Semaphore>,
}

impl Live {
    /// For the workbook at `root`.
    pub fn new(root: PathBuf) -> Live {
        Live {
            root,
            places: Arc::new(Semaphore::new(4)),
        }
    }
}

/// Runs an experiment. The body is taken only so that a long one is refused.
pub async fn trace(State(live): State<Live>, Path(name): Path<String>, _: Bytes) -> Response {
    let Some(experiment) = Experiment::named(&name) else {
        return refuse(
            StatusCode::NOT_FOUND,
            format!("there is no trace {name}; `cargo wirebook trace` lists them"),
        );
    };
    let Ok(_place) = live.places.acquire().await else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "the companion ends");
    };
    let done = tokio::task::spawn_blocking(move || run(experiment, &live.root)).await;
    match done {
        Ok(Ok(answer)) => Json(answer).into_response(),
        Ok(Err((status, why))) => refuse(status, why),
        Err(_) => refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("the experiment has panicked: `cargo wirebook trace {name}` shows how"),
        ),
    }
}

fn run(experiment: &Experiment, root: &std::path::Path) -> Result<Value, (StatusCode, String)> {
    let (trace, _) = experiment.run().map_err(explain)?;
    let difference = traces::recorded(root, experiment.name)
        .ok()
        .and_then(|book| traces::difference(&book, &trace));
    Ok(json!({
        "html": html(&trace),
        "same": difference.is_none(),
        "difference": difference,
    }))
}

fn explain(failed: Failed) -> (StatusCode, String) {
    match failed {
        Failed::NoNetwork(error) => {
            let remedy = error.remedy().unwrap_or_default();
            let why = format!("{error}\n{remedy}").trim_end().to_owned();
            (StatusCode::SERVICE_UNAVAILABLE, why)
        }
        Failed::Story(error, _) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("it went another way than it should: {error}"),
        ),
    }
}

fn refuse(status: StatusCode, why: impl Into<String>) -> Response {
    (status, Json(json!({ "error": why.into() }))).into_response()
}
