//! Descriptions, which are doc comments mostly: what stands in backticks is code, and everything else is text.

use millwork_draw::markup::escaped;

/// The HTML of a description.
pub(crate) fn prose(text: &str) -> String {
    // Escaping neither makes nor takes backticks.
    let text = escaped(text);
    let (mut html, mut rest) = (String::with_capacity(text.len()), text.as_str());
    while let Some((before, code, after)) = first_code(rest) {
        html.push_str(&format!("{before}<code>{code}</code>"));
        rest = after;
    }
    html + rest
}

/// The first code of a text, with what is before and behind it: between two runs of as many backticks.
fn first_code(text: &str) -> Option<(&str, &str, &str)> {
    let (before, marked) = text.split_at(text.find('`')?);
    let run = |text: &str| text.len() - text.trim_start_matches('`').len();
    let (opening, mut end) = (run(marked), 0);
    let inner = &marked[opening..];
    loop {
        end += inner[end..].find('`')?;
        let closing = run(&inner[end..]);
        if closing == opening {
            return Some((before, inner[..end].trim(), &inner[end + closing..]));
        }
        end += closing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_backticks_is_code() {
        for (text, expected) in [
            ("no code", "no code"),
            ("`a` and `b<c>`.", "<code>a</code> and <code>b&lt;c&gt;</code>."),
            ("`` a`b `` c", "<code>a`b</code> c"),
            ("one ` alone, `` two", "one ` alone, `` two"),
            ("<b>`</b>`", "&lt;b&gt;<code>&lt;/b&gt;</code>"),
            ("", ""),
        ] {
            assert_eq!(prose(text), expected, "{text}");
        }
    }
}
