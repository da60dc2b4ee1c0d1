//! `#[asset_check]`: a function that tests the value of an asset.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::emit::{computation, emit_about, local, text, typed};
use crate::errors::Errors;
use crate::parse::{Arguments, Catalog, Function, POLICY, Parameter, Policy, Returned};

const OTHER: &[&str] = &["asset", "name", "description", "severity", "blocking", "deps"];

/// A function that tests the value of an asset.
struct AssetCheck {
    function: Function,
    /// The path of the tested asset's type. `None` if that is wrong.
    asset: Option<TokenStream>,
    /// The key is the name of the check.
    catalog: Catalog,
    severity: Option<TokenStream>,
    blocking: bool,
    policy: Policy,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let arguments = Arguments::parse("`#[asset_check]`", &[OTHER, POLICY], arguments, &mut errors);
    let missing_return = "a check's function returns its verdict; hint: add `-> CheckResult`";
    let function = Function::parse("`#[asset_check]`", missing_return, item.clone(), &mut errors);
    function.iter().for_each(|function| function.check_no_batch("a check", &mut errors));
    let expanded =
        function.map_or(item, |function| AssetCheck::new(function, &arguments, &mut errors).emit());
    let errors = errors.emit();
    quote!(#expanded #errors)
}

impl AssetCheck {
    fn new(function: Function, arguments: &Arguments, errors: &mut Errors) -> Self {
        Self {
            asset: arguments.tokens("asset").or_else(|| tested(&function, errors)),
            catalog: Catalog::new(&function.text, &function.doc_comment, arguments),
            severity: arguments.tokens("severity"),
            blocking: arguments.has("blocking"),
            policy: Policy::new(&function, arguments),
            function,
        }
    }

    fn emit(&self) -> TokenStream {
        let definition = |parameters: &[Parameter], returned: &Returned, asset: &TokenStream| {
            self.definition(parameters, returned, asset)
        };
        let (definition_type, method) = (quote!(CheckDefinition), quote!(check));
        emit_about(&self.function, self.asset.as_ref(), (definition_type, method), definition)
    }

    fn definition(&self, parameters: &[Parameter], returned: &Returned, asset: &TokenStream) -> TokenStream {
        let private = quote!(::millwork::__private);
        let (name, description) = (self.catalog.key.as_str(), text(&self.catalog.description));
        let computation = computation(&self.function, parameters, &self.policy, |value| {
            let written = &returned.written;
            let verdict = quote_spanned!(written.span()=> #private::expansion::verdict::<#written>(#value)?);
            quote!(#private::StepResult::Check(#verdict))
        });
        let key = quote_spanned!(asset.span()=> <#asset as #private::Asset>::KEY);
        let severity = self.severity.as_ref().map(|severity| typed(severity, quote!(#private::Severity)));
        let (definition, severity) = (local("definition"), severity.into_iter());
        let blocking = self.blocking;
        quote! {
            let mut #definition = #private::CheckDefinition::new(#name, #key, #computation);
            #definition.description = #description;
            #definition.blocking = #blocking;
            #(#definition.severity = #severity;)*
            #definition
        }
    }
}

/// The asset that a check tests unless it names one: the first that it takes.
fn tested(function: &Function, errors: &mut Errors) -> Option<TokenStream> {
    let tested = function.parameters.as_ref()?.iter().find_map(|parameter| match parameter {
        Parameter::Upstream { asset, .. } => Some(asset.clone()),
        Parameter::Extractor { .. } => None,
    });
    if tested.is_none() {
        let message =
            "a check tests an asset; hint: take it by reference, or name it: `#[asset_check(asset = …)]`";
        errors.push(&function.name, message);
    }
    tested
}
