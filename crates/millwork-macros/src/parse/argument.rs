//! The arguments that the attributes take: how each is written, and what it becomes.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Path, Token, Type, parenthesized};

use super::closest::closest;
use super::duration::parse_duration;
use super::key::{name_problem, prefix_problem};
use super::metric::{Better, Metric};

/// How an argument is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Name,
    Prefix,
    Text,
    Texts,
    Expressions,
    Tags,
    Metric,
    Assets,
    Asset,
    Duration,
    Retry,
    Automation,
    Partitions,
    Backfill,
    Freshness,
    Severity,
    Format,
    Former,
    Flag,
}

/// The value of an argument. Expressions and types are tokens, which the compiler checks.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Literal(LitStr),
    Tokens(TokenStream),
    List(Vec<TokenStream>),
    Pairs(Vec<(String, TokenStream)>),
    Metric(Metric),
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
    ("metric", Form::Metric),
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
    ("backfill", Form::Backfill),
    ("freshness", Form::Freshness),
    ("format", Form::Format),
    ("asset", Form::Asset),
    ("severity", Form::Severity),
    ("blocking", Form::Flag),
    ("alias", Form::Text),
    ("shadow", Form::Asset),
    ("shadow_safe", Form::Flag),
    ("renamed_from", Form::Former),
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
            Self::Metric => format!("{name} = \"MAE\" lower"),
            Self::Assets => format!("{name}(raw_table, other::asset)"),
            Self::Asset => format!("{name} = raw_table"),
            Self::Duration => format!("{name} = \"30s\""),
            Self::Retry => format!("{name} = Retry::exponential(3)"),
            Self::Automation => format!("{name} = AutomationCondition::eager()"),
            Self::Partitions => format!("{name} = fixed([\"a\", \"b\"])"),
            Self::Backfill => format!("{name} = BackfillPolicy::multi_run(30)"),
            Self::Freshness => format!("{name} = FreshnessPolicy::time_window(…)"),
            Self::Severity => format!("{name} = \"warn\""),
            Self::Format => format!("{name} = Json"),
            Self::Former => format!("{name} = \"old_name\""),
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
            Self::Former if is_list || is_value => self.parse_former(name, input),
            Self::Format | Self::Asset if is_value => {
                input.parse::<Token![=]>()?;
                Ok(Value::Tokens(input.parse::<Type>()?.into_token_stream()))
            }
            Self::Metric if is_value => {
                input.parse::<Token![=]>()?;
                self.parse_metric(name, input)
            }
            Self::Name
            | Self::Prefix
            | Self::Text
            | Self::Duration
            | Self::Retry
            | Self::Automation
            | Self::Partitions
            | Self::Backfill
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
            | Self::Metric
            | Self::Assets
            | Self::Asset
            | Self::Format
            | Self::Former
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

    /// A key, or several in parentheses, the newest first.
    fn parse_former(self, name: &Ident, input: ParseStream<'_>) -> syn::Result<Value> {
        let keys: Vec<Expr> = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            vec![input.parse()?]
        } else {
            let content;
            parenthesized!(content in input);
            Punctuated::<Expr, Token![,]>::parse_terminated(&content)?.into_iter().collect()
        };
        let key = |key: &Expr| match literal(key) {
            Some(Lit::Str(text)) => checked(text, prefix_problem).map(|_| text.to_token_stream()),
            _ => Err(self.misspelt(name, key)),
        };
        Ok(Value::List(keys.iter().map(key).collect::<syn::Result<_>>()?))
    }

    /// A text, and after it which of two values is better.
    fn parse_metric(self, name: &Ident, input: ParseStream<'_>) -> syn::Result<Value> {
        let label: Expr = input.parse()?;
        let is_text = literal(&label).is_none_or(|literal| matches!(literal, Lit::Str(_)));
        let direction = if input.peek(Ident::peek_any) { Some(input.call(Ident::parse_any)?) } else { None };
        if !is_text {
            return Err(self.misspelt(name, &label));
        }
        let better = direction.map_or(Ok(Better::Higher), |word| direction_of(&word))?;
        Ok(Value::Metric(Metric { label: label.into_token_stream(), better }))
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

/// Which of two values of a metric is better, by the word after its label.
fn direction_of(word: &Ident) -> syn::Result<Better> {
    let written = word.to_string();
    let known = Better::ALL.into_iter().find(|better| better.word() == written);
    known.ok_or_else(|| {
        let meant = closest(&written, Better::ALL.into_iter().map(Better::word));
        let meant = meant.map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
        let message = format!(
            "unknown direction `{written}` of a metric; hint: {meant}`metric` takes `higher` (the default) or `lower` after its label"
        );
        syn::Error::new(word.span(), message)
    })
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
