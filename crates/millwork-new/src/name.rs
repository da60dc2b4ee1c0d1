//! Valid names of a pipeline's package: those that cargo accepts, and that no other part of a pipeline has.

use std::path::Path;

use thiserror::Error;

/// The name of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PackageName(String);

/// The reason why a name can't be that of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum NameError {
    /// The path doesn't end with a name: it ends with `..`, for example.
    #[error("`{folder}` does not end with a name")]
    Missing {
        /// The path as it was given.
        folder: String,
    },
    /// A character that names can't contain.
    #[error("`{name}` has `{character}`: a package's name has ASCII letters, digits, `-` and `_`")]
    Character {
        /// The name.
        name: String,
        /// The first such character.
        character: char,
    },
    /// The first character is a digit or `-`.
    #[error("`{name}` does not begin with a letter: neither a digit nor `-` can come first")]
    Start {
        /// The name.
        name: String,
    },
    /// A word of the language, or a name with a meaning for cargo, the standard library, the system or the pipeline itself.
    #[error("`{name}` can't be a package's name: it is {what}")]
    Reserved {
        /// The name.
        name: String,
        /// What the name means already: "a Rust keyword".
        what: &'static str,
    },
}

/// The reserved names, with what they mean.
const RESERVED: [(&str, &[&str]); 6] = [
    (
        "a Rust keyword",
        &[
            "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
            "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
            "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
            "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
            "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
        ],
    ),
    ("a crate of Rust's own", &["alloc", "core", "proc-macro", "proc_macro", "std", "test"]),
    ("a folder of cargo's own", &["build", "deps", "examples", "incremental"]),
    ("a crate that pipelines use", &USED),
    ("one of Millwork's own crates", &OURS),
    ("not a name for a crate", &["_"]),
];

/// Names of devices on Windows, in any case.
const DEVICES: [&str; 22] = [
    "aux", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "con", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "nul", "prn",
];

/// The crates of Millwork that are published, or that its tests use.
const OURS: [&str; 18] = [
    "millwork",
    "millwork-api",
    "millwork-boost",
    "millwork-browser",
    "millwork-core",
    "millwork-daemon",
    "millwork-draw",
    "millwork-engine",
    "millwork-layout",
    "millwork-linfa",
    "millwork-macros",
    "millwork-ml",
    "millwork-monitor",
    "millwork-new",
    "millwork-polars",
    "millwork-storage",
    "millwork-testing",
    "millwork-web",
];

/// The crates of others that a pipeline is built with, as far as Millwork or a pipeline's manifest names them. A package of the same name
/// is mistaken for them, and can't depend on them itself.
const USED: [&str; 65] = [
    "anyhow",
    "askama",
    "async-trait",
    "axum",
    "base64",
    "blake3",
    "clap",
    "clap_complete",
    "console",
    "csv",
    "fastrand",
    "futures",
    "getrandom",
    "html-escape",
    "hyper",
    "hyper-util",
    "indicatif",
    "insta",
    "jiff",
    "jsonschema",
    "lettre",
    "libloading",
    "libm",
    "libsqlite3-sys",
    "linfa",
    "linfa-clustering",
    "linfa-elasticnet",
    "linfa-nn",
    "ndarray",
    "num-complex",
    "num-integer",
    "object_store",
    "percent-encoding",
    "polars",
    "proc-macro2",
    "proptest",
    "pulldown-cmark",
    "quote",
    "rayon",
    "rayon-core",
    "regex",
    "regex-syntax",
    "reqwest",
    "rustix",
    "rustls",
    "schemars",
    "serde",
    "serde_json",
    "serde_urlencoded",
    "sqlx",
    "strsim",
    "syn",
    "tempfile",
    "thiserror",
    "tokio",
    "toml",
    "tracing",
    "tracing-subscriber",
    "trybuild",
    "unicode-normalization",
    "unicode-properties",
    "utoipa",
    "utoipa-axum",
    "uuid",
    "zip",
];

impl PackageName {
    /// The name of the package in a folder: the folder's last part.
    pub(crate) fn of_folder(folder: &Path) -> Result<Self, NameError> {
        let missing = || NameError::Missing { folder: folder.display().to_string() };
        Self::new(&folder.file_name().ok_or_else(missing)?.to_string_lossy())
    }

    fn new(name: &str) -> Result<Self, NameError> {
        let is_allowed = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        if let Some(character) = name.chars().find(|&character| !is_allowed(character)) {
            return Err(NameError::Character { name: name.to_owned(), character });
        }
        if !name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            return Err(NameError::Start { name: name.to_owned() });
        }
        // A crate's name has `_` where the package's has `-`.
        let of_crate = |name: &str| name.replace('-', "_");
        let is_same = |reserved: &&str| of_crate(reserved) == of_crate(name);
        let reserved = RESERVED.iter().find(|(_, names)| names.iter().any(is_same)).map(|(what, _)| *what);
        let is_device = DEVICES.iter().any(|device| device.eq_ignore_ascii_case(name));
        match reserved.or(is_device.then_some("a device on Windows")) {
            Some(what) => Err(NameError::Reserved { name: name.to_owned(), what }),
            None => Ok(Self(name.to_owned())),
        }
    }

    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Millwork, Root, Template};

    #[test]
    fn names_of_packages() {
        for name in [
            "prices",
            "house-prices",
            "_prices",
            "prices_2",
            "Prices",
            "tests",
            "Match",
            "a",
            "millwork-prices",
        ] {
            let found = PackageName::of_folder(&Path::new("../somewhere").join(name));
            assert_eq!(found, Ok(PackageName(name.to_owned())));
        }
    }

    #[test]
    fn what_is_no_name_of_a_package() {
        for (folder, expected) in [
            ("..", "`..` does not end with a name"),
            ("/", "`/` does not end with a name"),
            ("house prices", "`house prices` has ` `"),
            ("prices.rs", "`prices.rs` has `.`"),
            ("größe", "`größe` has `ö`"),
            ("2prices", "`2prices` does not begin with a letter"),
            ("-prices", "`-prices` does not begin with a letter"),
            ("match", "it is a Rust keyword"),
            ("Self", "it is a Rust keyword"),
            ("gen", "it is a Rust keyword"),
            ("test", "it is a crate of Rust's own"),
            ("std", "it is a crate of Rust's own"),
            ("core", "it is a crate of Rust's own"),
            ("polars", "it is a crate that pipelines use"),
            ("tokio", "it is a crate that pipelines use"),
            ("serde-json", "it is a crate that pipelines use"),
            ("millwork_web", "it is one of Millwork's own crates"),
            ("proc-macro", "it is a crate of Rust's own"),
            ("deps", "it is a folder of cargo's own"),
            ("NUL", "it is a device on Windows"),
            ("millwork", "it is one of Millwork's own crates"),
            ("serde", "it is a crate that pipelines use"),
            ("_", "it is not a name for a crate"),
        ] {
            let refused = PackageName::of_folder(Path::new(folder)).expect_err(folder).to_string();
            assert!(refused.contains(expected), "{refused}");
        }
    }

    #[test]
    fn no_name_of_a_crate_that_a_pipeline_is_built_with_is_one() {
        let name = PackageName("prices".to_owned());
        for template in [Template::Empty, Template::Model] {
            let files = template.files(&name, &Millwork::Published, Root::Own);
            let (_, manifest) = files.iter().find(|(path, _)| *path == "Cargo.toml").expect("a manifest");
            let manifest: toml::Table = manifest.parse().expect("TOML");
            let profile = &manifest["profile"]["dev"]["package"];
            for table in [&manifest["dependencies"], profile] {
                for named in table.as_table().expect("a table").keys().filter(|name| *name != "*") {
                    assert!(PackageName::new(named).is_err(), "{named}");
                }
            }
        }
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
        let workspace: toml::Table =
            std::fs::read_to_string(workspace).expect("the manifest").parse().expect("TOML");
        for (key, dependency) in workspace["workspace"]["dependencies"].as_table().expect("a table") {
            let is_example =
                dependency.get("path").is_some_and(|path| path.to_string().contains("examples/"));
            let named = dependency.get("package").and_then(toml::Value::as_str).unwrap_or(key);
            assert!(is_example || PackageName::new(named).is_err(), "`{named}` is missing in `USED`");
        }
    }
}
