//! Markdown of users as safe HTML: markup that isn't known here is shown as text.

#![expect(clippy::wildcard_enum_match_arm, reason = "Markdown that isn't known here is shown as text")]

use std::fmt::Write as _;

use millwork_draw::markup::escaped;
use pulldown_cmark::{Alignment, CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// The maximum length of a text, in bytes; longer ones are cut.
const LONGEST: usize = 100_000;

/// The HTML of a Markdown text. HTML within the text is shown as it is written; links lead only to the web, to mail, and to our own
/// pages; images become links.
pub(super) fn markdown(text: &str) -> String {
    let end = (0..=LONGEST.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let mut page = String::with_capacity(end + end / 4);
    let mut is_head = false;
    for event in Parser::new_ext(&text[..end], Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        // Writing into a string doesn't fail.
        let _ = match event {
            Event::Start(tag) => {
                is_head |= matches!(tag, Tag::TableHead);
                page.write_str(&opening(&tag, is_head))
            }
            Event::End(tag) => {
                is_head &= !matches!(tag, TagEnd::TableHead);
                page.write_str(&closing(tag, is_head))
            }
            Event::Code(code) => write!(page, "<code>{}</code>", escaped(&code)),
            Event::SoftBreak => page.write_str("\n"),
            Event::HardBreak => page.write_str("<br>"),
            Event::Rule => page.write_str("<hr>"),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                page.write_str(&escaped(&text))
            }
            _ => Ok(()),
        };
    }
    page
}

/// Whether a link to the address is allowed.
pub(super) fn is_harmless(address: &str) -> bool {
    let is_path = (address.starts_with('/') && !address.starts_with("//")) || address.starts_with('#');
    let lower = address.trim_start().to_ascii_lowercase();
    is_path || ["https://", "http://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme))
}

fn opening(tag: &Tag<'_>, is_head: bool) -> String {
    match tag {
        Tag::Heading { level, .. } => format!("<{}>", heading(*level)),
        Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => "<pre><code>".into(),
        Tag::List(Some(start)) => format!("<ol start=\"{start}\">"),
        Tag::Table(alignments) => {
            let is_numeric = alignments.contains(&Alignment::Right);
            format!("<table{}>", if is_numeric { " class=\"numeric\"" } else { "" })
        }
        Tag::TableCell if is_head => "<th scope=\"col\">".into(),
        Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } if is_harmless(dest_url) => {
            format!("<a rel=\"noopener noreferrer\" href=\"{}\">", escaped(dest_url))
        }
        tag => element(tag.to_end(), is_head).map(|name| format!("<{name}>")).unwrap_or_default(),
    }
}

fn closing(tag: TagEnd, is_head: bool) -> String {
    match tag {
        TagEnd::CodeBlock => "</code></pre>".into(),
        TagEnd::Link | TagEnd::Image => "</a>".into(),
        tag => element(tag, is_head).map(|name| format!("</{name}>")).unwrap_or_default(),
    }
}

fn element(tag: TagEnd, is_head: bool) -> Option<&'static str> {
    Some(match tag {
        TagEnd::Paragraph => "p",
        TagEnd::Heading(level) => heading(level),
        TagEnd::BlockQuote(_) => "blockquote",
        TagEnd::List(true) => "ol",
        TagEnd::List(false) => "ul",
        TagEnd::Item => "li",
        TagEnd::Emphasis => "em",
        TagEnd::Strong => "strong",
        TagEnd::Strikethrough => "del",
        TagEnd::Table => "table",
        TagEnd::TableHead | TagEnd::TableRow => "tr",
        TagEnd::TableCell if is_head => "th",
        TagEnd::TableCell => "td",
        TagEnd::Link | TagEnd::Image => "a",
        _ => return None,
    })
}

/// The level of a heading below those of the page.
fn heading(level: HeadingLevel) -> &'static str {
    match level {
        HeadingLevel::H1 => "h3",
        HeadingLevel::H2 => "h4",
        _ => "h5",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_marked_up_and_the_rest_is_text() {
        for (text, expected) in [
            ("# A\nb *c*", "<h3>A</h3><p>b <em>c</em></p>"),
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("a <img src=x onerror=y> b", "<p>a &lt;img src=x onerror=y&gt; b</p>"),
            ("[a](https://b.c)", "<p><a rel=\"noopener noreferrer\" href=\"https://b.c\">a</a></p>"),
            ("[a](javascript:b)", "<p><a>a</a></p>"),
            ("[a](JaVascript&#58;b)", "<p><a>a</a></p>"),
            ("![a](data:text/html,b)", "<p><a>a</a></p>"),
            ("[a](//evil)", "<p><a>a</a></p>"),
            ("`<b>`", "<p><code>&lt;b&gt;</code></p>"),
            (
                "|a|\n|-|\n|<i>|",
                "<table><tr><th scope=\"col\">a</th></tr><tr><td>&lt;i&gt;</td></tr></table>",
            ),
        ] {
            assert_eq!(markdown(text), expected, "{text}");
        }
        assert!(markdown(&"ü*[".repeat(1 << 20)).len() < 1 << 20);
    }
}
