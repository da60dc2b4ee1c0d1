//! The return type of a function, or the type of a field: the asset's value, and how it is wrapped.
//!
//! Wrappers are recognized by the last segment of their path, as macros see text and not types. An alias of a wrapper is
//! therefore taken for a value.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, PathSegment, ReturnType, Type};

/// The return type of a step's function.
#[derive(Debug)]
pub(crate) struct Returned {
    /// Whether it is a `Result`.
    pub(crate) fallible: bool,
    /// The type in the `Result`, or all of it.
    pub(crate) success: TokenStream,
    /// The whole type, as written.
    pub(crate) written: TokenStream,
    /// The type of the error, if the `Result` names one.
    pub(crate) error: Option<TokenStream>,
    /// What it has for each of many partitions, if it is a `Batch`.
    pub(crate) batch: Option<Batch>,
    /// What the type declares about one asset.
    pub(crate) produced: Produced,
}

/// What a `Batch` has for each partition.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The type of the keys.
    pub(crate) key: TokenStream,
    /// What there is for one of them.
    pub(crate) each: Box<Returned>,
}

/// What a type declares about one asset.
#[derive(Clone, Debug)]
pub(crate) struct Produced {
    /// The type of the asset's value.
    pub(crate) value: TokenStream,
    /// The wrapper around the value.
    pub(crate) wrapper: Wrapper,
    /// Whether there may be none.
    pub(crate) optional: bool,
}

/// The type around a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrapper {
    /// The value has no wrapper.
    None,
    /// `Output`: there is metadata.
    Output,
    /// `Update`: the last value may stay.
    Update,
}

impl Returned {
    /// Reads the return type of `function`; `missing` is the complaint when there is none.
    pub(super) fn parse(output: &ReturnType, function: Span, missing: &str) -> syn::Result<Self> {
        let ReturnType::Type(_, returned) = output else { return Err(syn::Error::new(function, missing)) };
        Self::read(returned)
    }

    fn read(returned: &Type) -> syn::Result<Self> {
        let result = wrapped(returned, "Result");
        let success = result.map_or(Ok(returned), value_of)?;
        let batch = Batch::read(success)?;
        let produced = match &batch {
            Some(batch) => batch.each.produced.clone(),
            None => Produced::parse(success)?,
        };
        Ok(Self {
            fallible: result.is_some(),
            success: success.to_token_stream(),
            written: returned.to_token_stream(),
            error: result.and_then(|result| types_of(result).nth(1)).map(ToTokens::to_token_stream),
            batch,
            produced,
        })
    }
}

impl Batch {
    /// Reads a `Batch` of two types; `None` for any other type.
    fn read(written: &Type) -> syn::Result<Option<Self>> {
        let Some(batch) = wrapped(written, "Batch") else { return Ok(None) };
        let types: Vec<&Type> = types_of(batch).collect();
        let [key, each] = *types else { return Ok(None) };
        let each = Returned::read(each)?;
        if each.batch.is_some() {
            let message = "a `Batch` has no other one in it; hint: return `Batch<K, T>`, where `T` is what there is for one partition";
            return Err(syn::Error::new_spanned(written, message));
        }
        Ok(Some(Self { key: key.to_token_stream(), each: Box::new(each) }))
    }
}

impl Produced {
    /// Reads the type that stands for one asset.
    pub(super) fn parse(written: &Type) -> syn::Result<Self> {
        let (optional, inner) = match wrapped(written, "Option") {
            Some(segment) => (true, value_of(segment)?),
            None => (false, written),
        };
        let (wrapper, value) = match (wrapped(inner, "Output"), wrapped(inner, "Update")) {
            (Some(segment), _) => (Wrapper::Output, value_of(segment)?),
            (_, Some(segment)) => (Wrapper::Update, value_of(segment)?),
            (None, None) => (Wrapper::None, inner),
        };
        match value {
            Type::Reference(_) => Err(syn::Error::new_spanned(
                value,
                "the value of an asset is owned, so that it can be stored and shared; hint: return `T`, not `&T`",
            )),
            Type::ImplTrait(_) => Err(syn::Error::new_spanned(
                value,
                "the value of an asset has a type with a name, so that downstream assets can take it",
            )),
            _ => Ok(Self { value: value.to_token_stream(), wrapper, optional }),
        }
    }
}

/// The last segment of the path `written`, if it is called `name`.
fn wrapped<'a>(written: &'a Type, name: &str) -> Option<&'a PathSegment> {
    match written {
        Type::Path(path) => path.path.segments.last().filter(|segment| segment.ident == name),
        Type::Paren(inner) => wrapped(&inner.elem, name),
        Type::Group(inner) => wrapped(&inner.elem, name),
        _ => None,
    }
}

/// The first type in the angle brackets.
fn value_of(wrapper: &PathSegment) -> syn::Result<&Type> {
    let name = &wrapper.ident;
    let missing =
        || syn::Error::new(name.span(), format!("`{name}` names no value; hint: write `{name}<T>`"));
    types_of(wrapper).next().ok_or_else(missing)
}

fn types_of(wrapper: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &wrapper.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(argument) => Some(argument),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &str) {
        let output = syn::parse_str(&format!("-> {source}")).unwrap();
        let returned = match Returned::parse(&output, Span::call_site(), "") {
            Ok(returned) => returned,
            Err(error) => return assert_eq!(error.to_string().split(';').next(), Some(expected), "{source}"),
        };
        let Produced { value, wrapper, optional } = returned.produced;
        let batch = returned
            .batch
            .map_or_else(String::new, |batch| format!("batch by {} of {} ", batch.key, batch.each.fallible));
        let value = value.to_string().replace(' ', "");
        assert_eq!(
            format!("{batch}{} {optional} {wrapper:?} {value}", returned.fallible),
            expected,
            "{source}"
        );
    }

    #[test]
    fn return_types() {
        check("f64", "false false None f64");
        check("Result<f64>", "true false None f64");
        check("anyhow::Result<f64>", "true false None f64");
        check("std::result::Result<Vec<u8>, Error>", "true false None Vec<u8>");
        check("Output<f64>", "false false Output f64");
        check("Result<millwork::Output<f64>>", "true false Output f64");
        check("Option<f64>", "false true None f64");
        check("Result<Option<Output<f64>>>", "true true Output f64");
        check("Result<Update<Model>>", "true false Update Model");
        check("Result<Output<Option<f64>>>", "true false Output Option<f64>");
        check("Result<()>", "true false None ()");
        check("Result<(f64, f64)>", "true false None (f64,f64)");
        check("Batch<u8, f64>", "batch by u8 of false false false None f64");
        check(
            "Result<millwork::Batch<TimeWindow, Result<Option<Output<f64>>>>>",
            "batch by TimeWindow of true true true Output f64",
        );
        check("Batch<f32>", "false false None Batch<f32>");
    }

    #[test]
    fn no_values() {
        check("Batch<u8, Result<Batch<u8, f64>>>", "a `Batch` has no other one in it");
        check("fmt::Result", "`Result` names no value");
        check("&str", "the value of an asset is owned, so that it can be stored and shared");
        check("Result<&f64>", "the value of an asset is owned, so that it can be stored and shared");
        check(
            "Result<impl Iterator>",
            "the value of an asset has a type with a name, so that downstream assets can take it",
        );
    }
}
