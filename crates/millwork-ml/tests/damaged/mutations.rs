//! Damaged bytes, the same ones each time, and how much memory reading them takes.
//!
//! `MILLWORK_MUTATIONS` sets the number of mutations of each form, for a long run.

#![allow(unsafe_code, reason = "an allocator is unsafe to implement")]
#![allow(dead_code, reason = "not every test that has this module needs all of it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// Random numbers, the same ones each time.
pub(crate) struct Numbers(pub u64);

impl Numbers {
    /// A number from 0 on and below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// How many mutations of a form to try.
pub(crate) fn mutations(usual: usize) -> usize {
    std::env::var("MILLWORK_MUTATIONS").map_or(usual, |count| count.parse().expect("a number"))
}

/// What replaces a number, a name or a length.
const TOKENS: [&[u8]; 18] = [
    b"-1",
    b"4294967295",
    b"9223372036854775807",
    b"18446744073709551615",
    b"1e39",
    b"1e308",
    b"0",
    b"null",
    b"[",
    b"}",
    b"\"\"",
    b"\"x\"",
    b"\xff\xff\xff\x7f",
    b"\xff\xff\xff\xff\x0f",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"\x00\x00\x00\x00",
    b"L\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"[[[[[[[[[[[[[[[[",
];

/// Damages bytes in one to four places; `other` lends pieces.
pub(crate) fn damaged(bytes: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=numbers.below(4) {
        if !bytes.is_empty() {
            mutate(&mut bytes, other, numbers);
        }
    }
    bytes
}

fn mutate(bytes: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    // Half of all in the last part, where archives and Parquet keep their directory.
    let from = if numbers.below(2) == 0 { bytes.len() - bytes.len().min(600) } else { 0 };
    let position = from + numbers.below(bytes.len() - from);
    match numbers.below(8) {
        0 => bytes[position] ^= 1 << numbers.below(8),
        1 => bytes[position] = numbers.below(256) as u8,
        2 if numbers.below(4) == 0 => bytes.truncate(position),
        2 | 3 => {
            let token = TOKENS[numbers.below(TOKENS.len())];
            let digits = bytes[position..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            bytes.splice(position..position + digits, token.iter().copied());
        }
        4 => {
            let token = TOKENS[numbers.below(TOKENS.len())];
            let end = (position + token.len()).min(bytes.len());
            bytes[position..end].copy_from_slice(&token[..end - position]);
        }
        5 => {
            let end = (position + numbers.below(64)).min(bytes.len());
            let copied = bytes[position..end].to_vec();
            let place = numbers.below(bytes.len());
            bytes.splice(place..place, copied);
        }
        6 => {
            let end = (position + numbers.below(32)).min(bytes.len());
            bytes.drain(position..end);
        }
        _ => {
            let start = numbers.below(other.len());
            let end = (start + numbers.below(64)).min(other.len());
            let place = (position + numbers.below(64)).min(bytes.len());
            bytes.splice(position..place, other[start..end].iter().copied());
        }
    }
}

/// Changes a document in one to three places: it stays a document, but has other contents.
pub(crate) fn altered(document: &Value, numbers: &mut Numbers) -> Value {
    let mut document = document.clone();
    for _ in 0..=numbers.below(3) {
        alter(&mut document, numbers);
    }
    document
}

/// Goes down to somewhere and changes what is there.
#[expect(clippy::wildcard_enum_match_arm, reason = "any other value is replaced")]
fn alter(value: &mut Value, numbers: &mut Numbers) {
    let stays = numbers.below(12) == 0;
    match value {
        Value::Object(fields) if !fields.is_empty() && !stays => {
            let place = numbers.below(fields.len());
            if numbers.below(25) == 0 {
                let name = fields.keys().nth(place).expect("a field").clone();
                fields.remove(&name);
            } else {
                alter(fields.values_mut().nth(place).expect("a field"), numbers);
            }
        }
        Value::Array(values) if !values.is_empty() && !stays => {
            let place = numbers.below(values.len());
            let other = numbers.below(values.len());
            match numbers.below(12) {
                0 => drop(values.remove(place)),
                1 => values.push(values[place].clone()),
                2 => values.swap(place, other),
                3 => values.truncate(place),
                4 => values.insert(other, values[place].clone()),
                _ => alter(&mut values[place], numbers),
            }
        }
        Value::String(text) if numbers.below(3) == 0 => text.push('1'),
        Value::Number(number) if numbers.below(2) == 0 => {
            let number = number.as_f64().unwrap_or(0.0);
            let changed = [number + 1.0, number - 1.0, -number, number / 2.0][numbers.below(4)];
            *value = if changed.fract() == 0.0 && changed.abs() < 1e15 {
                json!(changed as i64)
            } else {
                json!(changed)
            };
        }
        value => *value = another(numbers),
    }
}

/// What stands in for a value.
fn another(numbers: &mut Numbers) -> Value {
    let texts =
        ["0", "1", "3", "-1", "4294967295", "18446744073709551616", "1e39", "NaN", "[1E0,2E0]", "", "x"];
    match numbers.below(6) {
        0 => json!(texts[numbers.below(texts.len())]),
        1 => json!([-1_i64, 0, 1, 2, i64::from(i32::MAX), i64::from(u32::MAX), i64::MAX][numbers.below(7)]),
        2 => json!([1e39, -1e39, 1e-46, 0.5, 1e308][numbers.below(5)]),
        3 => json!(["gblinear", "dart", "gbtree", "multi:softprob", "reg:quantileerror"][numbers.below(5)]),
        4 => json!(vec![numbers.below(4); numbers.below(9)]),
        _ => [Value::Null, json!([]), json!({}), json!(true)][numbers.below(4)].clone(),
    }
}

/// The system's allocator, counting. It refuses what no test asks for, before the machine runs out of memory.
pub(crate) struct Counting;

/// The most bytes that are allocated at once.
const MOST: usize = 8 << 30;

thread_local! {
    /// The bytes that this thread has allocated and not freed, and the most of them at a time.
    static OWN: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all work is the system allocator's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !grow(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !grow(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        shrink(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !grow(size) {
            return std::ptr::null_mut();
        }
        shrink(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Counts what is about to be allocated, unless it is too much.
fn grow(size: usize) -> bool {
    if size > MOST {
        return false;
    }
    let live = LIVE.fetch_add(size, Ordering::Relaxed) + size;
    PEAK.fetch_max(live, Ordering::Relaxed);
    // A thread that is ending has no count any more.
    let _ = OWN.try_with(|own| {
        let (live, peak) = own.get();
        let live = live + size as isize;
        own.set((live, peak.max(live)));
    });
    true
}

fn shrink(size: usize) {
    LIVE.fetch_sub(size, Ordering::Relaxed);
    let _ = OWN.try_with(|own| {
        let (live, peak) = own.get();
        own.set((live - size as isize, peak));
    });
}

/// Holds other tests of this process back, whose memory would be counted as well.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a call returns, and the most bytes that were allocated at a time meanwhile, by all threads.
pub(crate) fn with_peak<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = call();
    (result, PEAK.load(Ordering::Relaxed).saturating_sub(before))
}

/// What a call returns, and the most bytes that its thread had allocated at a time meanwhile.
pub(crate) fn with_own_peak<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let before = OWN.with(|own| {
        let (live, _) = own.get();
        own.set((live, live));
        live
    });
    let result = call();
    let peak = OWN.with(Cell::get).1 - before;
    (result, usize::try_from(peak).unwrap_or(0))
}
