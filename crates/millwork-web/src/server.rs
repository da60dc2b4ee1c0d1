//! Binding the API and the pages to an address, and serving them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use millwork_core::{Pipeline, SystemClock};
use millwork_storage::Store;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify, watch};

use crate::allowed_hosts::{AllowedHosts, check_host};
use crate::api::Counted;
use crate::connections::{ConnectionLimits, answer_all};
use crate::error::ServeError;
use crate::guard::{Token, challenge, guard, in_time};
use crate::host::Host;
use crate::models::ModelCache;
use crate::one_shape::one_shape;
use crate::pages::{Changes, Navigation};
use crate::state::AppState;
use crate::{api, pages};

/// The maximum size of a request body, in bytes.
pub(crate) const LARGEST_BODY: usize = 1 << 20;

/// The minimum length of a token, in characters.
const SHORTEST_TOKEN: usize = 16;

/// The options of a server.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The address to listen on.
    pub address: SocketAddr,
    /// The token that requests have to present; `None` is allowed on a loopback address only.
    pub token: Option<String>,
    /// The hosts that requests may name beside this machine's own: names, addresses, `.example.com` for a domain and all
    /// below it, `*` for every host.
    pub allowed_hosts: Vec<String>,
    /// The process that serves.
    pub host: Arc<dyn Host>,
    /// Notified to wake the daemon in this process, when a request has written work to the store.
    pub wake: Arc<Notify>,
    /// The limits on the number of connections and on their idle time.
    pub connections: ConnectionLimits,
}

/// A server that is bound to its address.
#[derive(Debug)]
pub struct Serving {
    /// The address that it listens on.
    pub address: SocketAddr,
    listener: TcpListener,
    router: Router,
    connections: ConnectionLimits,
}

/// Binds the API of a pipeline to an address. It answers once [`Serving::run`] is called.
///
/// # Errors
///
/// If other machines can reach the address and there is no token, the token is too short or can't be sent, an allowed host is
/// invalid, or the address can't be bound.
pub async fn serve(
    pipeline: Pipeline,
    store: Arc<dyn Store>,
    options: ServeOptions,
) -> Result<Serving, ServeError> {
    let ServeOptions { address, token, allowed_hosts, host, wake, connections } = options;
    let allowed_hosts = checked(address, token.as_deref(), &allowed_hosts)?;
    let listener = TcpListener::bind(address).await.map_err(|source| ServeError::Bind { address, source })?;
    let address = listener.local_addr().map_err(|source| ServeError::Bind { address, source })?;
    let (clock, started) = (Arc::new(SystemClock), Instant::now());
    // If the store can't be read now, events are counted from the first time that it can.
    let counted = Arc::new(Mutex::new(Counted::behind(store.head().await.ok())));
    let (status_cache, layouts, finished_runs) = (Arc::default(), Arc::default(), Arc::default());
    let model_cache = Arc::new(ModelCache::new(pipeline.graph()));
    let changes = Changes::default();
    let pipeline = Arc::new(pipeline);
    let graph = pipeline.graph();
    let has_partitions = graph.steps().indices().any(|step| graph.step_partitions(step).is_some());
    let navigation = Navigation { models: model_cache.clone(), has_partitions };
    let navigation = middleware::from_fn_with_state(navigation, pages::with_navigation);
    let state = AppState {
        pipeline,
        store,
        clock,
        wake,
        started,
        host,
        counted,
        status_cache,
        model_cache,
        layouts,
        finished_runs,
        changes,
    };
    let token = Token::new(token.as_deref());
    // So the first page doesn't wait for it; an error is shown by the page.
    tokio::spawn({
        let state = state.clone();
        async move { tokio::join!(state.statuses(), state.models(0)) }
    });
    let protected =
        api::protected().merge(pages::pages()).layer(middleware::from_fn_with_state(token.clone(), guard));
    let of_known_hosts = protected
        .merge(pages::login_routes(token))
        .layer(middleware::from_fn_with_state(allowed_hosts, check_host));
    // Health checks use addresses that aren't known here, such as a pod's.
    let router = api::open()
        .merge(of_known_hosts)
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn(one_shape))
        .layer(middleware::map_response(challenge))
        .layer(middleware::from_fn(pages::with_policy))
        .layer(navigation)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(state);
    Ok(Serving { address, listener, router, connections })
}

/// Whether a token can be sent as it is, and is long enough.
/// Checks what [`serve`] would refuse whatever the state of the machine, before there is a home.
///
/// # Errors
///
/// When the address is reachable from other machines and there is no token, the token is short or can't be sent, or one of the allowed hosts is
/// not a host.
pub fn check_options(
    address: SocketAddr,
    token: Option<&str>,
    allowed_hosts: &[String],
) -> Result<(), ServeError> {
    checked(address, token, allowed_hosts).map(drop)
}

fn checked(
    address: SocketAddr,
    token: Option<&str>,
    allowed_hosts: &[String],
) -> Result<AllowedHosts, ServeError> {
    let allowed_hosts = AllowedHosts::new(address.ip(), allowed_hosts)?;
    match token {
        None if !address.ip().is_loopback() => return Err(ServeError::NoToken { address }),
        None => {}
        Some(token) => check_token(token)?,
    }
    Ok(allowed_hosts)
}

fn check_token(token: &str) -> Result<(), ServeError> {
    if token.trim_matches(' ') != token {
        return Err(ServeError::UnsendableToken { has: "a space at its beginning or end" });
    }
    if !token.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return Err(ServeError::UnsendableToken { has: "a character that is not printable ASCII" });
    }
    if token.len() < SHORTEST_TOKEN {
        return Err(ServeError::ShortToken { length: token.len() });
    }
    Ok(())
}

impl Serving {
    /// Answers requests until `stop` is true. Requests that have begun are answered; streams end.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let stopped = async move {
            while !*stop.borrow() {
                if stop.changed().await.is_err() {
                    break;
                }
            }
        };
        let mut asked = Box::pin(stopped);
        // Streams have no end of their own, so they are not waited for.
        tokio::select! {
            () = answer_all(self.listener, self.router, self.connections) => {}
            () = &mut asked => {}
        }
    }
}
