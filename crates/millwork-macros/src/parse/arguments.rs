//! The arguments of one attribute, each known to it and given at most once.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Ident, LitStr, Token};

use super::argument::{Form, Value};
use super::closest::closest;
use super::metric::Metric;
use crate::errors::Errors;

/// What stands between the parentheses of an attribute.
#[derive(Debug)]
pub(crate) struct Arguments {
    given: Vec<(Ident, Value)>,
}

impl Arguments {
    /// Reads the arguments of `attribute`, which takes those named in `known`. Invalid ones are left out.
    pub(crate) fn parse(
        attribute: &str,
        known: &[&[&str]],
        tokens: TokenStream,
        errors: &mut Errors,
    ) -> Self {
        let known = known.concat();
        let mut arguments = Self { given: Vec::new() };
        let parsed = (|input: ParseStream<'_>| {
            while !input.is_empty() {
                let name = input.call(Ident::parse_any)?;
                match arguments.next(attribute, &known, &name, input) {
                    Ok(value) => arguments.given.push((name, value)),
                    Err(error) => {
                        let _ = errors.attempt::<()>(Err(error));
                        skip_argument(input)?;
                    }
                }
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        })
        .parse2(tokens);
        errors.attempt(parsed);
        arguments
    }

    fn next(
        &self,
        attribute: &str,
        known: &[&str],
        name: &Ident,
        input: ParseStream<'_>,
    ) -> syn::Result<Value> {
        let written = name.to_string();
        let form = Form::of(&written).filter(|_| known.contains(&&*written));
        let form = form.ok_or_else(|| unknown(attribute, known, name))?;
        if self.given.iter().any(|(given, _)| given == name) {
            return Err(syn::Error::new(name.span(), format!("`{name}` is given twice")));
        }
        form.parse(name, input)
    }

    /// Whether the argument is given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// A text that has to be known here.
    pub(crate) fn literal(&self, name: &str) -> Option<&LitStr> {
        match self.value(name)? {
            Value::Literal(text) => Some(text),
            Value::Tokens(_) | Value::List(_) | Value::Pairs(_) | Value::Metric(_) | Value::Flag => None,
        }
    }

    /// An expression or type.
    pub(crate) fn tokens(&self, name: &str) -> Option<TokenStream> {
        match self.value(name)? {
            Value::Tokens(tokens) => Some(tokens.clone()),
            Value::Literal(text) => Some(text.to_token_stream()),
            Value::List(_) | Value::Pairs(_) | Value::Metric(_) | Value::Flag => None,
        }
    }

    /// A list of expressions or paths.
    pub(crate) fn list(&self, name: &str) -> Vec<TokenStream> {
        let Some(Value::List(items)) = self.value(name) else { return Vec::new() };
        items.clone()
    }

    /// A list of keys with their values.
    pub(crate) fn pairs(&self, name: &str) -> Vec<(String, TokenStream)> {
        let Some(Value::Pairs(pairs)) = self.value(name) else { return Vec::new() };
        pairs.clone()
    }

    /// A metric with its direction.
    pub(crate) fn metric(&self, name: &str) -> Option<Metric> {
        let Some(Value::Metric(metric)) = self.value(name) else { return None };
        Some(metric.clone())
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.given.iter().find(|(given, _)| given == name).map(|(_, value)| value)
    }
}

fn unknown(attribute: &str, known: &[&str], name: &Ident) -> syn::Error {
    let meant = closest(&name.to_string(), known.iter().copied());
    let meant = meant.map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
    let known: Vec<_> = known.iter().map(|known| format!("`{known}`")).collect();
    let known = known.join(", ");
    if ["higher", "lower"].contains(&&*name.to_string()) {
        let message = format!(
            "unknown argument `{name}`; hint: after the label of a metric, it is written without a comma: `metric = \"…\" {name}`"
        );
        return syn::Error::new(name.span(), message);
    }
    syn::Error::new(name.span(), format!("unknown argument `{name}`; hint: {meant}{attribute} takes {known}"))
}

fn skip_argument(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &[&str]) {
        let mut errors = Errors::default();
        let known: &[&str] =
            &["name", "key_prefix", "group", "kinds", "tags", "metric", "deps", "timeout", "blocking"];
        Arguments::parse("`#[asset]`", &[known], source.parse().unwrap(), &mut errors);
        let messages: Vec<_> =
            errors.messages().iter().map(|text| text.split(" takes ").next().unwrap().to_owned()).collect();
        assert_eq!(messages, expected, "{source}");
    }

    #[test]
    fn arguments() {
        check("", &[]);
        check("group = \"a\", kinds(\"b\", C), tags(x = \"y\", \"x y\" = Z), deps(a, b::c), blocking,", &[]);
        check("timeout = \"5m\"", &[]);
        check("timeout = Duration::from_secs(3)", &[]);
        check("group = concat!(\"a\", \"b\")", &[]);
    }

    #[test]
    fn metrics() {
        for right in [
            "\"R²\"",
            "\"R²\" higher",
            "\"MAE\" lower",
            "MAE",
            "MAE lower",
            "names::MAE lower",
            "concat!(\"M\", A) lower",
        ] {
            check(&format!("metric = {right}, group = \"a\""), &[]);
        }
        let written = "`metric` is written `metric = \"MAE\" lower`";
        check("metric", &[written]);
        check("metric(\"MAE\")", &[written]);
        check("metric = 5 lower, group = \"a\"", &[written]);
        let unknown = |word: &str, meant: &str| {
            format!("unknown direction `{word}` of a metric; hint: {meant}`metric`")
        };
        check("metric = \"MAE\" lowr, group = \"a\"", &[&unknown("lowr", "did you mean `lower`? ")]);
        check("metric = \"MAE\" down", &[&unknown("down", "")]);
        check("metric = \"MAE\" lower higher", &["expected `,`"]);
        let hint = "unknown argument `lower`; hint: after the label of a metric, it is written without a comma: `metric = \"…\" lower`";
        check("metric = \"MAE\", lower", &[hint]);
    }

    #[test]
    fn all_mistakes_are_reported() {
        check(
            "grup = \"a\", kinds = \"b\"",
            &[
                "unknown argument `grup`; hint: did you mean `group`? `#[asset]`",
                "`kinds` is written `kinds(\"…\", \"…\")`",
            ],
        );
        check("group = \"a\", group = \"b\"", &["`group` is given twice"]);
        check("group", &["`group` is written `group = \"…\"`"]);
        check("group = 5", &["`group` is written `group = \"…\"`"]);
        check("blocking = true", &["`blocking` is written `blocking`"]);
        check("name = NAME", &["`name` is written `name = \"…\"`"]);
        check("retry = 3", &["unknown argument `retry`; hint: `#[asset]`"]);
        check("name = \"a/b\"", &["a name has no `/`; hint: say where it belongs with `key_prefix`"]);
        check("group = \"a\" kinds(\"b\")", &["expected `,`"]);
    }
}
