//! The text of a doc comment.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The lines of the doc comment among `attributes`, without the indentation that all of them share.
pub(crate) fn doc_comment(attributes: &[Attribute]) -> String {
    let texts: Vec<String> = attributes.iter().filter_map(doc_text).collect();
    let lines: Vec<&str> = texts.iter().flat_map(|text| text.lines()).collect();
    let indentation = |line: &&str| line.len() - line.trim_start().len();
    let shared = lines.iter().filter(|line| !line.trim().is_empty()).map(indentation).min().unwrap_or(0);
    let lines: Vec<&str> = lines.iter().map(|line| line.get(shared..).unwrap_or("").trim_end()).collect();
    lines.join("\n").trim().to_owned()
}

fn doc_text(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attribute.meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &meta.value else { return None };
    // An empty line has no `lines()`.
    let text = if text.value().is_empty() { "\n".to_owned() } else { text.value() };
    meta.path.is_ident("doc").then_some(text)
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::*;

    fn check(source: &str, expected: &str) {
        let item: syn::ItemStruct = syn::parse_str(&format!("{source} struct S;")).unwrap();
        assert_eq!(doc_comment(&item.attrs), expected, "{}", item.to_token_stream());
    }

    #[test]
    fn texts() {
        check("", "");
        check("/// One line.\n", "One line.");
        check("/// One.\n///\n/// - a\n///   b\n", "One.\n\n- a\n  b");
        check("///Without a space.\n/// With one.\n", "Without a space.\n With one.");
        check("#[derive(Debug)]\n/// One.\n#[allow(dead_code)]\n/// Two.\n", "One.\nTwo.");
        check("#[doc = \"Written out.\"]", "Written out.");
        check("#[doc(hidden)]", "");
    }
}
