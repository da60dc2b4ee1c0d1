//! Emits the type beside a function: the name by which other functions and `definitions![…]` refer to it.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use crate::parse::{Function, Key, Parameter, Returned};

/// Something that `definitions![…]` can list.
pub(crate) struct Declared<'a> {
    /// The name of the type.
    pub(crate) name: &'a Ident,
    /// The visibility of the declaration.
    pub(crate) visibility: &'a TokenStream,
    /// The conditions of its compilation.
    pub(crate) conditions: &'a TokenStream,
    /// The type of its definition, in the core.
    pub(crate) definition_type: TokenStream,
    /// The method of `Definitions` that takes the definition.
    pub(crate) method: TokenStream,
}

/// A function about an asset, with what it declares: a check or a gate.
pub(crate) fn emit_about(
    function: &Function,
    asset: Option<&TokenStream>,
    (definition_type, method): (TokenStream, TokenStream),
    definition: impl FnOnce(&[Parameter], &Returned, &TokenStream) -> TokenStream,
) -> TokenStream {
    let Function { name, visibility, conditions, kept, returned, parameters, is_free, .. } = function;
    let declared = Declared { name, visibility, conditions, definition_type, method };
    let declaration = match (parameters, returned, asset) {
        (Some(parameters), Some(returned), Some(asset)) => {
            declared.emit(&definition(parameters, returned, asset))
        }
        _ if *is_free => declared.emit_placeholder(),
        _ => return kept.clone(),
    };
    quote!(#kept #declaration)
}

impl Declared<'_> {
    /// The type, and what it declares: `definition` is an expression.
    pub(crate) fn emit(&self, definition: &TokenStream) -> TokenStream {
        let Self { name, visibility, conditions, definition_type, method } = self;
        let marker = marker(name, visibility, conditions);
        let lints = lints();
        let text = format!("What `{name}` declares.");
        let declaration =
            declaration_impl(name, &quote_spanned!(name.span()=> definitions.#method(Self::definition())));
        quote! {
            #marker

            #conditions #lints
            impl #name {
                #[doc = #text]
                #[must_use]
                #visibility fn definition() -> ::millwork::__private::#definition_type {
                    #definition
                }
            }

            #conditions #lints
            #declaration
        }
    }

    /// The type of a function that is wrong: it can be referred to, and declares nothing.
    pub(crate) fn emit_placeholder(&self) -> TokenStream {
        let Self { name, visibility, conditions, .. } = self;
        let marker = marker(name, visibility, conditions);
        let declaration = declaration_impl(name, &quote_spanned!(name.span()=> definitions));
        quote! {
            #marker

            #conditions #[automatically_derived]
            #declaration
        }
    }
}

/// Defines what `definitions![…]` adds for `name`: `added` is an expression of what was there before, `definitions`. Like
/// the other impls it stands at the name, which is where the compiler's notes about it lead.
fn declaration_impl(name: &Ident, added: &TokenStream) -> TokenStream {
    quote_spanned! {name.span()=>
        impl ::millwork::__private::Declaration for #name {
            fn declare(definitions: ::millwork::__private::Definitions) -> ::millwork::__private::Definitions {
                #added
            }
        }
    }
}

/// The type itself. It is an enum without variants: a unit struct would also be a value, and turn
/// `let training_data = …` into a pattern.
pub(crate) fn marker(name: &Ident, visibility: &TokenStream, conditions: &TokenStream) -> TokenStream {
    quote_spanned! {name.span()=>
        #conditions
        #[doc(hidden)]
        #[allow(
            dead_code,
            missing_copy_implementations,
            missing_debug_implementations,
            non_camel_case_types,
            unreachable_pub
        )]
        #visibility enum #name {}
    }
}

/// What makes `name` an asset, with the type of its value.
pub(crate) fn asset_impl(
    name: &Ident,
    conditions: &TokenStream,
    key: &Key,
    value: &TokenStream,
) -> TokenStream {
    let key = key.as_str();
    let lints = lints();
    quote_spanned! {name.span()=>
        #conditions #lints
        impl ::millwork::__private::Asset for #name {
            const KEY: &'static str = #key;
            type Value = #value;
        }
    }
}

fn lints() -> TokenStream {
    quote! {
        #[automatically_derived]
        #[allow(deprecated, dead_code, unreachable_pub, unused_mut, unused_qualifications, clippy::all, clippy::pedantic)]
    }
}
