//! `#[derive(Assets)]`: a struct whose fields are the assets that one function makes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::emit::{asset_impl, marker, produced, spec_expression};
use crate::errors::Errors;
use crate::parse::{AssetField, AssetsStruct};

pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let input = errors.attempt(syn::parse2::<DeriveInput>(item));
    let model = input.and_then(|input| AssetsStruct::parse(&input, &mut errors));
    let expanded = model.map(|model| emit(&model));
    let errors = errors.emit();
    quote!(#expanded #errors)
}

fn emit(model: &AssetsStruct) -> TokenStream {
    let private = quote!(::millwork::__private);
    let AssetsStruct { name, visibility, fields } = model;
    let types = fields.iter().map(|field| {
        let AssetField { name, conditions, catalog, produced, .. } = field;
        let marker = marker(name, visibility, conditions);
        let asset = asset_impl(name, conditions, &catalog.key, &produced.value);
        quote!(#marker #asset)
    });
    let conditions: Vec<_> = fields.iter().map(|field| &field.conditions).collect();
    let specs =
        fields.iter().map(|field| spec_expression(&field.catalog, &field.produced, field.format.as_ref()));
    let verdicts = fields.iter().map(|field| {
        let name = &field.name;
        produced(name, &field.produced, &quote!(self.#name))
    });
    quote! {
        #(#types)*

        #[automatically_derived]
        #[allow(unused_mut, unused_qualifications, clippy::all, clippy::pedantic)]
        impl #private::Assets for #name {
            fn specs() -> ::std::vec::Vec<#private::AssetSpec> {
                ::std::vec![#(#conditions #specs),*]
            }

            fn into_produced(self) -> ::std::vec::Vec<#private::Produced> {
                ::std::vec![#(#conditions #verdicts),*]
            }
        }
    }
}
