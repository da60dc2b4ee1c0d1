//! The attributes with which a pipeline declares its assets.

mod asset;
mod asset_check;
mod assets;
mod emit;
mod errors;
mod external_asset;
mod multi_asset;
mod parse;

use proc_macro::TokenStream;

/// asset
#[proc_macro_attribute]
pub fn asset(arguments: TokenStream, item: TokenStream) -> TokenStream {
    asset::expand(arguments.into(), item.into()).into()
}

/// multi
#[proc_macro_attribute]
pub fn multi_asset(arguments: TokenStream, item: TokenStream) -> TokenStream {
    multi_asset::expand(arguments.into(), item.into()).into()
}

/// derive
#[proc_macro_derive(Assets, attributes(asset, assets))]
pub fn assets(item: TokenStream) -> TokenStream {
    assets::expand(item.into()).into()
}

/// check
#[proc_macro_attribute]
pub fn asset_check(arguments: TokenStream, item: TokenStream) -> TokenStream {
    asset_check::expand(arguments.into(), item.into()).into()
}

/// external
#[proc_macro]
pub fn external_asset(tokens: TokenStream) -> TokenStream {
    external_asset::expand(tokens.into()).into()
}
