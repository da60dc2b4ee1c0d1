//! The templates of new pipelines.

use clap::ValueEnum;

use crate::checkout::Checkout;
use crate::name::PackageName;

/// The template of a new pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// Made-up data, a split, a boosted model, its score and a check of it
    Model,
    /// One asset
    Empty,
}

/// The profile with which a pipeline is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// Its own: it is the root of a workspace.
    Own,
    /// That of the enclosing workspace: the lines of the pipeline's manifest are comments, to be copied.
    Enclosing,
}

/// The line of a template's manifest at which the part for the root of a workspace begins.
const ROOT_PART: &str = "# Cargo takes profiles from the root of a workspace, and from nowhere else.\n";

/// The line that takes its place in a member of a workspace.
const MEMBER_PART: &str = "# The workspace's own manifest needs these lines: cargo takes profiles from there, and from nowhere else.\n";

/// The source of the Millwork dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Millwork {
    /// The version of this program, from the registry.
    Published,
    /// A checkout on this machine.
    Checkout(Checkout),
}

impl Template {
    /// The files of a pipeline: their paths in its folder, and their contents.
    pub(crate) fn files(
        self,
        name: &PackageName,
        millwork: &Millwork,
        root: Root,
    ) -> Vec<(&'static str, String)> {
        let (manifest, program) = match self {
            Self::Model => {
                (include_str!("../templates/model/manifest.toml"), include_str!("../templates/model/main.rs"))
            }
            Self::Empty => {
                (include_str!("../templates/empty/manifest.toml"), include_str!("../templates/empty/main.rs"))
            }
        };
        let manifest = manifest
            .replace("{{name}}", name.as_str())
            .replace("{{rust-version}}", env!("CARGO_PKG_RUST_VERSION"))
            .replace("{{millwork}}", &millwork.source());
        let manifest = match root {
            Root::Own => manifest,
            Root::Enclosing => with_profile_as_comment(&manifest),
        };
        vec![
            (".gitignore", include_str!("../templates/gitignore").to_owned()),
            ("Cargo.toml", manifest),
            ("src/main.rs", program.to_owned()),
        ]
    }
}

/// A manifest without a workspace of its own, and with the profile as lines to be copied without their `# `.
fn with_profile_as_comment(manifest: &str) -> String {
    let (package, root) = manifest.split_once(ROOT_PART).expect("a template has a part for the root");
    let profile = root.trim_start_matches("[workspace]\n\n");
    let commented = profile.lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n");
    format!("{package}{MEMBER_PART}{}", commented.collect::<String>())
}

impl Millwork {
    /// The key of the dependency for its source.
    fn source(&self) -> String {
        match self {
            Self::Published => format!("version = \"{}\"", env!("CARGO_PKG_VERSION")),
            Self::Checkout(checkout) => format!("path = {}", checkout.as_toml()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_to_fill_in() {
        let name = PackageName::of_folder("house-prices".as_ref()).expect("a name");
        for template in [Template::Empty, Template::Model] {
            for (path, text) in template.files(&name, &Millwork::Published, Root::Own) {
                assert!(!text.contains("{{"), "{path}: {text}");
                assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{path}");
            }
        }
    }

    /// The template optimizes the packages that this workspace optimizes.
    #[test]
    fn the_profile_is_that_of_the_workspace() {
        let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
        let workspace: toml::Table =
            std::fs::read_to_string(workspace).expect("a manifest").parse().expect("TOML");
        let name = PackageName::of_folder("prices".as_ref()).expect("a name");
        for (template, without) in [
            (Template::Model, &[][..]),
            (Template::Empty, &["millwork-boost", "millwork-ml", "rayon", "rayon-core"]),
        ] {
            let files = template.files(&name, &Millwork::Published, Root::Own);
            let (_, manifest) = files.iter().find(|(path, _)| *path == "Cargo.toml").expect("a manifest");
            let manifest: toml::Table = manifest.parse().expect("TOML");
            let mut expected = workspace["profile"]["dev"].clone();
            expected["package"].as_table_mut().expect("a table").retain(|name, _| !without.contains(&name));
            assert_eq!(manifest["profile"]["dev"], expected, "{template:?}");
        }
    }

    #[test]
    fn the_manifest_of_a_member_has_neither_a_workspace_nor_a_profile() {
        let name = PackageName::of_folder("prices".as_ref()).expect("a name");
        for template in [Template::Empty, Template::Model] {
            let [own, member] = [Root::Own, Root::Enclosing].map(|root| {
                let files = template.files(&name, &Millwork::Published, root);
                files.into_iter().find(|(path, _)| *path == "Cargo.toml").expect("a manifest").1
            });
            let parsed: toml::Table = member.parse().expect("TOML");
            assert_eq!(parsed.keys().collect::<Vec<_>>(), ["dependencies", "package"]);
            let (_, copied) = member.split_once(MEMBER_PART).expect("lines to be copied");
            let copied: String = copied
                .lines()
                .map(|line| line.strip_prefix("# ").unwrap_or_default().to_owned() + "\n")
                .collect();
            let (own, copied): (toml::Table, toml::Table) =
                (own.parse().expect("TOML"), copied.parse().expect("TOML"));
            assert_eq!(copied["profile"], own["profile"]);
        }
    }
}
