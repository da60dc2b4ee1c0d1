//! What the attribute macros implement beside each function.

use super::Definitions;

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

/// An asset whose value is a `T`. It exists for its error message.
#[diagnostic::on_unimplemented(
    message = "asset `{Self}` does not produce `{T}`",
    label = "the upstream asset produces another type"
)]
pub trait Produces<T> {}

#[diagnostic::do_not_recommend]
impl<A: Asset> Produces<A::Value> for A {}

/// Compiles only if `A` produces a `T`.
pub fn check_produces<A: Asset + Produces<T>, T>() {}

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
