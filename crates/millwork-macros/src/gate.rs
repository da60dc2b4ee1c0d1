//! `#[gate]`: a function that judges the new versions of an asset.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericArgument, PathArguments, Type};

use crate::emit::{computation, emit_about, local, text, typed};
use crate::errors::Errors;
use crate::parse::{Arguments, Catalog, Function, POLICY, Parameter, Policy, Returned};

const OTHER: &[&str] = &["name", "description", "alias", "shadow", "deps"];

/// A function that judges the new versions of an asset.
struct Gate {
    function: Function,
    /// The path of the judged asset's type. `None` if that is wrong.
    asset: Option<TokenStream>,
    /// The key is the name of the gate.
    catalog: Catalog,
    /// An expression of an alias' name; `None` for the default one.
    alias: Option<TokenStream>,
    /// The type of the asset that versions make in shadow; `None` for a gate that asks for no outcomes.
    shadow: Option<TokenStream>,
    policy: Policy,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let arguments = Arguments::parse("`#[gate]`", &[OTHER, POLICY], arguments, &mut errors);
    let missing_return = "a gate's function returns its verdict; hint: add `-> Result<Verdict>`";
    let function = Function::parse("`#[gate]`", missing_return, item.clone(), &mut errors);
    function.iter().for_each(|function| function.check_no_batch("a gate", &mut errors));
    let expanded = function.map_or(item, |function| Gate::new(function, &arguments, &mut errors).emit());
    let errors = errors.emit();
    quote!(#expanded #errors)
}

impl Gate {
    fn new(function: Function, arguments: &Arguments, errors: &mut Errors) -> Self {
        Self {
            asset: judged(&function, errors),
            catalog: Catalog::new(&function.text, &function.doc_comment, arguments),
            alias: arguments.tokens("alias"),
            shadow: arguments.tokens("shadow"),
            policy: Policy::new(&function, arguments),
            function,
        }
    }

    fn emit(&self) -> TokenStream {
        let definition = |parameters: &[Parameter], returned: &Returned, asset: &TokenStream| {
            self.definition(parameters, returned, asset)
        };
        let (definition_type, method) = (quote!(GateDefinition), quote!(gate));
        emit_about(&self.function, self.asset.as_ref(), (definition_type, method), definition)
    }

    fn definition(&self, parameters: &[Parameter], returned: &Returned, asset: &TokenStream) -> TokenStream {
        let private = quote!(::millwork::__private);
        let (name, description) = (self.catalog.key.as_str(), text(&self.catalog.description));
        let computation = computation(&self.function, parameters, &self.policy, |value| {
            let written = &returned.written;
            let verdict = quote_spanned!(written.span()=> #private::expansion::judged::<#written>(#value)?);
            quote!(#private::StepResult::Gate(#verdict))
        });
        let key = quote_spanned!(asset.span()=> <#asset as #private::Asset>::KEY);
        let alias = self.alias.as_ref().map(|alias| typed(alias, quote!(&str))).into_iter();
        let shadow = self
            .shadow
            .iter()
            .map(|shadow| quote_spanned!(shadow.span()=> <#shadow as #private::Asset>::KEY));
        let definition = local("definition");
        quote! {
            let mut #definition = #private::GateDefinition::new(#name, #key, #computation);
            #definition.description = #description;
            #(#definition.alias = #private::expansion::alias(#alias);)*
            #(#definition.shadow = ::core::option::Option::Some(::core::convert::From::from(#shadow));)*
            #definition
        }
    }
}

/// The asset that a gate judges: that of its challenger.
fn judged(function: &Function, errors: &mut Errors) -> Option<TokenStream> {
    let judged = function.parameters.as_ref()?.iter().find_map(|parameter| match parameter {
        Parameter::Extractor { value, .. } => challenger(value),
        Parameter::Upstream { .. } => None,
    });
    if judged.is_none() {
        let message =
            "a gate judges a new version of an asset; hint: take `challenger: Challenger<your_model>`";
        errors.push(&function.name, message);
    }
    judged
}

/// The asset of a `Challenger<asset>`, under whatever path.
fn challenger(value: &TokenStream) -> Option<TokenStream> {
    let Ok(Type::Path(path)) = syn::parse2::<Type>(value.clone()) else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Challenger")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(asset) => Some(asset.to_token_stream()),
        _ => None,
    })
}
