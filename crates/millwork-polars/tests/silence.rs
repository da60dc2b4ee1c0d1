//! A panic of Polars while it decodes isn't printed; other panics are.
//!
//! A binary of its own, for the panic hook belongs to the process.

mod handmade;

use std::panic::{catch_unwind, set_hook, take_hook};
use std::sync::atomic::{AtomicUsize, Ordering};

use handmade::{Chunk, Page, file, group, leaf};
use millwork_core::AssetValue;
use millwork_polars as _;
use polars::prelude::DataFrame;

static PRINTED: AtomicUsize = AtomicUsize::new(0);

#[test]
fn only_panics_of_decoding_are_silent() {
    let before = take_hook();
    set_hook(Box::new(move |panic| {
        PRINTED.fetch_add(1, Ordering::SeqCst);
        before(panic);
    }));
    // Polars panics at a struct, which it has no feature for here.
    let chunk = Chunk { kind: 1, path: &["c", "x"], values: 1, pages: vec![Page::plain(1, vec![1; 4])] };
    let bytes = file(1, 1, &[group(0, "c", 1, &[]), leaf(1, 0, "x", &[])], &[chunk]);
    assert!(DataFrame::decode(&bytes).is_err());
    assert_eq!(PRINTED.load(Ordering::SeqCst), 0);
    assert!(catch_unwind(|| panic!("meant by this test")).is_err());
    assert_eq!(PRINTED.load(Ordering::SeqCst), 1);
}
