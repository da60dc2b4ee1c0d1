//! Features from the past of an author or a domain.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

/// The age at which a story's comments count as known, in seconds.
const KNOWN_AFTER: i64 = crate::hacker_news::SETTLED_AFTER;

/// The number of stories of the mean that are added to a key's, since one story alone has little information.
const SHRINKAGE: f64 = 5.0;

/// The stories so far by a key, such as their author. Stories come in the order of time, and one counts from the time on
/// when its comments are known, so that nothing is learned from the future.
#[derive(Debug, Default)]
pub(super) struct Past {
    known: Pasts,
    pending: VecDeque<(i64, Option<String>, f64)>,
}

/// What is known of each key: what newer stories see.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::pipeline) struct Pasts {
    by_key: BTreeMap<String, Seen>,
    all: Seen,
}

#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
struct Seen {
    stories: f64,
    sum: f64,
}

/// The past of a key at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Known {
    /// The number of its stories.
    pub(super) stories: f64,
    /// The mean of the logarithms of their comments, shrunk towards the mean of all stories; none before the first one.
    pub(super) mean: Option<f64>,
}

impl Past {
    /// Returns the past of `key` at `time`, and then adds the story's own comments, for later ones.
    pub(super) fn know(&mut self, time: i64, key: Option<&str>, comments: f64) -> Known {
        let is_known = |submitted: i64| submitted.checked_add(KNOWN_AFTER).is_some_and(|known| known <= time);
        while let Some((_, key, value)) = self.pending.pop_front_if(|(submitted, ..)| is_known(*submitted)) {
            self.known.add(key, value);
        }
        self.pending.push_back((time, key.map(str::to_owned), comments.ln_1p()));
        self.known.of(key)
    }

    /// What is known once the comments of every story so far are.
    pub(super) fn settled(mut self) -> Pasts {
        for (_, key, value) in self.pending {
            self.known.add(key, value);
        }
        self.known
    }
}

impl Pasts {
    fn add(&mut self, key: Option<String>, value: f64) {
        self.all.add(value);
        if let Some(key) = key {
            self.by_key.entry(key).or_default().add(value);
        }
    }

    /// The past of a key.
    pub(super) fn of(&self, key: Option<&str>) -> Known {
        let of_key = key.and_then(|key| self.by_key.get(key)).copied().unwrap_or_default();
        let prior = (self.all.stories > 0.0).then(|| self.all.sum / self.all.stories);
        let mean = prior.map(|prior| (of_key.sum + SHRINKAGE * prior) / (of_key.stories + SHRINKAGE));
        Known { stories: of_key.stories, mean }
    }
}

impl Seen {
    fn add(&mut self, value: f64) {
        self.stories += 1.0;
        self.sum += value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_known_before_its_time() {
        let day = 24 * 60 * 60;
        let mut past = Past::default();
        let nothing = Known { stories: 0.0, mean: None };
        assert_eq!(past.know(0, Some("pg"), 99.0), nothing);
        assert_eq!(past.know(day, Some("pg"), 0.0), nothing);
        assert_eq!(past.know(3 * day - 1, Some("pg"), 0.0), nothing);
        let first = 100_f64.ln();
        let known = past.know(3 * day, Some("pg"), 0.0);
        assert_eq!((known.stories, known.mean), (1.0, Some((first + 5.0 * first) / 6.0)));
        let known = past.know(4 * day, Some("pg"), 0.0);
        assert_eq!((known.stories, known.mean), (2.0, Some((first + 5.0 * first / 2.0) / 7.0)));
        let other = past.know(4 * day, None, 0.0);
        assert_eq!((other.stories, other.mean), (0.0, Some(first / 2.0)));
        assert_eq!(past.settled().of(Some("pg")).stories, 5.0, "once all are known");
    }

    #[test]
    fn absurd_times_are_as_far_away_as_they_say() {
        let mut past = Past::default();
        let nothing = Known { stories: 0.0, mean: None };
        assert_eq!(past.know(i64::MIN, Some("pg"), 0.0), nothing);
        assert_eq!(past.know(i64::MAX, Some("pg"), 0.0).stories, 1.0);
        assert_eq!(past.know(i64::MAX, Some("pg"), 0.0).stories, 1.0);
    }
}
