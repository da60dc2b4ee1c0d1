//! `#[derive(FromPartitionKey)]`: a type that partition keys are read as.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::DeriveInput;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::emit::local;
use crate::errors::Errors;
use crate::parse::{KeyField, KeyForm, KeyText, PartitionKey};

pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let input = errors.attempt(syn::parse2::<DeriveInput>(item));
    let model = input.and_then(|input| PartitionKey::parse(&input, &mut errors));
    let expanded = model.map(|model| emit(&model));
    let errors = errors.emit();
    quote!(#expanded #errors)
}

fn emit(model: &PartitionKey) -> TokenStream {
    let name = &model.name;
    match &model.form {
        Some(KeyForm::Texts(texts)) => emit_texts(name, &model.dimension(), texts),
        Some(KeyForm::Value(value)) => emit_value(name, value),
        Some(KeyForm::Dimensions(fields)) => emit_dimensions(name, fields),
        None => emit_placeholder(name),
    }
}

/// A value that has one of some texts.
fn emit_texts(name: &Ident, dimension: &str, texts: &[KeyText]) -> TokenStream {
    let private = quote!(::millwork::__private);
    let (variants, written): (Vec<_>, Vec<_>) = texts.iter().map(|text| (&text.variant, &text.text)).unzip();
    let text = local("text");
    // With braces a variant is a value also where it is declared as `A()` or `A {}`.
    let values = variants.iter().map(|variant| quote!(Self::#variant {}));
    let shape = quote!(#private::partition::KeyShape::one_of::<Self>());
    let value = local("value");
    let key_of_one_dimension =
        key_of_one_dimension(name, &shape, &value, &quote!(#private::partition::fixed_value(#value)));
    let lints = lints();
    quote_spanned! {name.span()=>
        #lints
        impl #private::partition::FixedTexts for #name {
            const NAME: &'static str = #dimension;
            const TEXTS: &'static [&'static str] = &[#(#written),*];

            fn from_text(#text: &str) -> ::core::option::Option<Self> {
                match #text {
                    #(#written => ::core::option::Option::Some(#values),)*
                    _ => ::core::option::Option::None,
                }
            }
        }

        #key_of_one_dimension
    }
}

/// A value around another one.
fn emit_value(name: &Ident, inner: &TokenStream) -> TokenStream {
    let inner = quote_spanned!(inner.span()=> <#inner as ::millwork::__private::partition::FromKeyValue>);
    let value = local("value");
    let read = quote!(#inner::from_value(#value).map(Self));
    key_of_one_dimension(name, &quote!(#inner::shape()), &value, &read)
}

/// A value for each dimension.
fn emit_dimensions(name: &Ident, fields: &[KeyField]) -> TokenStream {
    let private = quote!(::millwork::__private);
    let key = local("key");
    let shapes = fields.iter().map(|KeyField { value, .. }| {
        quote_spanned!(value.span()=> <#value as #private::partition::FromKeyValue>::shape())
    });
    let values: Vec<_> = fields.iter().map(|field| local(&format!("{}_value", field.name.unraw()))).collect();
    let read = fields.iter().zip(&values).map(|(KeyField { name, value }, local)| {
        let place = format!("`{}`", name.unraw());
        // The same words as of its shape, so that a wrong type is one error.
        let read =
            quote_spanned!(value.span()=> <#value as #private::partition::FromKeyValue>::from_value(#local));
        quote!(#name: #private::partition::part_of_key(#key, #place, #read)?)
    });
    let lints = lints();
    quote_spanned! {name.span()=>
        #lints
        impl #private::partition::FromPartitionKey for #name {
            fn shapes() -> ::core::option::Option<::std::vec::Vec<#private::partition::KeyShape>> {
                ::core::option::Option::Some(::std::vec![#(#shapes),*])
            }

            fn from_key(#key: &#private::partition::Key) -> ::core::result::Result<Self, #private::Problem> {
                let [#(#values),*] = #private::partition::Key::exactly(#key)?;
                ::core::result::Result::Ok(Self { #(#read),* })
            }
        }
    }
}

/// What a type that is wrong is read from: anything, so that what takes it isn't wrong as well.
fn emit_placeholder(name: &Ident) -> TokenStream {
    let value = local("value");
    let shape = quote!(::millwork::__private::partition::KeyShape::Any);
    let problem = quote!(::core::result::Result::Err(::core::convert::From::from("the type is wrong")));
    key_of_one_dimension(name, &shape, &value, &problem)
}

/// The reading of one value, and of a key of one dimension: `shape` and `read` are expressions, `read` of the variable `value`.
fn key_of_one_dimension(name: &Ident, shape: &TokenStream, value: &Ident, read: &TokenStream) -> TokenStream {
    let private = quote!(::millwork::__private);
    let (key, lints) = (local("key"), lints());
    quote_spanned! {name.span()=>
        #lints
        impl #private::partition::FromKeyValue for #name {
            fn shape() -> #private::partition::KeyShape {
                #shape
            }

            fn from_value(#value: &#private::partition::KeyValue) -> ::core::result::Result<Self, #private::Problem> {
                #read
            }
        }

        #lints
        impl #private::partition::FromPartitionKey for #name {
            fn shapes() -> ::core::option::Option<::std::vec::Vec<#private::partition::KeyShape>> {
                ::core::option::Option::Some(::std::vec![<Self as #private::partition::FromKeyValue>::shape()])
            }

            fn from_key(#key: &#private::partition::Key) -> ::core::result::Result<Self, #private::Problem> {
                let [#value] = #private::partition::Key::exactly(#key)?;
                <Self as #private::partition::FromKeyValue>::from_value(#value)
            }
        }
    }
}

fn lints() -> TokenStream {
    quote! {
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications, unused_variables, clippy::all, clippy::pedantic)]
    }
}
