//! `external_asset!`: declarations of external assets.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token, Visibility};

use crate::emit::{Declared, asset_impl, catalog_statements, local, partitions_of};
use crate::errors::Errors;
use crate::parse::{Arguments, CATALOG, Catalog, conditions, doc_comment};

const OTHER: &[&str] = &["partitions", "renamed_from"];

/// One name as it is written.
struct Item {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            name: input.parse()?,
        })
    }
}

/// The declaration of an external asset.
struct ExternalAsset {
    name: Ident,
    visibility: TokenStream,
    conditions: TokenStream,
    catalog: Catalog,
    partitions: Option<TokenStream>,
}

pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let items = syn::parse::Parser::parse2(Punctuated::<Item, Token![;]>::parse_terminated, tokens);
    let items = errors.attempt(items).unwrap_or_default();
    let expanded: TokenStream =
        items.into_iter().map(|item| ExternalAsset::new(item, &mut errors).emit()).collect();
    let errors = errors.emit();
    quote!(#expanded #errors)
}

impl ExternalAsset {
    fn new(item: Item, errors: &mut Errors) -> Self {
        let mut tokens = TokenStream::new();
        for attribute in &item.attributes {
            match &attribute.meta {
                Meta::List(list) if list.path.is_ident("asset") => tokens.extend(list.tokens.clone()),
                meta if meta.path().is_ident("doc") || meta.path().is_ident("cfg") => {}
                meta => {
                    errors.push(meta, "an external asset takes a doc comment, `#[asset(…)]` and `#[cfg(…)]`");
                }
            }
        }
        let arguments = Arguments::parse("`external_asset!`", &[CATALOG, OTHER], tokens, errors);
        let text = item.name.unraw().to_string();
        Self {
            visibility: item.visibility.to_token_stream(),
            conditions: conditions(&item.attributes),
            catalog: Catalog::new(&text, &doc_comment(&item.attributes), &arguments),
            partitions: arguments.tokens("partitions"),
            name: item.name,
        }
    }

    fn emit(&self) -> TokenStream {
        let private = quote!(::millwork::__private);
        let Self { name, visibility, conditions, catalog, partitions } = self;
        let declared = Declared {
            name,
            visibility,
            conditions,
            definition_type: quote!(AssetDefinition),
            method: quote!(asset),
        };
        let asset = asset_impl(name, conditions, &catalog.key, &quote!(#private::External));
        let (key, definition, spec) = (catalog.key.as_str(), local("definition"), local("spec"));
        let statements = catalog_statements(catalog, &spec);
        let partitions = partitions.as_ref().map(partitions_of).into_iter();
        let declaration = declared.emit(&quote! {
            let mut #spec = #private::AssetSpec::new(#key);
            #statements
            let mut #definition = #private::AssetDefinition::new(#key);
            #definition.description.clone_from(&#spec.description);
            #definition.outputs = ::std::vec![#spec];
            #(#definition.partitions = ::core::option::Option::Some(#partitions);)*
            #definition
        });
        quote!(#asset #declaration)
    }
}
