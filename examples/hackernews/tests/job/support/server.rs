//! Servers of stories in this process, on free ports.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use hackernews::replay::StoryFile;
use hackernews::{Replay, ReplayOptions};
use millwork_testing::PATIENCE;
use tokio::runtime::{Builder, Runtime};

/// A replay; dropping it ends it.
pub(crate) struct Server {
    pub(crate) url: String,
    _runtime: Runtime,
}

impl Server {
    /// Serves a replay.
    pub(crate) fn start(replay: &Replay) -> Self {
        let runtime = runtime();
        let (address, serving) = runtime.block_on(replay.bind(0)).unwrap();
        runtime.spawn(serving);
        Self { url: format!("http://{address}/v0"), _runtime: runtime }
    }

    /// Serves routes of the test's own.
    pub(crate) fn of_router(router: Router) -> Self {
        let runtime = runtime();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/v0", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, _runtime: runtime }
    }

    /// Serves the stories of a CSV file.
    pub(crate) fn of_file(path: &Path, options: ReplayOptions) -> Self {
        Self::start(&Replay::load(path, options).unwrap())
    }

    /// Serves the given number of made-up stories and no other items.
    pub(crate) fn of_stories(stories: usize) -> Self {
        let rows = (0..stories).map(|n| {
            let topic = ["salary", "rust", "kitchen"][n % 3];
            format!("{n},A {topic} story,,1,{},ada,1/2/2016 {}:{:02}\n", n % 3 * 10, n / 60, n % 60)
        });
        let header = "id,title,url,num_points,num_comments,author,created_at";
        let content = format!("{header}\n{}", rows.collect::<String>());
        let file = StoryFile::read(Path::new("stories.csv"), content.as_bytes()).unwrap();
        Self::start(
            &Replay::from_file(&file, ReplayOptions { story_share: 1.0, ..Default::default() }).unwrap(),
        )
    }
}

/// A server that has a hundred items and never answers a request for one.
pub(crate) struct StuckServer {
    server: Server,
    asked: Receiver<()>,
}

impl StuckServer {
    pub(crate) fn start() -> Self {
        let (sender, asked) = channel();
        let router = Router::new()
            .route("/v0/maxitem.json", get(|| async { "100" }))
            .route("/v0/item/{file}", get(never))
            .with_state(sender);
        Self { server: Server::of_router(router), asked }
    }

    pub(crate) fn url(&self) -> &str {
        &self.server.url
    }

    /// Waits until an item is requested.
    pub(crate) fn wait_until_asked(&self) {
        self.asked.recv_timeout(PATIENCE).expect("an item is asked for");
    }
}

async fn never(State(asked): State<Sender<()>>) -> String {
    asked.send(()).ok();
    std::future::pending().await
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}
