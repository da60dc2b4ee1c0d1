//! The attributes with which a pipeline declares its assets.
//!
//! Each macro parses what is written into a model (`parse`) and emits code from it (`emit`). Two rules hold for all of
//! them. The function under an attribute is kept as it is, whatever is wrong, and so is the type beside it that other
//! functions refer to: one mistake is one error. And what the user wrote stands in the output once, with its own
//! span: that error is where the mistake is.
//!
//! The attributes are documented where authors find them, in the façade `millwork`, and tested there and in
//! `millwork-macros-tests`: a development dependency here would compile the whole stack a second time, for the compiler.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most of what `syn` can parse is no part of a declaration"
)]

mod asset;
mod asset_check;
mod assets;
mod emit;
mod errors;
mod external_asset;
mod from_partition_key;
mod gate;
mod multi_asset;
mod parse;

use proc_macro::TokenStream;

/// Declares an asset: documented as `millwork::asset`.
#[proc_macro_attribute]
pub fn asset(arguments: TokenStream, item: TokenStream) -> TokenStream {
    asset::expand(arguments.into(), item.into()).into()
}

/// Declares assets that one function makes: documented as `millwork::multi_asset`.
#[proc_macro_attribute]
pub fn multi_asset(arguments: TokenStream, item: TokenStream) -> TokenStream {
    multi_asset::expand(arguments.into(), item.into()).into()
}

/// Names the outputs of a multi-asset: documented as `millwork::Assets`.
#[proc_macro_derive(Assets, attributes(asset, assets))]
pub fn assets(item: TokenStream) -> TokenStream {
    assets::expand(item.into()).into()
}

/// Reads partition keys as a type: documented as `millwork::FromPartitionKey`.
#[proc_macro_derive(FromPartitionKey, attributes(partition_key))]
pub fn from_partition_key(item: TokenStream) -> TokenStream {
    from_partition_key::expand(item.into()).into()
}

/// Declares a check of an asset: documented as `millwork::asset_check`.
#[proc_macro_attribute]
pub fn asset_check(arguments: TokenStream, item: TokenStream) -> TokenStream {
    asset_check::expand(arguments.into(), item.into()).into()
}

/// Declares a gate of an asset: documented as `millwork::gate`.
#[proc_macro_attribute]
pub fn gate(arguments: TokenStream, item: TokenStream) -> TokenStream {
    gate::expand(arguments.into(), item.into()).into()
}

/// Declares an asset that is made elsewhere: documented as `millwork::external_asset`.
#[proc_macro]
pub fn external_asset(tokens: TokenStream) -> TokenStream {
    external_asset::expand(tokens.into()).into()
}
