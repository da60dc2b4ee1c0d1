//! What the attribute macros implement beside each function.

use super::Definitions;
use crate::asset::{AssetSpec, Produced};

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
