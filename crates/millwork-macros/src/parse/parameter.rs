//! What a parameter asks for: an upstream asset, or an extractor.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, Ident, Meta, Pat, PatType, Path, Token, Type, TypeReference};

/// A parameter of a step's function.
#[derive(Debug)]
pub(crate) enum Parameter {
    /// A reference: the value of an asset.
    Upstream {
        /// The path of the asset's type.
        asset: TokenStream,
        /// The type as which its value is taken, without the `&`.
        value: TokenStream,
        /// The mapping of partitions, if one is written.
        mapping: Option<TokenStream>,
    },
    /// Anything else: a type that implements `FromStep`.
    Extractor {
        /// The type of the value.
        value: TokenStream,
        /// The mapping of the partitions of what it takes, if one is written.
        mapping: Option<TokenStream>,
    },
}

impl Parameter {
    /// Reads a parameter, and takes the attribute `#[input(…)]` off it.
    pub(super) fn parse(parameter: &mut PatType) -> syn::Result<Self> {
        let InputAttribute { path: renamed, mapping } = take_input(&mut parameter.attrs)?;
        if let Some(attribute) = parameter.attrs.first() {
            return Err(error(
                attribute,
                "a parameter takes no attribute but `#[input(path::to::asset, map = …)]`",
            ));
        }
        match (&*parameter.ty, renamed) {
            (Type::Reference(reference), renamed) => {
                Self::upstream(&parameter.pat, reference, renamed, mapping)
            }
            (Type::ImplTrait(argument), _) => Err(error(
                argument,
                "a parameter of an asset has a type of its own; hint: name it instead of `impl …`",
            )),
            (_, Some(path)) => {
                Err(error(path, "`#[input(…)]` names an upstream asset, which is taken by reference: `&T`"))
            }
            (value, None) => Ok(Self::Extractor { value: value.to_token_stream(), mapping }),
        }
    }

    /// Whether it is `PartitionKeys`, under whatever path.
    pub(crate) fn is_partition_keys(&self) -> bool {
        let Self::Extractor { value, .. } = self else { return false };
        let Ok(Type::Path(path)) = syn::parse2::<Type>(value.clone()) else { return false };
        path.path.segments.last().is_some_and(|segment| segment.ident == "PartitionKeys")
    }

    fn upstream(
        pattern: &Pat,
        reference: &TypeReference,
        renamed: Option<Path>,
        mapping: Option<TokenStream>,
    ) -> syn::Result<Self> {
        if let Some(mutability) = &reference.mutability {
            let message = "a materialized value is shared and never changes; hint: take it as `&T`";
            return Err(error(mutability, message));
        }
        if let Some(lifetime) = &reference.lifetime {
            let message =
                "an upstream asset is borrowed while the function runs; hint: leave out the lifetime";
            return Err(error(lifetime, message));
        }
        let asset = match renamed {
            Some(path) => path.into_token_stream(),
            None => asset_name(pattern)?.into_token_stream(),
        };
        Ok(Self::Upstream { asset, value: reference.elem.to_token_stream(), mapping })
    }
}

/// The name of the asset that a parameter called `pattern` takes. The underscore that silences the warning about an
/// unused parameter is not part of it.
fn asset_name(pattern: &Pat) -> syn::Result<Ident> {
    let message = "a reference parameter has the name of an upstream asset; hint: `training_data: &Titles`, or \
                   `#[input(training_data)]` before another name";
    let Pat::Ident(pattern) = pattern else { return Err(error(pattern, message)) };
    let name = pattern.ident.unraw().to_string();
    match name.strip_prefix('_') {
        Some(stripped) => syn::parse_str::<Ident>(stripped)
            .map(|name| Ident::new(&name.to_string(), pattern.ident.span()))
            .map_err(|_| error(pattern, message)),
        None => Ok(pattern.ident.clone()),
    }
}

/// What is written in `#[input(…)]`: an asset, a mapping of partitions, or both.
#[derive(Default)]
struct InputAttribute {
    path: Option<Path>,
    mapping: Option<TokenStream>,
}

impl Parse for InputAttribute {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attribute = Self::default();
        if !(input.peek(Ident) && input.peek2(Token![=])) {
            attribute.path = Some(input.parse()?);
            if input.is_empty() {
                return Ok(attribute);
            }
            input.parse::<Token![,]>()?;
        }
        let name: Ident = input.parse()?;
        if name != "map" {
            return Err(error(name, "`input` has no argument of this name; hint: `map = …`"));
        }
        input.parse::<Token![=]>()?;
        let mapping: Expr = input.parse()?;
        attribute.mapping = Some(mapping.into_token_stream());
        input.parse::<Option<Token![,]>>()?;
        Ok(attribute)
    }
}

/// Takes `#[input(…)]` off the attributes.
fn take_input(attributes: &mut Vec<Attribute>) -> syn::Result<InputAttribute> {
    let mut inputs = attributes.extract_if(.., |attribute| attribute.path().is_ident("input"));
    let Some(input) = inputs.next() else { return Ok(InputAttribute::default()) };
    if let Some(second) = inputs.next() {
        return Err(error(second, "`input` is given twice"));
    }
    match &input.meta {
        Meta::List(list) if !list.tokens.is_empty() => input.parse_args(),
        Meta::List(_) | Meta::Path(_) | Meta::NameValue(_) => {
            Err(error(&input, "`input` is written `#[input(path::to::asset)]` or `#[input(map = …)]`"))
        }
    }
}

fn error(place: impl ToTokens, message: &str) -> syn::Error {
    syn::Error::new_spanned(place, message)
}
