//! Emits the static description of an asset.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use super::step::{local, text, typed};
use crate::parse::{Better, Catalog, Metric, Produced};

/// An expression: the `AssetSpec` of an asset with the catalog entry `catalog`.
pub(crate) fn spec_expression(
    catalog: &Catalog,
    produced: &Produced,
    format: Option<&TokenStream>,
) -> TokenStream {
    let key = catalog.key.as_str();
    let spec = local("spec");
    let statements = catalog_statements(catalog, &spec);
    let optional = produced.optional;
    let value_type = value_type(&produced.value, format);
    quote! {{
        let mut #spec = ::millwork::__private::AssetSpec::new(#key);
        #statements
        #spec.optional = #optional;
        #spec.value_type = ::core::option::Option::Some(#value_type);
        #spec
    }}
}

/// Statements that describe the asset `spec`.
pub(crate) fn catalog_statements(catalog: &Catalog, spec: &Ident) -> TokenStream {
    let Catalog {
        key: _,
        renamed_from,
        description,
        group,
        kinds,
        owners,
        tags,
        metric,
        automation,
        freshness,
    } = catalog;
    let description = text(description);
    let group = group.as_ref().map(text).into_iter();
    let (kinds, owners) = (kinds.iter().map(text), owners.iter().map(text));
    let tags = tags.iter().map(|(key, value)| {
        let value = text(value);
        quote!(::std::string::String::from(#key), #value)
    });
    let metric = metric.as_ref().map(metric_expression).into_iter();
    let condition = quote!(::millwork::__private::AutomationCondition);
    let automation = automation.as_ref().map(|automation| typed(automation, condition)).into_iter();
    let policy = quote!(::millwork::__private::FreshnessPolicy);
    let freshness = freshness.as_ref().map(|freshness| typed(freshness, policy)).into_iter();
    quote! {
        #spec.description = #description;
        #(#spec.renamed_from.push(::core::convert::From::from(#renamed_from));)*
        #(#spec.group = ::core::option::Option::Some(#group);)*
        #(#spec.kinds.push(#kinds);)*
        #(#spec.owners.push(#owners);)*
        #(#spec.tags.insert(#tags);)*
        #(#spec.metric = ::core::option::Option::Some(#metric);)*
        #(#spec.automation = ::core::option::Option::Some(#automation);)*
        #(#spec.freshness = ::core::option::Option::Some(#freshness);)*
    }
}

/// An expression: the `AssetMetric` that is written.
fn metric_expression(Metric { label, better }: &Metric) -> TokenStream {
    let label = text(label);
    match better {
        Better::Higher => quote!(::millwork::__private::AssetMetric::higher(#label)),
        Better::Lower => quote!(::millwork::__private::AssetMetric::lower(#label)),
    }
}

/// An expression: the `ValueType` of `value`.
fn value_type(value: &TokenStream, format: Option<&TokenStream>) -> TokenStream {
    let format = format.map_or_else(|| quote!(_), Clone::clone);
    quote_spanned!(value.span()=> ::millwork::__private::ValueType::of::<#value, #format>())
}
