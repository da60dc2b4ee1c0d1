//! An asset as a type: its key, and what its value is.

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
    /// The key of the asset.
    const KEY: &'static str;
    /// The type of the asset's value.
    type Value: Send + Sync + 'static;
}

/// The type of an external asset's value, which can't be loaded.
#[derive(Debug)]
pub enum External {}
