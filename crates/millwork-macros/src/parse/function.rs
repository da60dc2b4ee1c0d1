//! The function under an attribute: what it takes and returns, and the form in which it is kept.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, FnArg, GenericParam, Signature, Visibility};

use super::code_version::code_version;
use super::{Parameter, Returned, doc_comment};
use crate::errors::Errors;

/// The model of a step's function.
#[derive(Debug)]
pub(crate) struct Function {
    /// The name of the function.
    pub(crate) name: Ident,
    /// Its name as text.
    pub(crate) text: String,
    /// Its visibility, which the type beside it has as well.
    pub(crate) visibility: TokenStream,
    /// The conditions of its compilation, which hold for everything beside it as well.
    pub(crate) conditions: TokenStream,
    /// The text of its doc comment.
    pub(crate) doc_comment: String,
    /// Whether it is `async`.
    pub(crate) is_async: bool,
    /// Its parameters. `None` if the signature is wrong.
    pub(crate) parameters: Option<Vec<Parameter>>,
    /// Its return type. `None` if that is wrong or can't be named outside of the function.
    pub(crate) returned: Option<Returned>,
    /// The hash of its tokens.
    pub(crate) code_version: String,
    /// The tokens of which that is the hash: the signature and the body.
    source: (TokenStream, TokenStream),
    /// Whether an item can stand beside it.
    pub(crate) is_free: bool,
    /// The function itself, as it is emitted.
    pub(crate) kept: TokenStream,
}

/// A function whose body is left alone: it is the compiler that understands it, even while it is being typed.
struct Item {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
    body: TokenStream,
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            signature: input.parse()?,
            body: input.parse()?,
        })
    }
}

impl Function {
    /// Reads the function under `attribute`; `missing_return` is the complaint when it returns nothing. Without a
    /// function there is no model.
    pub(crate) fn parse(
        attribute: &str,
        missing_return: &str,
        tokens: TokenStream,
        errors: &mut Errors,
    ) -> Option<Self> {
        let Ok(mut item) = syn::parse2::<Item>(tokens.clone()) else {
            errors.push(tokens.into_iter().next(), format!("{attribute} belongs before a function"));
            return None;
        };
        let version_source = item.signature.to_token_stream();
        let parameters = parameters(&mut item.signature, errors);
        let name = item.signature.ident.clone();
        let returned = Returned::parse(&item.signature.output, name.span(), missing_return);
        let returned = errors.attempt(returned).filter(|_| item.signature.generics.params.is_empty());
        Some(Self {
            text: name.unraw().to_string(),
            visibility: item.visibility.to_token_stream(),
            conditions: conditions(&item.attributes),
            doc_comment: doc_comment(&item.attributes),
            is_async: item.signature.asyncness.is_some(),
            parameters,
            returned,
            code_version: code_version(&[&version_source, &item.body]),
            source: (version_source, item.body.clone()),
            is_free: item.signature.receiver().is_none(),
            kept: kept(&item),
            name,
        })
    }
}

impl Function {
    /// Reports a function that takes the keys of many partitions and doesn't return something for each, or the other way around.
    pub(crate) fn check_batch(&self, errors: &mut Errors) {
        let (Some(parameters), Some(returned)) = (&self.parameters, &self.returned) else { return };
        let keys = parameters.iter().find(|parameter| parameter.is_partition_keys());
        match (keys, &returned.batch) {
            (Some(_), None) => errors.push(
                &returned.written,
                "a function that takes `PartitionKeys` returns something for each of them; hint: return \
                 `Batch<K, T>`, or take one key as `Partition<K>`",
            ),
            (None, Some(_)) => errors.push(
                &returned.written,
                "a `Batch` has something for each partition that is asked for; hint: take their keys as \
                 `PartitionKeys<K>`",
            ),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    /// Reports a function that takes the keys of many partitions, although `what` is called for one at a time.
    pub(crate) fn check_no_batch(&self, what: &str, errors: &mut Errors) {
        let parameters = self.parameters.iter().flatten();
        for parameter in parameters.filter(|parameter| parameter.is_partition_keys()) {
            if let Parameter::Extractor { value, .. } = parameter {
                let message =
                    format!("{what} is called for one partition at a time; hint: take `Partition<K>`");
                errors.push(value, message);
            }
        }
    }

    /// The function with the code version that it has under another name, so that one that was renamed isn't another one.
    pub(crate) fn versioned_as(self, name: &str) -> Self {
        let Ok(name) = syn::parse_str::<Ident>(name) else { return self };
        let (signature, body) = &self.source;
        let mut is_name = false;
        let renamed = signature.clone().into_iter().map(|token| match token {
            TokenTree::Ident(word) if is_name => {
                is_name = false;
                TokenTree::Ident(Ident::new(&name.to_string(), word.span()))
            }
            TokenTree::Ident(word) => {
                is_name = word == "fn";
                TokenTree::Ident(word)
            }
            token => token,
        });
        let renamed: TokenStream = renamed.collect();
        Self { code_version: code_version(&[&renamed, body]), ..self }
    }
}

/// The `#[cfg(…)]` among `attributes`.
pub(crate) fn conditions(attributes: &[Attribute]) -> TokenStream {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .map(ToTokens::to_token_stream)
        .collect()
}

/// Reports what no step's function can have.
fn check_signature(signature: &Signature) -> syn::Result<()> {
    if let Some(receiver) = signature.receiver() {
        let message = "a step's function is a free function; hint: take shared state as `Resource<T>`";
        return Err(syn::Error::new_spanned(receiver, message));
    }
    if let Some(parameter) = signature.generics.params.first() {
        let message = match parameter {
            GenericParam::Lifetime(_) => {
                "a step's function needs no lifetimes: what it takes lives as long as it runs; hint: leave them out"
            }
            _ => {
                "a step's function has no generic parameters, as the graph needs every type; hint: build variants \
                 with `AssetDefinition::new`"
            }
        };
        return Err(syn::Error::new_spanned(parameter, message));
    }
    match &signature.unsafety {
        Some(unsafety) => {
            let message = "a step's function is called by the engine, so it cannot be `unsafe`";
            Err(syn::Error::new_spanned(unsafety, message))
        }
        None => Ok(()),
    }
}

/// What the function takes. Attributes for the macro alone are taken off.
fn parameters(signature: &mut Signature, errors: &mut Errors) -> Option<Vec<Parameter>> {
    let checked = errors.attempt(check_signature(signature));
    let typed = signature.inputs.iter_mut().filter_map(|parameter| match parameter {
        FnArg::Typed(parameter) => Some(parameter),
        FnArg::Receiver(_) => None,
    });
    let mut parsed = Vec::new();
    for parameter in typed {
        parsed.push(Parameter::parse(parameter));
        parameter.attrs.clear();
    }
    checked?;
    let parsed: Vec<_> = parsed.into_iter().map(|parameter| errors.attempt(parameter)).collect();
    parsed.into_iter().collect()
}

/// The function as its author wrote it. The lints that are silenced object to what the authoring interface asks for:
/// `&T` for every upstream asset, extractors by value, a parameter for each, a description instead of sections.
fn kept(item: &Item) -> TokenStream {
    let Item { attributes, visibility, signature, body } = item;
    quote! {
        #(#attributes)*
        #[allow(
            clippy::missing_errors_doc,
            clippy::must_use_candidate,
            clippy::needless_pass_by_value,
            clippy::ptr_arg,
            clippy::too_many_arguments,
            clippy::trivially_copy_pass_by_ref
        )]
        #visibility #signature #body
    }
}
