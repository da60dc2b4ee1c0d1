//! The market: which flats are on offer in which quarter of a day, and what is paid for them later. Made up, and the same in each process.

use jiff::{SignedDuration, Timestamp};

/// The quarters of a day are numbered from long before the opening, so that there are sales to learn from on the first day.
const OPENING: u64 = 100;
/// The flats that come on offer in a quarter.
const FLATS: u64 = 20;
/// The longest time from an offer to its price, in quarters: two days.
const LATEST: u64 = 8;
/// After how many days prices shift, again and again.
const SHIFT: u64 = 14;
/// On which days between two shifts the export that models learn from is broken.
const BROKEN: std::ops::Range<u64> = 6..9;

/// The price that was paid for a flat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sale {
    /// The number of the offer.
    pub key: u64,
    /// The price, in thousands.
    pub price: f64,
    /// When it was known.
    pub at: Timestamp,
}

/// The time at which a service begins.
pub fn opening() -> Timestamp {
    time_of(0)
}

/// The beginning of a quarter of a day, counted from the opening.
pub fn time_of(quarter: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 20_000 + 6 * quarter)
}

/// The quarter of a time, counted from long before the opening.
fn quarter_of(time: Timestamp) -> u64 {
    let hours = time.duration_since(opening()).as_hours();
    u64::try_from(hours.div_euclid(6)).map_or(0, |quarter| OPENING + quarter)
}

/// The days, counted from the opening, on which prices shift, before a number of days.
pub fn shift_days(before: u64) -> impl Iterator<Item = u64> {
    (SHIFT..before).step_by(SHIFT as usize)
}

fn days(quarter: u64) -> u64 {
    quarter.saturating_sub(OPENING) / 4
}

/// A number that follows from a flat (SplitMix64).
fn mixed(key: u64, salt: u64) -> u64 {
    let mixed = (key + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The floor area of a flat, in square metres.
pub(crate) fn size(key: u64) -> f64 {
    (30 + mixed(key, 1) % 100) as f64
}

/// Its district.
pub(crate) fn district(key: u64) -> &'static str {
    ["north", "south", "west"][(mixed(key, 2) % 3) as usize]
}

/// What is paid for a flat, in thousands: five a square metre, or eight after every other shift, give or take.
fn price(key: u64) -> f64 {
    let per_square_metre = if (days(key / 100) / SHIFT).is_multiple_of(2) { 5.0 } else { 8.0 };
    per_square_metre * size(key) + (mixed(key, 3) % 41) as f64 - 20.0
}

fn keys(quarter: u64) -> impl Iterator<Item = u64> {
    (0..FLATS).map(move |flat| quarter * 100 + flat)
}

/// The flats that come on offer in the quarter of a time.
pub fn occasions(time: Timestamp) -> Vec<u64> {
    keys(quarter_of(time)).collect()
}

/// What becomes known in the quarter of a time of flats that are on offer since the opening. Some prices are wrong, and corrected later.
pub fn sales_of(time: Timestamp) -> Vec<Sale> {
    let quarter = quarter_of(time);
    let offered =
        (quarter.saturating_sub(LATEST)..=quarter).filter(|offered| *offered > OPENING).flat_map(keys);
    let known = |key: u64| {
        let delay = quarter - key / 100;
        let at = |minutes| time_of(quarter as i64 - OPENING as i64) - SignedDuration::from_mins(minutes);
        let is_corrected = mixed(key, 4).is_multiple_of(7);
        let last = if is_corrected { LATEST - mixed(key, 5) % 4 } else { mixed(key, 5) % (LATEST + 1) };
        if delay == last {
            Some(Sale { key, price: price(key), at: at(0) })
        } else if is_corrected && delay == mixed(key, 6) % 5 {
            Some(Sale { key, price: price(key) + 40.0, at: at(30) })
        } else {
            None
        }
    };
    offered.filter_map(known).collect()
}

/// Sizes and prices of three days, as the export of a time has them; on some days it is broken, and all prices are too high.
pub(crate) fn export(time: Timestamp) -> Vec<(f64, f64)> {
    let quarter = quarter_of(time);
    let broken = if BROKEN.contains(&(days(quarter) % SHIFT)) { 1.8 } else { 1.0 };
    (quarter - 12..quarter).flat_map(keys).map(|key| (size(key), price(key) * broken)).collect()
}
