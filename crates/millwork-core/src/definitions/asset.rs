//! What the attribute macros implement beside each function.

use super::Definitions;
use crate::asset::{AssetSpec, Produced};

/// An asset that other assets can name: the type beside an `#[asset]` function.
///
/// ```
/// # use millwork_core::Asset;
/// enum stories {}
///
/// impl Asset for stories {
///     const KEY: &'static str = "hackernews/stories";
///     type Value = Vec<String>;
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an asset",
    label = "not an asset",
    note = "an asset is declared with `#[asset]`, with a field of `#[derive(Assets)]`, or with `external_asset!`"
)]
pub trait Asset {
    /// Its key.
    const KEY: &'static str;
    /// What it is.
    type Value: Send + Sync + 'static;
}

/// The value of an asset that something else makes: there is none to load.
#[derive(Debug)]
pub enum External {}

/// The assets that one function makes together: a struct with `#[derive(Assets)]`, each field one asset.
#[diagnostic::on_unimplemented(
    message = "a `#[multi_asset]` cannot return `{Self}`",
    label = "not a struct of assets",
    note = "return a struct with `#[derive(Assets)]`, each field one asset, or a `Result` of it"
)]
pub trait Assets: Sized {
    /// Describes the assets, in the order of the fields.
    fn specs() -> Vec<AssetSpec>;

    /// The verdict about each asset, in the order of the fields.
    fn into_produced(self) -> Vec<Produced>;
}

/// Something that `definitions![…]` can list: an asset, several made by one function, a check.
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares nothing",
    label = "neither an asset nor a check",
    note = "list functions with `#[asset]`, `#[multi_asset]` or `#[asset_check]`, and names from `external_asset!`"
)]
pub trait Declaration {
    /// Adds it to `definitions`.
    fn declare(definitions: Definitions) -> Definitions;
}
