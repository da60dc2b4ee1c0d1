//! The struct under `#[derive(Assets)]`: each field is an asset.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Field, Fields, Meta};

use super::{Arguments, Catalog, Produced, conditions, doc_comment};
use crate::errors::Errors;

/// The arguments of `#[asset(…)]` on a field.
const FIELD: &[&str] = &[
    "name",
    "group",
    "kinds",
    "owners",
    "tags",
    "metric",
    "description",
    "automation",
    "freshness",
    "format",
    "renamed_from",
];

/// A struct whose fields are assets.
#[derive(Debug)]
pub(crate) struct AssetsStruct {
    /// The name of the struct.
    pub(crate) name: Ident,
    /// Its visibility, which the fields' types have as well.
    pub(crate) visibility: TokenStream,
    /// The fields, one per asset.
    pub(crate) fields: Vec<AssetField>,
}

/// A field that is an asset.
#[derive(Debug)]
pub(crate) struct AssetField {
    /// The name of the field.
    pub(crate) name: Ident,
    /// The conditions of its compilation.
    pub(crate) conditions: TokenStream,
    /// How it is listed.
    pub(crate) catalog: Catalog,
    /// The asset's value, as the type of the field describes it.
    pub(crate) produced: Produced,
    /// The type of its stored format, if it isn't the only one.
    pub(crate) format: Option<TokenStream>,
}

impl AssetsStruct {
    /// Reads the struct. `None` without named fields.
    pub(crate) fn parse(input: &DeriveInput, errors: &mut Errors) -> Option<Self> {
        let named = match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(fields) => Some(&fields.named),
                _ => None,
            },
            _ => None,
        };
        let Some(named) = named.filter(|named| !named.is_empty()) else {
            let message =
                "`#[derive(Assets)]` belongs before a struct with named fields, each of them an asset";
            errors.push(&input.ident, message);
            return None;
        };
        if let Some(parameter) = input.generics.params.first() {
            let message = "a struct of assets has no generic parameters, as the graph needs every type";
            errors.push(parameter, message);
            return None;
        }
        let shared = arguments("assets", "`#[assets]`", &["key_prefix"], &input.attrs, errors);
        let fields: Vec<_> =
            named.iter().filter_map(|field| AssetField::parse(field, &shared, errors)).collect();
        check_keys(&fields, errors);
        Some(Self { name: input.ident.clone(), visibility: input.vis.to_token_stream(), fields })
    }
}

impl AssetField {
    fn parse(field: &Field, shared: &Arguments, errors: &mut Errors) -> Option<Self> {
        let name = field.ident.clone()?;
        let arguments = arguments("asset", "`#[asset]` on a field", FIELD, &field.attrs, errors);
        let catalog = Catalog::new(&name.unraw().to_string(), &doc_comment(&field.attrs), &arguments);
        let produced = errors.attempt(Produced::parse(&field.ty))?;
        Some(Self {
            conditions: conditions(&field.attrs),
            catalog: catalog.within(shared.literal("key_prefix")),
            produced,
            format: arguments.tokens("format"),
            name,
        })
    }
}

fn check_keys(fields: &[AssetField], errors: &mut Errors) {
    let mut seen = HashSet::new();
    for field in fields {
        let key = field.catalog.key.as_str();
        if !seen.insert(key) {
            errors.push(&field.name, format!("duplicate output: another field is the asset `{key}` as well"));
        }
    }
}

/// The arguments of the attribute called `name`, if it is there.
fn arguments(
    name: &str,
    shown: &str,
    known: &[&str],
    attributes: &[Attribute],
    errors: &mut Errors,
) -> Arguments {
    let mut found = attributes.iter().filter(|attribute| attribute.path().is_ident(name));
    let tokens = match found.next().map(|attribute| &attribute.meta) {
        Some(Meta::List(list)) => list.tokens.clone(),
        Some(other) => {
            errors.push(other, format!("{shown} needs arguments: `#[{name}(…)]`"));
            TokenStream::new()
        }
        None => TokenStream::new(),
    };
    if let Some(second) = found.next() {
        errors.push(second, format!("`{name}` is given twice"));
    }
    Arguments::parse(shown, &[known], tokens, errors)
}
