//! How a step is treated: retries, time-out, pool, code version, order, storage.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Arguments, Function};

/// The arguments of which a [`Policy`] is made.
pub(crate) const POLICY: &[&str] = &["retry", "timeout", "pool", "pools", "code_version"];

/// The policy of a step; everything is an expression.
#[derive(Debug)]
pub(crate) struct Policy {
    /// An expression of type `Retry`; `None` without retries.
    pub(crate) retry: Option<TokenStream>,
    /// An expression of type `Duration`; `None` without a timeout.
    pub(crate) timeout: Option<TokenStream>,
    /// An expression of a text; `None` without a pool.
    pub(crate) pool: Option<TokenStream>,
    /// Each a text, or a text and a number.
    pub(crate) pools: Vec<TokenStream>,
    /// An expression of a text.
    pub(crate) code_version: TokenStream,
    /// Whether it may be called a second time with a version in shadow.
    pub(crate) shadow_safe: bool,
    /// Types: the assets that it waits for without loading them.
    pub(crate) deps: Vec<TokenStream>,
}

impl Policy {
    /// The policy of the step that calls `function`, from `arguments`.
    pub(crate) fn new(function: &Function, arguments: &Arguments) -> Self {
        let tokens_hash = &function.code_version;
        Self {
            retry: arguments.tokens("retry"),
            timeout: arguments.tokens("timeout"),
            pool: arguments.tokens("pool"),
            pools: arguments.list("pools"),
            code_version: arguments.tokens("code_version").unwrap_or_else(|| quote!(#tokens_hash)),
            shadow_safe: arguments.has("shadow_safe"),
            deps: arguments.list("deps"),
        }
    }
}
