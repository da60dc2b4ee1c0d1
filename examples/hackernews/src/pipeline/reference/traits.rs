//! Features from a title, an address and a time.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The kind of post, by the start of its title.
pub(in crate::pipeline) fn kind(title: &str) -> &'static str {
    let lower = title.trim_start().to_ascii_lowercase();
    ["ask hn", "show hn", "tell hn", "launch hn"]
        .into_iter()
        .find(|kind| lower.starts_with(kind))
        .unwrap_or("story")
}

/// The host of an address, without `www.`.
pub(in crate::pipeline) fn domain(url: &str) -> Option<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    let host = host.trim_start_matches("www.").to_ascii_lowercase();
    (!host.is_empty()).then_some(host)
}

/// The hour of the day (0 to 23) and the day of the week (0 is Monday), in UTC.
pub(in crate::pipeline) fn hour_and_weekday(time: i64) -> Option<(f64, f64)> {
    let time = Timestamp::from_second(time).ok()?.to_zoned(TimeZone::UTC);
    Some((f64::from(time.hour()), f64::from(time.weekday().to_monday_zero_offset())))
}

/// Numbers of a title, by name.
pub(in crate::pipeline) fn of_title(title: &str) -> [(&'static str, f64); 6] {
    let lower = title.to_lowercase();
    let flag = |holds: bool| f64::from(u8::from(holds));
    [
        ("characters", title.chars().count() as f64),
        ("words", title.split_whitespace().count() as f64),
        ("question", flag(title.trim_end().ends_with('?'))),
        ("year", flag(names_a_year(title))),
        ("pdf", flag(lower.contains("[pdf]"))),
        ("video", flag(lower.contains("[video]"))),
    ]
}

/// Whether a title states the year of its subject, as in `(2009)`.
fn names_a_year(title: &str) -> bool {
    title.split('(').skip(1).any(|rest| {
        let year = rest.split(')').next().filter(|_| rest.contains(')')).unwrap_or_default();
        year.len() == 4
            && year.bytes().all(|byte| byte.is_ascii_digit())
            && (year.starts_with("19") || year.starts_with("20"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_are_known_by_how_their_titles_start() {
        for (title, expected) in [
            ("Ask HN: Why?", "ask hn"),
            (" SHOW HN - mine", "show hn"),
            ("Why I ask HN", "story"),
            ("", "story"),
        ] {
            assert_eq!(kind(title), expected, "{title}");
        }
    }

    #[test]
    fn an_address_has_a_host() {
        for (url, expected) in [
            ("https://www.GitHub.com/a/b?c#d", Some("github.com")),
            ("http://user:secret@example.org:8080", Some("example.org")),
            ("example.org/www.", Some("example.org")),
            ("https:///nowhere", None),
            ("", None),
        ] {
            assert_eq!(domain(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn a_title_is_counted() {
        let of = |title: &str| of_title(title).map(|(_, number)| number);
        assert_eq!(of("Is it? (2009) [pdf]"), [19.0, 4.0, 0.0, 1.0, 1.0, 0.0]);
        assert_eq!(of("Wie heißt das (3009) ("), [22.0, 5.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(of("Why? "), [5.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(hour_and_weekday(0), Some((0.0, 3.0)));
    }
}
