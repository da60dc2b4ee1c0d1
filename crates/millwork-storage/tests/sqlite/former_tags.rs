//! Tags that were spelt otherwise once are found and shown as they are spelt now.

use millwork_core::run::{RunId, RunRequest, RunTag};
use millwork_storage::{NewRun, RunQuery, RunStore as _};

use crate::samples::{at, open};

#[tokio::test]
async fn a_retry_of_an_older_version_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let id = RunId::from_u128(1);
    let tags = [("millwork/retry-of".to_owned(), "x".to_owned()), ("a".to_owned(), "b".to_owned())];
    let request = RunRequest { tags: tags.into(), ..RunRequest::default() };
    store.create_run(NewRun { id, request, at: at(), lease: None }).await.unwrap();
    let tag = Some((RunTag::RetryOf.key().to_owned(), "x".to_owned()));
    let found = store.runs(RunQuery { tag, ..RunQuery::default() }).await.unwrap();
    let tags: Vec<(&str, &str)> =
        found[0].request.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!((found.len(), tags), (1, vec![("a", "b"), ("millwork/retry_of", "x")]));
    assert_eq!(store.run(id).await.unwrap().unwrap().request, found[0].request);
}
