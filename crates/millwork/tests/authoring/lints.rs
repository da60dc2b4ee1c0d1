//! The output of the macros is quiet in a crate with strict lints: what is denied here would fail the build.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications,
    rust_2018_idioms,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used
)]

/// A library whose items are documented.
mod library {
    use millwork::{
        Assets, Config, FromPartitionKey, Output, Result, StepLog, asset, asset_check, external_asset,
        multi_asset,
    };

    external_asset!(
        /// A table.
        pub(crate) raw_table
    );

    /// Two halves.
    #[derive(Debug, Assets)]
    pub(crate) struct Halves {
        /// The left one.
        pub(crate) left: Vec<String>,
        /// The right one.
        pub(crate) right: Option<Output<u64>>,
    }

    /// Which half.
    #[derive(Debug, FromPartitionKey)]
    pub(crate) enum Half {
        /// The left one.
        #[partition_key("L")]
        Left,
        /// The right one.
        Right,
    }

    /// A name.
    #[derive(Debug, FromPartitionKey)]
    pub(crate) struct Name(pub(crate) String);

    /// A half with a name.
    #[derive(Debug, FromPartitionKey)]
    pub(crate) struct NamedHalf {
        /// Its name.
        pub(crate) name: Name,
        /// Which it is.
        pub(crate) half: Half,
    }

    /// Cuts.
    #[multi_asset(deps(raw_table))]
    pub(crate) fn halves() -> Result<Halves> {
        Ok(Halves { left: vec!["a".parse()?], right: None })
    }

    /// Counts.
    #[asset(name = "Count", timeout = "1s")]
    pub(crate) fn count(left: &Vec<String>, right: &u64, factor: Config<u64>, _log: StepLog) -> u64 {
        (left.len() as u64 + right) * factor.0
    }

    /// Waits.
    #[asset]
    pub(crate) async fn waited(count: &u64) -> Option<u64> {
        std::future::ready(Some(*count)).await
    }

    /// Tests.
    #[asset_check]
    pub(crate) fn is_small(count: &u64) -> bool {
        *count < 10
    }
}

mod binary {
    use millwork::asset;

    /// Nobody lists or takes this one; that alone is no reason for a warning about an enum.
    #[asset]
    fn unlisted() -> f64 {
        0.5
    }
}

#[test]
fn the_library_resolves() {
    let definitions = millwork::definitions![
        library::raw_table,
        library::halves,
        library::count,
        library::waited,
        library::is_small
    ];
    assert_eq!(definitions.resolve().map(|pipeline| pipeline.graph().assets().len()).ok(), Some(5));
}

#[test]
fn the_library_reads_keys() {
    let key = millwork::Key::texts(["a", "L"]);
    let read = <library::NamedHalf as millwork::FromPartitionKey>::from_key(&key);
    let read = read.map(|read| (read.name.0, matches!(read.half, library::Half::Left)));
    assert_eq!(read.ok(), Some(("a".to_owned(), true)));
}
