//! The attributes with which a pipeline declares its assets.
//!
//! Each macro parses what is written into a model (`parse`) and emits code from it (`emit`). Two rules hold for all of
//! them. The function under an attribute is kept as it is, whatever is wrong, and so is the type beside it that other
//! functions refer to: one mistake is one error. And what the user wrote stands in the output once, with its own
//! span: that error is where the mistake is.

mod asset;
mod asset_check;
mod assets;
mod emit;
mod errors;
mod external_asset;
mod multi_asset;
mod parse;

use proc_macro::TokenStream;

#[doc = include_str!("../docs/asset.md")]
#[proc_macro_attribute]
pub fn asset(arguments: TokenStream, item: TokenStream) -> TokenStream {
    asset::expand(arguments.into(), item.into()).into()
}

#[doc = include_str!("../docs/multi_asset.md")]
#[proc_macro_attribute]
pub fn multi_asset(arguments: TokenStream, item: TokenStream) -> TokenStream {
    multi_asset::expand(arguments.into(), item.into()).into()
}

#[doc = include_str!("../docs/assets.md")]
#[proc_macro_derive(Assets, attributes(asset, assets))]
pub fn assets(item: TokenStream) -> TokenStream {
    assets::expand(item.into()).into()
}

#[doc = include_str!("../docs/asset_check.md")]
#[proc_macro_attribute]
pub fn asset_check(arguments: TokenStream, item: TokenStream) -> TokenStream {
    asset_check::expand(arguments.into(), item.into()).into()
}

#[doc = include_str!("../docs/external_asset.md")]
#[proc_macro]
pub fn external_asset(tokens: TokenStream) -> TokenStream {
    external_asset::expand(tokens.into()).into()
}
