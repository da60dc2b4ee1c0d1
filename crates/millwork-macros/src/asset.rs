//! `#[asset]`: a function that makes one asset.

use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

use crate::emit::{
    Declared, asset_impl, computation, local, partitions_of, produced, spec_expression, step_result, success,
    text, typed,
};
use crate::errors::Errors;
use crate::parse::{Arguments, CATALOG, Catalog, Function, POLICY, Parameter, Policy, Returned};

const OTHER: &[&str] =
    &["automation", "deps", "io_manager", "partitions", "backfill", "format", "shadow_safe", "renamed_from"];

/// A function that makes one asset.
struct Asset {
    function: Function,
    catalog: Catalog,
    policy: Policy,
    io_manager: Option<TokenStream>,
    partitions: Option<TokenStream>,
    backfill: Option<TokenStream>,
    format: Option<TokenStream>,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let arguments = Arguments::parse("`#[asset]`", &[CATALOG, POLICY, OTHER], arguments, &mut errors);
    let missing_return = "an asset's function returns its value; hint: add `-> Result<T>`";
    let function = Function::parse("`#[asset]`", missing_return, item.clone(), &mut errors);
    function.iter().for_each(|function| function.check_batch(&mut errors));
    let expanded = function.map_or(item, |function| Asset::new(function, &arguments).emit());
    let errors = errors.emit();
    quote!(#expanded #errors)
}

impl Asset {
    fn new(function: Function, arguments: &Arguments) -> Self {
        // The oldest key is the one under which its code was versioned first. A name of its own isn't that of the function.
        let former =
            arguments.list("renamed_from").last().and_then(|key| syn::parse2::<LitStr>(key.clone()).ok());
        let former = former.filter(|_| !arguments.has("name")).map(|key| key.value());
        let function = match former.as_deref().and_then(|key| key.rsplit('/').next()) {
            Some(name) => function.versioned_as(name),
            None => function,
        };
        Self {
            catalog: Catalog::new(&function.text, &function.doc_comment, arguments),
            policy: Policy::new(&function, arguments),
            io_manager: arguments.tokens("io_manager"),
            partitions: arguments.tokens("partitions"),
            backfill: arguments.tokens("backfill"),
            format: arguments.tokens("format"),
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
        let asset = returned
            .as_ref()
            .map(|returned| asset_impl(name, conditions, &self.catalog.key, &returned.produced.value));
        let declaration = match (parameters, returned) {
            (Some(parameters), Some(returned)) => declared.emit(&self.definition(parameters, returned)),
            _ if *is_free => declared.emit_placeholder(),
            _ => return kept.clone(),
        };
        quote!(#kept #asset #declaration)
    }

    fn definition(&self, parameters: &[Parameter], returned: &Returned) -> TokenStream {
        let private = quote!(::millwork::__private);
        let key = self.catalog.key.as_str();
        let spec = spec_expression(&self.catalog, &returned.produced, self.format.as_ref());
        let computation = computation(&self.function, parameters, &self.policy, |value| {
            step_result(returned, value, |returned, value| {
                let produced = produced(&self.function.name, &returned.produced, &success(returned, value));
                quote!(::std::vec![#produced])
            })
        });
        let io_manager = self.io_manager.as_ref().map(text).into_iter();
        let partitions = self.partitions.as_ref().map(partitions_of).into_iter();
        let backfill = self.backfill.iter().map(|policy| typed(policy, quote!(#private::BackfillPolicy)));
        let (definition, spec_variable) = (local("definition"), local("spec"));
        quote! {
            let #spec_variable = #spec;
            let mut #definition = #private::AssetDefinition::new(#key);
            #definition.description.clone_from(&#spec_variable.description);
            #definition.outputs = ::std::vec![#spec_variable];
            #(#definition.io_manager = ::core::option::Option::Some(#io_manager);)*
            #(#definition.partitions = ::core::option::Option::Some(#partitions);)*
            #(#definition.backfill = ::core::option::Option::Some(#backfill);)*
            #definition.computation = ::core::option::Option::Some(#computation);
            #definition
        }
    }
}
