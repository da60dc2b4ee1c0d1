//! A receiver of alerts that refuses many.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

/// The outcomes of the attempts under one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    pub(crate) taken: usize,
    pub(crate) refused_for_good: usize,
    pub(crate) refused_for_now: usize,
}

/// A receiver of alerts.
#[derive(Debug, Default)]
pub(crate) struct Receiver {
    attempts: Mutex<BTreeMap<String, Attempts>>,
    /// Accepts everything from now on.
    is_kind: AtomicBool,
}

impl Receiver {
    /// Listens on this machine; returns the address.
    pub(crate) async fn start() -> Result<(Arc<Self>, String)> {
        let receiver = Arc::new(Self::default());
        let router = Router::new().route("/", post(receive)).with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok((receiver, url))
    }

    pub(crate) fn becomes_kind(&self) {
        self.is_kind.store(true, Ordering::Relaxed);
    }

    /// The alerts that were received, by key.
    pub(crate) fn attempts(&self) -> BTreeMap<String, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn answer(&self, key: &str) -> Response {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let attempts = attempts.entry(key.to_owned()).or_default();
        let draw = if self.is_kind.load(Ordering::Relaxed) { 99 } else { fastrand::u8(..100) };
        match draw {
            0..10 => {
                attempts.refused_for_good += 1;
                (StatusCode::BAD_REQUEST, "I don't like this one").into_response()
            }
            10..20 => {
                attempts.refused_for_now += 1;
                (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "30")]).into_response()
            }
            20..40 => {
                attempts.refused_for_now += 1;
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
            _ => {
                attempts.taken += 1;
                StatusCode::OK.into_response()
            }
        }
    }
}

async fn receive(State(receiver): State<Arc<Receiver>>, headers: HeaderMap) -> Response {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    key.map_or_else(|| StatusCode::IM_A_TEAPOT.into_response(), |key| receiver.answer(key))
}
