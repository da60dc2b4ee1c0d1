//! What an asset is called and how it is listed: key, description, group, kinds, owners, tags, metric.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Arguments, Key, Metric};

/// The arguments of which a [`Catalog`] is made.
pub(crate) const CATALOG: &[&str] =
    &["name", "key_prefix", "group", "kinds", "owners", "tags", "metric", "description", "freshness"];

/// An asset's entry in the catalog.
#[derive(Debug)]
pub(crate) struct Catalog {
    /// The key of the asset.
    pub(crate) key: Key,
    /// The literals of the keys that it had before.
    pub(crate) renamed_from: Vec<TokenStream>,
    /// An expression: what it is, in Markdown.
    pub(crate) description: TokenStream,
    /// An expression: the group.
    pub(crate) group: Option<TokenStream>,
    /// The expressions of the kinds.
    pub(crate) kinds: Vec<TokenStream>,
    /// The expressions of the owners.
    pub(crate) owners: Vec<TokenStream>,
    /// The names of the tags, and the expressions of their values.
    pub(crate) tags: Vec<(String, TokenStream)>,
    /// The number that stands for the asset; `None` if none is named.
    pub(crate) metric: Option<Metric>,
    /// An expression: an `AutomationCondition`.
    pub(crate) automation: Option<TokenStream>,
    /// An expression: a `FreshnessPolicy`.
    pub(crate) freshness: Option<TokenStream>,
}

impl Catalog {
    /// The entry of the asset that is called `name` unless `arguments` have another name.
    pub(crate) fn new(name: &str, doc_comment: &str, arguments: &Arguments) -> Self {
        let name = arguments.literal("name").map_or_else(|| name.to_owned(), syn::LitStr::value);
        Self {
            key: Key::new(arguments.literal("key_prefix"), &name),
            renamed_from: arguments.list("renamed_from"),
            description: arguments.tokens("description").unwrap_or_else(|| quote!(#doc_comment)),
            group: arguments.tokens("group"),
            kinds: arguments.list("kinds"),
            owners: arguments.list("owners"),
            tags: arguments.pairs("tags"),
            metric: arguments.metric("metric"),
            automation: arguments.tokens("automation"),
            freshness: arguments.tokens("freshness"),
        }
    }

    /// The same entry under a prefix that several assets share.
    pub(crate) fn within(self, prefix: Option<&syn::LitStr>) -> Self {
        let Some(prefix) = prefix else { return self };
        Self { key: self.key.within(prefix), ..self }
    }
}
