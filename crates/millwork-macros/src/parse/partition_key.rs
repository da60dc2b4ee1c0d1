//! The type under `#[derive(FromPartitionKey)]`: the texts of an enum, or the values of a struct.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Fields, LitStr, Variant};

use crate::errors::Errors;

/// A type that partition keys are read as.
#[derive(Debug)]
pub(crate) struct PartitionKey {
    /// The name of the type.
    pub(crate) name: Ident,
    /// What it is read from. `None` if that is wrong.
    pub(crate) form: Option<KeyForm>,
}

/// What a key is read from.
#[derive(Debug)]
pub(crate) enum KeyForm {
    /// An enum: one of the texts of its variants.
    Texts(Vec<KeyText>),
    /// A struct around one value: its type.
    Value(TokenStream),
    /// A struct with named fields: a value for each dimension.
    Dimensions(Vec<KeyField>),
}

/// A variant with its text.
#[derive(Debug)]
pub(crate) struct KeyText {
    /// The name of the variant.
    pub(crate) variant: Ident,
    /// The text of the key.
    pub(crate) text: String,
}

/// A field, which is the value of a dimension.
#[derive(Debug)]
pub(crate) struct KeyField {
    /// The name of the field.
    pub(crate) name: Ident,
    /// Its type.
    pub(crate) value: TokenStream,
}

impl PartitionKey {
    /// Reads the type. `None` if it is generic.
    pub(crate) fn parse(input: &DeriveInput, errors: &mut Errors) -> Option<Self> {
        if let Some(parameter) = input.generics.params.first() {
            errors.push(
                parameter,
                "a partition key has no generic parameters, as the definitions need every type",
            );
            return None;
        }
        check_attributes(&input.attrs, errors);
        let form = match &input.data {
            Data::Enum(data) => {
                if data.variants.is_empty() {
                    let message =
                        "an enum without variants has no texts; hint: add a variant for each text of the key";
                    errors.push(&input.ident, message);
                }
                Some(KeyForm::Texts(texts(data.variants.iter(), errors)))
            }
            Data::Struct(data) => {
                data.fields.iter().for_each(|field| check_attributes(&field.attrs, errors));
                fields(&input.ident, &data.fields, errors)
            }
            Data::Union(_) => {
                errors.push(&input.ident, "`#[derive(FromPartitionKey)]` belongs before an enum or a struct");
                None
            }
        };
        Some(Self { name: input.ident.clone(), form })
    }

    /// The name of a dimension of it.
    pub(crate) fn dimension(&self) -> String {
        snake_case(&self.name.unraw().to_string())
    }
}

/// What a struct with some fields is read from.
fn fields(name: &Ident, fields: &Fields, errors: &mut Errors) -> Option<KeyForm> {
    let message = match fields {
        Fields::Named(fields) if !fields.named.is_empty() => {
            let fields = fields.named.iter().filter_map(|field| {
                Some(KeyField { name: field.ident.clone()?, value: field.ty.to_token_stream() })
            });
            return Some(KeyForm::Dimensions(fields.collect()));
        }
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            return fields.unnamed.first().map(|field| KeyForm::Value(field.ty.to_token_stream()));
        }
        Fields::Unnamed(fields) if !fields.unnamed.is_empty() => {
            "the values of a key with several dimensions have names; hint: name the fields, in the order of the dimensions"
        }
        Fields::Named(_) | Fields::Unnamed(_) | Fields::Unit => {
            "a struct without fields has no value; hint: add a field for each dimension, or write an enum of the texts"
        }
    };
    errors.push(name, message);
    None
}

/// The texts of variants, without what is wrong.
fn texts<'a>(variants: impl Iterator<Item = &'a Variant>, errors: &mut Errors) -> Vec<KeyText> {
    let (mut texts, mut seen) = (Vec::new(), HashSet::new());
    for variant in variants {
        let written = errors.attempt(written_text(&variant.attrs)).flatten();
        if !variant.fields.is_empty() {
            let message = "a variant with data has no text; hint: a text that isn't one of a list is a struct, as in `struct Country(String)`";
            errors.push(&variant.fields, message);
            continue;
        }
        let text =
            written.as_ref().map_or_else(|| snake_case(&variant.ident.unraw().to_string()), LitStr::value);
        if seen.insert(text.clone()) {
            texts.push(KeyText { variant: variant.ident.clone(), text });
            continue;
        }
        let message = format!(
            "another variant has the text `{text}` as well; hint: give one another text, as in `#[partition_key(\"…\")]`"
        );
        match written {
            Some(written) => errors.push(written, message),
            None => errors.push(&variant.ident, message),
        }
    }
    texts
}

/// The text in `#[partition_key("…")]`, if it is there.
fn written_text(attributes: &[Attribute]) -> syn::Result<Option<LitStr>> {
    let mut found = attributes.iter().filter(|attribute| is_of_key(attribute));
    let Some(attribute) = found.next() else { return Ok(None) };
    let text: LitStr = attribute.parse_args().map_err(|_| {
        let message = "`#[partition_key]` takes the text of the variant: `#[partition_key(\"…\")]`";
        syn::Error::new_spanned(&attribute.meta, message)
    })?;
    if let Some(second) = found.next() {
        return Err(syn::Error::new_spanned(second, "`partition_key` is given twice"));
    }
    match text_problem(&text.value()) {
        Some(problem) => Err(syn::Error::new_spanned(&text, problem)),
        None => Ok(Some(text)),
    }
}

/// Reports the attribute where it says nothing.
fn check_attributes(attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes.iter().filter(|attribute| is_of_key(attribute)) {
        errors.push(
            attribute,
            "`#[partition_key(\"…\")]` belongs before a variant of an enum, whose text it is",
        );
    }
}

fn is_of_key(attribute: &Attribute) -> bool {
    attribute.path().is_ident("partition_key")
}

/// Why a text can't be of a key; `None` if it can. The rule is that of the core's `KeyValue`.
fn text_problem(text: &str) -> Option<String> {
    const LONGEST: usize = 255;
    let length = text.chars().count();
    if length == 0 {
        return Some(
            "a text of a key is empty; hint: leave the attribute out for the name of the variant".into(),
        );
    }
    (length > LONGEST).then(|| format!("the text of a key has {length} characters, and may have {LONGEST}"))
}

/// A name in camel case as words in small letters with `_` between them. Capitals in a row are one word.
fn snake_case(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (at, character) in characters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| characters.get(at)).copied();
        let begins_a_word = character.is_uppercase()
            && before.is_some_and(|before| {
                let ends_capitals = || characters.get(at + 1).is_some_and(|next| next.is_lowercase());
                before != '_' && (!before.is_uppercase() || ends_capitals())
            });
        if begins_a_word {
            text.push('_');
        }
        text.extend(character.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &[&str]) {
        let mut errors = Errors::default();
        PartitionKey::parse(&syn::parse_str(source).unwrap(), &mut errors);
        let messages = errors.messages();
        let messages: Vec<_> = messages.iter().map(|text| text.split("; hint: ").next().unwrap()).collect();
        assert_eq!(messages, expected, "{source}");
    }

    fn check_texts(source: &str, expected: &[&str]) {
        let mut errors = Errors::default();
        let key = PartitionKey::parse(&syn::parse_str(source).unwrap(), &mut errors).unwrap();
        let Some(KeyForm::Texts(texts)) = key.form else { panic!("{source} is an enum") };
        let texts: Vec<_> = texts.iter().map(|text| text.text.as_str()).collect();
        assert_eq!(texts, expected, "{source}");
    }

    #[test]
    fn names_are_written_in_small_letters() {
        for (name, expected) in [
            ("Arm", "arm"),
            ("TopTen", "top_ten"),
            ("DE", "de"),
            ("ABTest", "ab_test"),
            ("HttpV2", "http_v2"),
            ("V2Beta", "v2_beta"),
            ("Not_Camel", "not_camel"),
            ("Übergröße", "übergröße"),
            ("A", "a"),
        ] {
            assert_eq!(snake_case(name), expected);
        }
    }

    #[test]
    fn what_a_key_can_be() {
        check("enum Arm { A, B = 7 }", &[]);
        check("struct Country(String);", &[]);
        check("struct Slice { window: TimeWindow, arm: Arm }", &[]);
        check_texts(
            "enum Arm { Control, #[partition_key(\"variant B\")] B, r#Type }",
            &["control", "variant B", "type"],
        );
    }

    #[test]
    fn all_mistakes_are_reported() {
        check(
            "enum Arm { A(u8), B {}, #[partition_key] C, #[partition_key = \"d\"] D, #[partition_key(\"\")] E }",
            &[
                "a variant with data has no text",
                "`#[partition_key]` takes the text of the variant: `#[partition_key(\"…\")]`",
                "`#[partition_key]` takes the text of the variant: `#[partition_key(\"…\")]`",
                "a text of a key is empty",
            ],
        );
        check(
            "enum Arm { A, #[partition_key(\"a\")] B, #[partition_key(\"a\")] C }",
            &["another variant has the text `a` as well"; 2],
        );
        check("enum Arm { Ab, AB }", &["another variant has the text `ab` as well"]);
        check(
            "enum Arm { #[partition_key(\"a\")] #[partition_key(\"b\")] A }",
            &["`partition_key` is given twice"],
        );
        let belongs = "`#[partition_key(\"…\")]` belongs before a variant of an enum, whose text it is";
        check("#[partition_key(\"a\")] struct Country(#[partition_key(\"a\")] String);", &[belongs; 2]);
        check("enum Arm {}", &["an enum without variants has no texts"]);
        let empty = "a struct without fields has no value";
        check("struct Key;", &[empty]);
        check("struct Key {}", &[empty]);
        check("struct Key();", &[empty]);
        check("struct Key(u8, u8);", &["the values of a key with several dimensions have names"]);
        check("union Key { a: u8 }", &["`#[derive(FromPartitionKey)]` belongs before an enum or a struct"]);
        check(
            "struct Key<T>(T);",
            &["a partition key has no generic parameters, as the definitions need every type"],
        );
        let long = format!("enum Arm {{ #[partition_key(\"{}\")] A }}", "a".repeat(256));
        check(&long, &["the text of a key has 256 characters, and may have 255"]);
    }
}
