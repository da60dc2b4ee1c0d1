//! The preview of a stored value: the first rows of a table, or the beginning of a text.

use millwork_core::ValueType;
use millwork_core::event::ValueLocation;

use super::super::metadata_view::{Rows, rows};
use super::history::Made;
use crate::state::AppState;

/// The maximum number of rows of a table that are shown.
const ROWS: usize = 12;
/// The maximum size of a value that is previewed without a request for it, in bytes.
const SMALL: u64 = 512 * 1024;
/// The maximum number of characters of a text that are shown.
const CHARACTERS: usize = 2_000;

/// The preview of a value.
pub(super) enum Preview {
    /// The format has no preview.
    Nothing,
    /// The value is large: its preview has to be requested.
    OnDemand,
    /// The first rows of a table.
    Table(Rows),
    /// The beginning of a text.
    Text(String),
    /// The value can't be read, for this reason.
    Problem(String),
}

/// Loads a value and shows its beginning.
pub(super) async fn preview(
    state: &AppState,
    made: Option<&Made<'_>>,
    value_type: Option<ValueType>,
    is_asked_for: bool,
) -> Preview {
    let (Some((event, made)), Some(value_type)) = (made, value_type) else { return Preview::Nothing };
    if matches!(made.stored.location, ValueLocation::Elsewhere) {
        return Preview::Nothing;
    }
    if made.stored.bytes > SMALL && !is_asked_for {
        return Preview::OnDemand;
    }
    let bytes = match state.host.stored_form((*event).clone()).await {
        Ok(bytes) => bytes,
        Err(error) => return Preview::Problem(error.to_string()),
    };
    let previewed = tokio::task::spawn_blocking(move || {
        let table = value_type.preview(&bytes, ROWS).map_err(|error| error.to_string())?;
        Ok::<_, String>((table, text(&bytes)))
    });
    match previewed.await {
        Ok(Ok((Some(table), _))) => Preview::Table(rows(&table, ROWS)),
        Ok(Ok((None, Some(text)))) => Preview::Text(text),
        Ok(Ok((None, None))) => Preview::Nothing,
        Ok(Err(problem)) => Preview::Problem(problem),
        Err(panic) => Preview::Problem(panic.to_string()),
    }
}

/// The beginning of bytes that are text; `None` if they aren't.
fn text(bytes: &[u8]) -> Option<String> {
    let start = &bytes[..bytes.len().min(4 * CHARACTERS)];
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // The cut may be within a character.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let mut shown: String = text.chars().take(CHARACTERS).collect();
    if shown.len() < bytes.len() {
        shown.push('…');
    }
    Some(shown)
}
