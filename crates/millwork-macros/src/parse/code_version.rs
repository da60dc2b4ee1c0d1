//! The default code version of a function: a hash of its tokens.
//!
//! Two texts have the same version when they differ in white space, comments, doc comments, or in the commas that a
//! formatter adds and removes. Anything else counts. The tokens go into the hash one by one, each behind its length,
//! so that no two sequences of tokens are the same bytes.

use proc_macro2::{Delimiter, Group, Punct, Spacing, TokenStream, TokenTree};

/// The version of code that consists of these parts.
pub(super) fn code_version(parts: &[&TokenStream]) -> String {
    let mut hash = Fnv1a::new();
    for part in parts {
        hash_tokens(&mut hash, (*part).clone(), Around::Nothing);
        hash.part("end");
    }
    format!("{:032x}", hash.0)
}

/// Operators of more than one character, longest first. Where two of their characters stand side by side by chance, as
/// in `x=-1`, they are not one, and white space between them has no meaning.
const OPERATORS: [&str; 24] = [
    "<<=", ">>=", "...", "..=", "&&", "||", "==", "!=", "<=", ">=", "=>", "->", "::", "..", "+=", "-=", "*=",
    "/=", "%=", "^=", "&=", "|=", "<<", ">>",
];

/// Words before a parenthesis that don't call anything.
const KEYWORDS: [&str; 14] = [
    "as", "break", "else", "if", "in", "let", "match", "move", "mut", "ref", "return", "while", "where",
    "yield",
];

/// What a sequence of tokens is the inside of.
#[derive(Clone, Copy, PartialEq)]
enum Around {
    Nothing,
    /// Parentheses, or brackets, of which the last comma has no meaning.
    List,
    /// Parentheses that may be a tuple: the only comma of `(a,)` makes it one.
    Tuple,
    Braces,
}

fn hash_tokens(hash: &mut Fnv1a, tokens: TokenStream, around: Around) {
    let tokens = without_doc_comments(tokens);
    let mut index = 0;
    let mut after_callee = false;
    while let Some(token) = tokens.get(index) {
        let mut length = 1;
        match token {
            TokenTree::Punct(_) => {
                let operator = operator(&tokens[index..]);
                if operator != "," || comma_counts(&tokens, index, around) {
                    hash.part("operator").part(&operator);
                }
                length = operator.len();
                after_callee = matches!(&*operator, ">" | "?" | "!");
            }
            TokenTree::Group(group) => {
                hash.part("open").part(delimiter(group));
                hash_tokens(hash, group.stream(), Around::of(group.delimiter(), after_callee));
                hash.part("close");
                after_callee = group.delimiter() != Delimiter::Brace;
            }
            TokenTree::Ident(ident) => {
                let word = ident.to_string();
                hash.part("word").part(&word);
                after_callee = !KEYWORDS.contains(&&*word);
            }
            TokenTree::Literal(literal) => {
                hash.part("literal").part(&literal.to_string());
                after_callee = false;
            }
        }
        index += length;
    }
}

/// What encloses a group, as it goes into the hash. These words never change.
fn delimiter(group: &Group) -> &'static str {
    match group.delimiter() {
        Delimiter::Parenthesis => "Parenthesis",
        Delimiter::Brace => "Brace",
        Delimiter::Bracket => "Bracket",
        Delimiter::None => "None",
    }
}

impl Around {
    fn of(delimiter: Delimiter, after_callee: bool) -> Self {
        match delimiter {
            Delimiter::Parenthesis if after_callee => Self::List,
            Delimiter::Parenthesis => Self::Tuple,
            Delimiter::Bracket => Self::List,
            Delimiter::Brace => Self::Braces,
            Delimiter::None => Self::Nothing,
        }
    }
}

/// Whether the comma at `index` is one that a formatter would leave alone.
fn comma_counts(tokens: &[TokenTree], index: usize, around: Around) -> bool {
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    match tokens.get(index + 1) {
        None => around == Around::Tuple && tokens.iter().filter(|token| is_comma(token)).count() == 1,
        Some(TokenTree::Punct(next)) if next.as_char() == '>' => false,
        Some(_) => !(around == Around::Braces && index > 0 && is_block(&tokens[index - 1])),
    }
}

fn is_block(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// The operator that `tokens` start with.
fn operator(tokens: &[TokenTree]) -> String {
    let mut run = String::new();
    for token in tokens {
        let TokenTree::Punct(punct) = token else { break };
        run.push(punct.as_char());
        if punct.spacing() == Spacing::Alone || run.len() == 3 {
            break;
        }
    }
    match OPERATORS.iter().find(|operator| run.starts_with(**operator)) {
        Some(operator) => (*operator).to_owned(),
        None => run.chars().take(1).collect(),
    }
}

fn without_doc_comments(tokens: TokenStream) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_attribute = matches!(&token, TokenTree::Punct(punct) if is_hash(punct));
        match tokens.peek() {
            Some(TokenTree::Group(group)) if is_attribute && is_doc(group.stream()) => drop(tokens.next()),
            _ => kept.push(token),
        }
    }
    kept
}

fn is_hash(punct: &Punct) -> bool {
    punct.as_char() == '#'
}

fn is_doc(attribute: TokenStream) -> bool {
    matches!(attribute.into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc")
}

/// FNV-1a with 128 bits, as in RFC 9923: short, and the same in every release of every compiler.
struct Fnv1a(u128);

impl Fnv1a {
    const OFFSET_BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

    fn new() -> Self {
        Self(Self::OFFSET_BASIS)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(Self::PRIME);
        }
    }

    fn part(&mut self, part: &str) -> &mut Self {
        self.bytes(&(part.len() as u64).to_le_bytes());
        self.bytes(part.as_bytes());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(source: &str) -> String {
        code_version(&[&source.parse().unwrap()])
    }

    fn same(a: &str, b: &str) {
        assert_eq!(version(a), version(b), "{a} | {b}");
    }

    fn differ(a: &str, b: &str) {
        assert_ne!(version(a), version(b), "{a} | {b}");
    }

    #[test]
    fn formatting_does_not_count() {
        same("fn f(a: &A) -> B { a.b(1) }", "fn f(\n    a: &A,\n) -> B {\n    a.b(1) // why\n}");
        same("fn f(a:&A,b:&B){}", "fn f(a: &A, b: &B,) { }");
        same("{ x=-1; y=&&z; f(a,&b) }", "{ x = -1; y = &&z; f(a, &b) }");
        same("vec![a, b]", "vec![\n    a,\n    b,\n]");
        same("match a { A => {} B => {} }", "match a { A => {}, B => {}, }");
        same("a.map(f::<T>(b))", "a.map(\n    f::<T>(\n        b,\n    ),\n)");
        same("Map<A, B>", "Map<A, B,>");
        same(
            "/// Old.\nfn f() { /// Inside.\n let a = 1; }",
            "/// New.\n/// Two lines.\nfn f() { let a = 1; }",
        );
    }

    #[test]
    fn code_counts() {
        differ("a + 1", "a + 2");
        differ("a + 1", "b + 1");
        differ("\"a b\"", "\"a  b\"");
        differ("a b", "ab");
        differ("a && b", "a & &b");
        differ("(a,)", "(a)");
        differ("return (a,);", "return (a);");
        differ("f(a, b)", "f(a)(b)");
        differ("(a, b)", "(a b)");
        differ("{ a } b", "{ a b }");
        differ("#[cfg(x)] fn f() {}", "fn f() {}");
        assert_ne!(
            code_version(&[&"a".parse().unwrap(), &"b".parse().unwrap()]),
            code_version(&[&"a b".parse().unwrap(), &"".parse().unwrap()])
        );
    }

    /// The published values of the hash.
    #[test]
    fn hash_is_fnv1a() {
        for (text, expected) in [
            ("", 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d),
            ("a", 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964),
            ("foobar", 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18),
        ] {
            let mut hash = Fnv1a::new();
            hash.bytes(text.as_bytes());
            assert_eq!(hash.0, expected, "{text}");
        }
    }

    /// Stored versions must stay what they are: this value may never change.
    #[test]
    fn versions_are_forever() {
        assert_eq!(version("fn f(a: &A) -> B { a.b(1, \"x\") }"), "ddb796611cf50221d69d45e2a33869af");
    }
}
