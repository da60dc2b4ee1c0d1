//! The resolution of stored times: whole microseconds.

use jiff::Timestamp;

/// The moment as microseconds since 1970.
pub(crate) fn to_micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The moment that is this many microseconds after the beginning of 1970.
pub(crate) fn from_micros(micros: i64) -> Result<Timestamp, jiff::Error> {
    Timestamp::from_microsecond(micros)
}

/// The moment as it is read back.
pub(crate) fn stored(at: Timestamp) -> Timestamp {
    from_micros(to_micros(at)).expect("a timestamp's microseconds are a timestamp")
}
