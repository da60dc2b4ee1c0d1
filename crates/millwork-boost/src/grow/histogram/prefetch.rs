//! Prefetching into the cache.
//!
//! The rows of a node lie scattered over the matrix, and half of the time of growing on a million rows went into waiting for them. The
//! rows of the next part are asked for while this one is added up: training on 1,000,000 × 30 takes a fifth less time (`ml --only long`
//! of the benchmarks). There is no safe way to ask, so that the only `unsafe` of this crate is here.

#![allow(unsafe_code)]

/// Asks the cache for the line of an element, on processors that support it, without waiting. The element need not exist.
#[inline]
pub(super) fn prefetch<T>(elements: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(element) = elements.get(index) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 processor has the instruction (it is part of SSE), and it reads and writes nothing that a program can see.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(element).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (elements, index);
}
