//! MurmurHash3, by which hashed terms find their columns.

/// MurmurHash3_x86_32 of some bytes with seed 0, as a signed number.
///
/// (A. Appleby, "MurmurHash3", public domain: blocks of four bytes, least significant first, are multiplied, rotated and
/// added up; then the bits are mixed.)
pub(super) fn murmur3(bytes: &[u8]) -> i32 {
    let blocks = bytes.chunks_exact(4);
    let tail = blocks.remainder();
    let hash = blocks.fold(0, |hash: u32, block| {
        let block = u32::from_le_bytes(block.try_into().expect("four bytes"));
        (hash ^ scrambled(block)).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
    });
    let tail = tail.iter().rev().fold(0, |tail, &byte| tail << 8 | u32::from(byte));
    finished(hash ^ scrambled(tail) ^ bytes.len() as u32) as i32
}

fn scrambled(block: u32) -> u32 {
    block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

fn finished(mut hash: u32) -> u32 {
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_scikit_learn_s() {
        // By `sklearn.utils.murmurhash3_32(text, seed=0)`.
        let check = |text: &str, expected: i32| assert_eq!(murmur3(text.as_bytes()), expected, "{text:?}");
        check("", 0);
        check("a", 1_009_084_850);
        check("ab", -1_681_926_305);
        check("abc", -1_277_324_294);
        check("abcd", 1_139_631_978);
        check("title", -454_222_729);
        check("日本語 🦀", -1_843_134_976);
    }
}
