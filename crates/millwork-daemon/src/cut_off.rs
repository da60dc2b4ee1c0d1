//! Ends a future in the middle, as the end of a process does, for tests.

use std::pin::pin;
use std::task::Poll;

/// Polls a future, and drops it if it isn't ready after a number of polls: at one of the places where it waits.
pub(crate) async fn cut_off(future: impl Future, polls: u64) {
    let (mut future, mut left) = (pin!(future), polls);
    std::future::poll_fn(|context| {
        if left == 0 || future.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        Poll::Pending
    })
    .await;
}

#[tokio::test]
async fn it_ends_where_it_waits() {
    for (polls, expected) in [(0, 0), (1, 1), (2, 2), (3, 3), (9, 3)] {
        let mut places = 0;
        let waits = async {
            for _ in 0..3 {
                places += 1;
                tokio::task::yield_now().await;
            }
        };
        cut_off(waits, polls).await;
        assert_eq!(places, expected, "after {polls} polls");
    }
}
