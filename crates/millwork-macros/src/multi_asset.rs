//! `#[multi_asset]`: a function that makes several assets, the fields of the struct that it returns.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::emit::{
    Declared, catalog_statements, computation, local, partitions_of, step_result, success, text, typed,
};
use crate::errors::Errors;
use crate::parse::{Arguments, CATALOG, Catalog, Function, POLICY, Parameter, Policy, Returned};

const OTHER: &[&str] = &["automation", "deps", "io_manager", "partitions", "backfill", "shadow_safe"];

/// A function that makes several assets.
struct MultiAsset {
    function: Function,
    /// What all its assets have in common; the key is that of the step.
    catalog: Catalog,
    policy: Policy,
    io_manager: Option<TokenStream>,
    partitions: Option<TokenStream>,
    backfill: Option<TokenStream>,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let arguments = Arguments::parse("`#[multi_asset]`", &[CATALOG, POLICY, OTHER], arguments, &mut errors);
    if let Some(prefix) = arguments.literal("key_prefix") {
        let message =
            "the keys are those of the struct's fields; hint: write `#[assets(key_prefix = \"…\")]` there";
        errors.push(prefix, message);
    }
    let missing_return = "a multi-asset's function returns its values; hint: add `-> Result<S>`, where `S` is a \
                          struct with `#[derive(Assets)]`";
    let function = Function::parse("`#[multi_asset]`", missing_return, item.clone(), &mut errors);
    function.iter().for_each(|function| function.check_batch(&mut errors));
    let expanded = function.map_or(item, |function| MultiAsset::new(function, &arguments).emit());
    let errors = errors.emit();
    quote!(#expanded #errors)
}

impl MultiAsset {
    fn new(function: Function, arguments: &Arguments) -> Self {
        Self {
            catalog: Catalog::new(&function.text, &function.doc_comment, arguments),
            policy: Policy::new(&function, arguments),
            io_manager: arguments.tokens("io_manager"),
            partitions: arguments.tokens("partitions"),
            backfill: arguments.tokens("backfill"),
            function,
        }
    }

    fn emit(&self) -> TokenStream {
        let Function { name, conditions, kept, returned, parameters, is_free, .. } = &self.function;
        let declared = Declared {
            name,
            visibility: &self.function.visibility,
            conditions,
            definition_type: quote!(AssetDefinition),
            method: quote!(asset),
        };
        let declaration = match (parameters, returned) {
            (Some(parameters), Some(returned)) => declared.emit(&self.definition(parameters, returned)),
            _ if *is_free => declared.emit_placeholder(),
            _ => return kept.clone(),
        };
        quote!(#kept #declaration)
    }

    fn definition(&self, parameters: &[Parameter], returned: &Returned) -> TokenStream {
        let private = quote!(::millwork::__private);
        let step = self.catalog.key.as_str();
        let assets = returned.batch.as_ref().map_or(&returned.success, |batch| &batch.each.success);
        let (specs, into_produced) = (local("specs"), local("into_produced"));
        let outputs = quote_spanned!(assets.span()=> #private::expansion::outputs::<#assets>());
        let computation = computation(&self.function, parameters, &self.policy, |value| {
            step_result(returned, value, |returned, value| {
                let assets = success(returned, value);
                quote!(#into_produced(#assets))
            })
        });
        let (definition, shared) = (local("definition"), local("shared"));
        let statements = catalog_statements(&self.catalog, &shared);
        let io_manager = self.io_manager.as_ref().map(text).into_iter();
        let partitions = self.partitions.as_ref().map(partitions_of).into_iter();
        let backfill = self.backfill.iter().map(|policy| typed(policy, quote!(#private::BackfillPolicy)));
        quote! {
            let mut #shared = #private::AssetSpec::new(#step);
            #statements
            let mut #definition = #private::AssetDefinition::new(#step);
            let (#specs, #into_produced) = #outputs;
            #definition.outputs = #specs;
            for output in &mut #definition.outputs {
                output.inherit(&#shared);
            }
            #definition.description = #shared.description;
            #(#definition.io_manager = ::core::option::Option::Some(#io_manager);)*
            #(#definition.partitions = ::core::option::Option::Some(#partitions);)*
            #(#definition.backfill = ::core::option::Option::Some(#backfill);)*
            #definition.computation = ::core::option::Option::Some(#computation);
            #definition
        }
    }
}
