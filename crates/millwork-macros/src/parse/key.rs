//! The key of an asset: its prefix, and its name.

use syn::LitStr;

/// A key, as far as the macros know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(String);

impl Key {
    /// The key of the asset called `name`, in the folder `prefix` if there is one.
    pub(crate) fn new(prefix: Option<&LitStr>, name: &str) -> Self {
        Self(prefix.map_or_else(|| name.to_owned(), |prefix| format!("{}/{name}", prefix.value())))
    }

    /// The same name in the folder `prefix`.
    pub(crate) fn within(self, prefix: &LitStr) -> Self {
        Self::new(Some(prefix), &self.0)
    }

    /// The key as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a prefix or a whole key is invalid; `None` if it is valid. The rule is that of the core's `AssetKey`.
pub(super) fn prefix_problem(prefix: &str) -> Option<String> {
    prefix.split('/').find_map(segment_problem)
}

/// Why the last segment of a key is invalid; `None` if it is valid.
pub(super) fn name_problem(name: &str) -> Option<String> {
    if name.contains('/') {
        return Some("a name has no `/`; hint: say where it belongs with `key_prefix`".into());
    }
    segment_problem(name)
}

fn segment_problem(segment: &str) -> Option<String> {
    let allowed = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.');
    if segment.is_empty() {
        return Some("a key has no empty segment".into());
    }
    if segment.starts_with('.') {
        return Some(format!("the segment `{segment}` of a key starts with a dot"));
    }
    let char = segment.chars().find(|char| !allowed(*char))?;
    Some(format!("a key cannot contain {char:?}; hint: use letters, digits, `_`, `-` and `.`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(problem: fn(&str) -> Option<String>, text: &str, good: bool) {
        assert_eq!(problem(text).is_none(), good, "{text:?}: {:?}", problem(text));
    }

    #[test]
    fn names() {
        for good in ["stories", "stories-v2.1", "größe"] {
            check(name_problem, good, true);
        }
        for bad in ["", "a/b", "..", ".hidden", "a b", "a:b", "a*"] {
            check(name_problem, bad, false);
        }
    }

    #[test]
    fn prefixes() {
        for good in ["hackernews", "a/b/c"] {
            check(prefix_problem, good, true);
        }
        for bad in ["", "a/", "/a", "a//b", "a/../b", "a b"] {
            check(prefix_problem, bad, false);
        }
    }

    #[test]
    fn keys() {
        assert_eq!(Key::new(None, "a").as_str(), "a");
        let prefix = LitStr::new("x/y", proc_macro2::Span::call_site());
        assert_eq!(Key::new(Some(&prefix), "a").as_str(), "x/y/a");
    }
}
