//! The reference job through its binary: on real stories replayed over HTTP, on the embedded sample, on odd windows.

mod odd_windows;
mod real_stories;
mod sample;
