//! Emits how a step is computed: its requirements, the call of its function, its policy.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::parse::{Function, Parameter, Policy, Produced, Returned, Wrapper};

/// An expression: the `Computation` of the step that calls `function`, which takes `parameters`. `result` is an
/// expression that makes the step's result of the value `returned`.
pub(crate) fn computation(
    function: &Function,
    parameters: &[Parameter],
    policy: &Policy,
    result: impl FnOnce(&TokenStream) -> TokenStream,
) -> TokenStream {
    let private = quote!(::millwork::__private);
    let requirements = local("requirements");
    let takes = numbered("take", parameters.len());
    let takers = parameters.iter().map(|parameter| taker(parameter, &requirements));
    let deps = policy
        .deps
        .iter()
        .map(|asset| quote_spanned!(asset.span()=> #requirements.after(<#asset as #private::Asset>::KEY)));
    let batch = function.returned.iter().flat_map(|returned| &returned.batch).map(|batch| {
        let key = &batch.key;
        quote_spanned!(key.span()=> #private::expansion::returns_batch::<#key>(&mut #requirements))
    });
    let step_function = step_function(function, parameters, &takes, result);
    let computation = local("computation");
    let statements = policy_statements(policy, &computation);
    quote! {{
        let mut #requirements = #private::Requirements::default();
        #(let #takes = #takers;)*
        #(#deps;)*
        #(#batch;)*
        let mut #computation = #private::Computation::new(#requirements, #step_function);
        #computation.source = ::core::option::Option::Some((::core::file!(), ::core::line!()));
        #statements
        #computation
    }}
}

/// An expression: the outcome for `asset` of a function that returned `value`.
pub(crate) fn produced(asset: &Ident, produced: &Produced, value: &TokenStream) -> TokenStream {
    let private = quote!(::millwork::__private);
    let wrapper = match produced.wrapper {
        Wrapper::None => quote!(value),
        Wrapper::Output => quote!(output),
        Wrapper::Update => quote!(update),
    };
    let function = quote!(#private::expansion::#wrapper::<#asset>);
    if produced.optional {
        quote!(::core::option::Option::map_or(#value, #private::Produced::Nothing, #function))
    } else {
        quote!(#function(#value))
    }
}

/// An expression: the value in what a function `returned`, which the step fails without.
pub(crate) fn success(returned: &Returned, value: &TokenStream) -> TokenStream {
    if returned.fallible {
        let error = returned.error.as_ref().map_or_else(|| quote!(_), Clone::clone);
        quote_spanned!(error.span()=> ::millwork::__private::expansion::fallible::<_, #error>(#value)?)
    } else {
        value.clone()
    }
}

/// An expression: the `StepResult` of an asset's function that returned `value`; `each` is the outcomes of what there is for one partition.
pub(crate) fn step_result(
    returned: &Returned,
    value: &TokenStream,
    each: impl FnOnce(&Returned, &TokenStream) -> TokenStream,
) -> TokenStream {
    let private = quote!(::millwork::__private);
    let Some(batch) = &returned.batch else {
        let produced = each(returned, value);
        return quote!(#private::StepResult::Assets(#produced));
    };
    let (batch_value, made, context) = (success(returned, value), local("made"), local("context"));
    let produced = each(&batch.each, &made.to_token_stream());
    let key = &batch.key;
    let batch = quote_spanned!(key.span()=> #private::expansion::batch::<#key, _>);
    quote!(#batch(&#context, #batch_value, |#made| ::core::result::Result::Ok(#produced))?)
}

/// An expression: the function that takes the value of `parameter` when the step runs.
fn taker(parameter: &Parameter, requirements: &Ident) -> TokenStream {
    // Every token has the span of what was written, so that an error is there.
    let (span, takes, mapping) = match parameter {
        Parameter::Upstream { asset, value, mapping } => {
            let takes =
                quote_spanned!(value.span()=> ::millwork::__private::expansion::upstream::<#asset, #value>);
            (value.span(), takes, mapping)
        }
        Parameter::Extractor { value, mapping } => {
            let takes = quote_spanned!(value.span()=> ::millwork::__private::expansion::extractor::<#value>);
            (value.span(), takes, mapping)
        }
    };
    match mapping {
        None => quote_spanned!(span=> #takes(&mut #requirements)),
        Some(mapping) => {
            let mapping =
                quote_spanned!(mapping.span()=> ::millwork::__private::expansion::mapping(#mapping));
            quote_spanned! {span=>
                ::millwork::__private::expansion::mapped(&mut #requirements, &#mapping, #takes)
            }
        }
    }
}

fn step_function(
    function: &Function,
    parameters: &[Parameter],
    takes: &[Ident],
    result: impl FnOnce(&TokenStream) -> TokenStream,
) -> TokenStream {
    let private = quote!(::millwork::__private);
    let (name, context) = (&function.name, local("context"));
    let values = numbered("value", parameters.len());
    let arguments = parameters.iter().zip(&values).map(|(parameter, value)| match parameter {
        Parameter::Upstream { .. } => quote!(&#value),
        Parameter::Extractor { .. } => quote!(#value),
    });
    let call = quote_spanned!(name.span()=> #name(#(#arguments),*));
    let result = |returned: TokenStream| result(&returned);
    if function.is_async {
        let future = quote_spanned!(name.span()=> #private::expansion::require_send(#call));
        let result = result(quote!(#future.await));
        quote! {
            #private::expansion::non_blocking(move |#context| async move {
                #(let #values = #takes(&#context)?;)*
                ::core::result::Result::Ok(#result)
            })
        }
    } else {
        let result = result(call);
        quote! {
            #private::expansion::blocking(move |#context| {
                #(let #values = #takes(#context)?;)*
                ::core::result::Result::Ok(#result)
            })
        }
    }
}

fn policy_statements(policy: &Policy, computation: &Ident) -> TokenStream {
    let private = quote!(::millwork::__private);
    let Policy { retry, timeout, pool, pools, code_version, shadow_safe, deps: _ } = policy;
    let code_version = text(code_version);
    let retry = retry.as_ref().map(|retry| typed(retry, quote!(#private::Retry))).into_iter();
    let timeout = timeout.as_ref().map(|timeout| typed(timeout, quote!(::core::time::Duration))).into_iter();
    let pool = pool.as_ref().map(text).into_iter();
    let pools = pool.chain(pools.iter().cloned());
    quote! {
        #computation.code_version = ::core::convert::From::from(#code_version);
        #computation.shadow_safe = #shadow_safe;
        #(#computation.retry = #retry;)*
        #(#computation.timeout = ::core::option::Option::Some(#timeout);)*
        #(#computation.pools.push(::core::convert::From::from(#pools));)*
    }
}

/// An expression: the text that is `written`.
pub(crate) fn text(written: &TokenStream) -> TokenStream {
    quote_spanned!(written.span()=> ::millwork::__private::expansion::text(#written))
}

/// An expression: the definition of the partitions that are `written`.
pub(crate) fn partitions_of(written: &TokenStream) -> TokenStream {
    quote_spanned!(written.span()=> ::millwork::__private::expansion::partitions(#written))
}

/// An expression of the type `expected`, as it is `written`: another type is an error there.
pub(crate) fn typed(written: &TokenStream, expected: TokenStream) -> TokenStream {
    let value = local("value");
    let expected: TokenStream = expected
        .into_iter()
        .map(|mut token| {
            token.set_span(written.span());
            token
        })
        .collect();
    quote!({ let #value: #expected = #written; #value })
}

/// A variable that no expression of the user's can see.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

fn numbered(name: &str, count: usize) -> Vec<Ident> {
    (0..count).map(|index| format_ident!("{name}_{index}", span = Span::mixed_site())).collect()
}
