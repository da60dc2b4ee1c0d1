//! The arguments that the attributes take: how each is written, and what it becomes.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Path, Token, Type, parenthesized};

use super::duration::parse_duration;
use super::key::{name_problem, prefix_problem};

/// How an argument is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Name,
    Prefix,
    Text,
    Texts,
    Expressions,
    Tags,
    Assets,
    Asset,
    Duration,
    Retry,
    Automation,
    Partitions,
    Freshness,
    Severity,
    Format,
    Flag,
}

/// The value of an argument. Expressions and types are tokens, which the compiler checks.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Literal(LitStr),
    Tokens(TokenStream),
    List(Vec<TokenStream>),
    Pairs(Vec<(String, TokenStream)>),
    Flag,
}

/// Every argument of every attribute.
const FORMS: &[(&str, Form)] = &[
    ("name", Form::Name),
    ("key_prefix", Form::Prefix),
    ("group", Form::Text),
    ("kinds", Form::Texts),
    ("owners", Form::Texts),
    ("tags", Form::Tags),
    ("description", Form::Text),
    ("deps", Form::Assets),
    ("retry", Form::Retry),
    ("automation", Form::Automation),
    ("timeout", Form::Duration),
    ("pool", Form::Text),
    ("pools", Form::Expressions),
    ("code_version", Form::Text),
    ("io_manager", Form::Text),
    ("partitions", Form::Partitions),
    ("freshness", Form::Freshness),
    ("format", Form::Format),
    ("asset", Form::Asset),
    ("severity", Form::Severity),
    ("blocking", Form::Flag),
];

impl Form {
    /// How the argument `name` is written.
    pub(super) fn of(name: &str) -> Option<Self> {
        FORMS.iter().find(|(known, _)| *known == name).map(|(_, form)| *form)
    }

    /// The argument as it should look.
    fn example(self, name: &Ident) -> String {
        match self {
            Self::Name | Self::Text => format!("{name} = \"…\""),
            Self::Prefix => format!("{name} = \"hackernews\""),
            Self::Texts => format!("{name}(\"…\", \"…\")"),
            Self::Expressions => format!("{name}(\"gpu\", (\"memory_gb\", 16))"),
            Self::Tags => format!("{name}(team = \"ranking\", \"cost-center\" = \"7\")"),
            Self::Assets => format!("{name}(raw_table, other::asset)"),
            Self::Asset => format!("{name} = raw_table"),
            Self::Duration => format!("{name} = \"30s\""),
            Self::Retry => format!("{name} = Retry::exponential(3)"),
            Self::Automation => format!("{name} = AutomationCondition::eager()"),
            Self::Partitions => format!("{name} = PartitionsDefinition::fixed([\"a\", \"b\"])"),
            Self::Freshness => format!("{name} = FreshnessPolicy::time_window(…)"),
            Self::Severity => format!("{name} = \"warn\""),
            Self::Format => format!("{name} = Json"),
            Self::Flag => name.to_string(),
        }
    }

    /// Reads what follows the name.
    pub(super) fn parse(self, name: &Ident, input: ParseStream<'_>) -> syn::Result<Value> {
        let is_list = input.peek(syn::token::Paren);
        let is_value = input.peek(Token![=]) && !input.peek(Token![==]);
        match self {
            Self::Flag if !is_list && !is_value => Ok(Value::Flag),
            Self::Texts | Self::Expressions if is_list => list::<Expr>(input),
            Self::Assets if is_list => list::<Path>(input),
            Self::Tags if is_list => pairs(input),
            Self::Format | Self::Asset if is_value => {
                input.parse::<Token![=]>()?;
                Ok(Value::Tokens(input.parse::<Type>()?.into_token_stream()))
            }
            Self::Name
            | Self::Prefix
            | Self::Text
            | Self::Duration
            | Self::Retry
            | Self::Automation
            | Self::Partitions
            | Self::Freshness
            | Self::Severity => {
                if !is_value {
                    return Err(self.misspelt(name, name));
                }
                input.parse::<Token![=]>()?;
                self.parse_expression(name, input)
            }
            Self::Texts
            | Self::Expressions
            | Self::Tags
            | Self::Assets
            | Self::Asset
            | Self::Format
            | Self::Flag => Err(self.misspelt(name, name)),
        }
    }

    fn parse_expression(self, name: &Ident, input: ParseStream<'_>) -> syn::Result<Value> {
        let expression: Expr = input.parse()?;
        let misspelt = || self.misspelt(name, &expression);
        match (self, literal(&expression)) {
            (Self::Name, Some(Lit::Str(text))) => checked(text, name_problem),
            (Self::Prefix, Some(Lit::Str(text))) => checked(text, prefix_problem),
            (Self::Name | Self::Prefix, _) => Err(misspelt()),
            (Self::Duration, Some(Lit::Str(text))) => duration(text),
            (Self::Severity, Some(Lit::Str(text))) => severity(text),
            (Self::Text, Some(Lit::Str(_))) => Ok(Value::Tokens(expression.into_token_stream())),
            (_, Some(_)) => Err(misspelt()),
            (_, None) => Ok(Value::Tokens(expression.into_token_stream())),
        }
    }

    fn misspelt(self, name: &Ident, place: impl ToTokens) -> syn::Error {
        syn::Error::new_spanned(place, format!("`{name}` is written `{}`", self.example(name)))
    }
}

/// Expressions or paths in parentheses.
fn list<T: Parse + ToTokens>(input: ParseStream<'_>) -> syn::Result<Value> {
    let content;
    parenthesized!(content in input);
    let items = Punctuated::<T, Token![,]>::parse_terminated(&content)?;
    Ok(Value::List(items.into_iter().map(ToTokens::into_token_stream).collect()))
}

/// Tags in parentheses.
fn pairs(input: ParseStream<'_>) -> syn::Result<Value> {
    let content;
    parenthesized!(content in input);
    let tags = Punctuated::<_, Token![,]>::parse_terminated_with(&content, tag)?;
    Ok(Value::Pairs(tags.into_iter().collect()))
}

fn literal(expression: &Expr) -> Option<&Lit> {
    match expression {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        _ => None,
    }
}

fn checked(text: &LitStr, problem: fn(&str) -> Option<String>) -> syn::Result<Value> {
    match problem(&text.value()) {
        Some(problem) => Err(syn::Error::new(text.span(), problem)),
        None => Ok(Value::Literal(text.clone())),
    }
}

fn duration(text: &LitStr) -> syn::Result<Value> {
    let duration = parse_duration(&text.value()).map_err(|problem| syn::Error::new(text.span(), problem))?;
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Ok(Value::Tokens(quote!(::core::time::Duration::from_millis(#milliseconds))))
}

fn severity(text: &LitStr) -> syn::Result<Value> {
    match text.value().as_str() {
        "warn" => Ok(Value::Tokens(quote!(::millwork::__private::Severity::Warn))),
        "error" => Ok(Value::Tokens(quote!(::millwork::__private::Severity::Error))),
        _ => Err(syn::Error::new(text.span(), "a severity is `\"warn\"` or `\"error\"`")),
    }
}

/// `key = "value"` or `"any key" = "value"`.
fn tag(input: ParseStream<'_>) -> syn::Result<(String, TokenStream)> {
    let key = if input.peek(LitStr) {
        input.parse::<LitStr>()?.value()
    } else {
        input.call(syn::ext::IdentExt::parse_any).map(|key: Ident| key.to_string())?
    };
    input.parse::<Token![=]>()?;
    Ok((key, input.parse::<Expr>()?.into_token_stream()))
}
