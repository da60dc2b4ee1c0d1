//! The library's messages: errors without its stack trace, and its log as `tracing` events.

/// The part of an error's text that describes the problem. The library's errors read
/// `[10:12:01] /path/file.cc:120: Check failed: … : text`, then a stack trace.
pub(super) fn essence(text: &str) -> String {
    let text = text.split("Stack trace:").next().unwrap_or_default();
    let mut lines = text.lines().map(|line| without_place(line.trim())).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or("XGBoost gives no reason");
    let message = lines.fold(first.to_owned(), |message, line| message + "; " + line);
    message.trim_end_matches([' ', ':']).to_owned()
}

/// Passes a message of the library's log on.
pub(super) fn log(text: &str) {
    let message = essence(text);
    match message.strip_prefix("WARNING: ") {
        Some(warning) => tracing::warn!(target: "xgboost", "{}", without_place(warning)),
        None => tracing::debug!(target: "xgboost", "{message}"),
    }
}

/// A line without its leading time (`[10:12:01]`) and place (`/path/file.cc:120:`).
fn without_place(line: &str) -> &str {
    let line = match line.strip_prefix('[').and_then(|line| line.split_once("] ")) {
        Some((time, rest)) if time.bytes().all(|byte| byte.is_ascii_digit() || byte == b':') => rest,
        _ => line,
    };
    let Some((place, rest)) = line.split_once(": ") else { return line };
    let number = place.rsplit_once(':').is_some_and(|(file, number)| {
        file.contains('.') && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    if number { rest } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(essence(text), expected);
    }

    #[test]
    fn errors_lose_their_place_and_trace() {
        check(
            "[08:01:02] /workspace/src/learner.cc:42: Check failed: a == b (1 vs. 2) : Sizes differ.\nStack trace:\n  [bt] (0) lib",
            "Check failed: a == b (1 vs. 2) : Sizes differ.",
        );
        check("Invalid Parameter format for max_depth", "Invalid Parameter format for max_depth");
        check(
            "[08:01:02] WARNING: C:\\a\\learner.cc:7: \nParameters unused",
            "WARNING: C:\\a\\learner.cc:7:; Parameters unused",
        );
        check("", "XGBoost gives no reason");
    }
}
