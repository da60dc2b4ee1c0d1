//! Damaged Parquet: an error or a frame, never a panic, and no more memory than the bytes allow.
//!
//! A binary of its own, for its allocator counts what every thread of the process allocates.

mod handmade;
#[path = "../../millwork-ml/tests/damaged/mutations.rs"]
mod mutations;

use handmade::{Chunk, Page, Thrift, file, leaf};
use millwork_core::AssetValue;
use mutations::{Counting, Numbers, alone, damaged, with_peak};
use polars::prelude::*;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: usize = 1 << 20;

fn frames() -> Vec<DataFrame> {
    let rows = 700;
    let number = |row: usize| row.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let texts: Vec<String> = (0..rows).map(|row| format!("text {}", number(row) % 90)).collect();
    let some = |row: usize| (number(row) % 5 > 0).then_some(row as i64);
    let lists: Vec<Series> = (0..rows)
        .map(|row| Series::new("".into(), (0..row % 4).map(|x| x as i64).collect::<Vec<_>>()))
        .collect();
    vec![
        df!("id" => (0..rows).map(|row| number(row) as i64).collect::<Vec<_>>(),
            "score" => (0..rows).map(|row| number(row) as f64).collect::<Vec<_>>())
        .expect("a frame"),
        df!("title" => &texts, "some" => (0..rows).map(some).collect::<Vec<_>>(),
            "flag" => (0..rows).map(|row| row % 3 == 0).collect::<Vec<_>>())
        .expect("a frame"),
        df!("equal" => vec![7_i32; rows], "small" => (0..rows).map(|row| row as u32 % 9).collect::<Vec<_>>(),
            "float" => (0..rows).map(|row| row as f32).collect::<Vec<_>>(), "null" => vec![None::<f64>; rows])
        .expect("a frame"),
        df!("lists" => lists, "bytes" => texts.iter().map(String::as_bytes).collect::<Vec<_>>())
            .expect("a frame"),
        df!("none" => Vec::<i64>::new()).expect("a frame"),
    ]
}

/// Small files of several shapes, compressions, sizes of pages and of groups of rows.
fn files() -> Vec<Vec<u8>> {
    let compressions = [
        ParquetCompression::Uncompressed,
        ParquetCompression::Snappy,
        ParquetCompression::Zstd(None),
        ParquetCompression::Lz4Raw,
        ParquetCompression::Gzip(None),
        ParquetCompression::Brotli(None),
    ];
    let mut files = Vec::new();
    for frame in &mut frames() {
        for compression in compressions {
            for (group, page) in [(None, None), (Some(200), Some(512))] {
                let mut bytes = Vec::new();
                let writer = ParquetWriter::new(&mut bytes).with_compression(compression);
                let written = writer.with_row_group_size(group).with_data_page_size(page).finish(frame);
                if written.is_ok() {
                    files.push(bytes);
                }
            }
        }
    }
    files
}

/// The memory that decoding any of these files may allocate.
fn allowed(bytes: usize) -> usize {
    24 * MIB + bytes * 512
}

#[test]
fn damaged_files_are_errors_or_frames() {
    let _alone = alone();
    let files = files();
    assert!(files.len() >= 30, "{} files", files.len());
    for file in &files {
        let frame = DataFrame::decode(file).expect("undamaged");
        assert!(frame.height() == 700 || frame.height() == 0);
    }
    let mutations = mutations::mutations(1_500);
    let mut numbers = Numbers(7);
    let (mut frames, mut largest) = (0, 0);
    for mutation in 0..mutations {
        let file = &files[numbers.below(files.len())];
        let bytes = damaged(file, &files[numbers.below(files.len())], &mut numbers);
        let (decoded, peak) = with_peak(|| DataFrame::decode(&bytes));
        assert!(peak <= allowed(bytes.len()), "mutation {mutation}: {peak} bytes for {}", bytes.len());
        largest = largest.max(peak);
        let (_, peak) = with_peak(|| DataFrame::preview(&bytes, 5));
        assert!(peak <= allowed(bytes.len()), "mutation {mutation}: {peak} bytes for {}", bytes.len());
        if let Ok(frame) = decoded {
            frames += 1;
            let _ = millwork_polars::preview(&frame, 1_000);
            let mut again = Vec::new();
            frame.encode(&mut again).expect("what was decoded can be encoded");
        }
    }
    println!("{frames} of {mutations} damaged files are frames all the same; at most {largest} bytes");
}

/// A file of one column of integers.
fn integers(rows: i64, values: i64, pages: Vec<Page>) -> Vec<u8> {
    file(rows, 1, &[leaf(2, 0, "c", &[])], &[Chunk { kind: 2, path: &["c"], values, pages }])
}

fn check(bytes: &[u8], expected: &str) {
    let (decoded, peak) = with_peak(|| DataFrame::decode(bytes).map_err(|error| error.to_string()));
    let error = decoded.expect_err(expected);
    assert!(error.contains(expected), "{error}");
    assert!(peak < MIB, "{peak} bytes: {error}");
}

#[test]
fn numbers_that_are_not_so_are_errors_before_memory_is_taken() {
    let _alone = alone();
    let page = |values| Page::plain(values, vec![1; 8]);
    assert_eq!(DataFrame::decode(&integers(1, 1, vec![page(1)])).expect("a file").height(), 1);
    check(&integers(1 << 40, 1, vec![page(1)]), "not as many values as its row group has rows");
    check(&integers(1 << 40, 1 << 40, vec![page(1)]), "the header of a page is damaged");
    check(&integers(2, 2, vec![page(1), page(2)]), "the pages of a column have not as many values as it");
    check(&integers(-1, 1, vec![page(1)]), "its footer has no number of rows");
    let mut long = page(1);
    long.header[2].1 = Thrift::I32(i32::MAX);
    long.header[1].1 = Thrift::I32(i32::MAX);
    check(&integers(1, 1, vec![long]), "a page is cut off");
    let mut large = page(1);
    large.header[1].1 = Thrift::I32(i32::MAX);
    check(&integers(1, 1, vec![large]), "a page says that it is larger than it can be");
    let dictionary = Page::dictionary(i32::MAX, vec![1; 8]);
    check(&integers(1, 1, vec![dictionary, page(1)]), "a page says that it is larger than it can be");
}

/// Two billion equal values by a run of a few bytes: valid by the format, and no realistic frame.
#[test]
fn a_run_without_end_is_refused() {
    let _alone = alone();
    let run = vec![1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0];
    let pages = vec![Page::dictionary(1, vec![1; 8]), Page::of(i32::MAX, 8, run)];
    let bytes = integers(i64::from(i32::MAX), i64::from(i32::MAX), pages);
    check(&bytes, "bytes of values, which no data frame is written as");
}
