//! The browser performs user actions, and the audit finds exactly the violations.

#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use millwork_browser::{Browser, Page, View};

/// A valid page around a fragment that is to be audited.
fn whole(piece: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>t</title>\
         <style>body {{ background: #fff; color: #222 }}</style>\
         <header><nav aria-label=Pages><a href='#x'>Home</a></nav></header><main><h1>One</h1>{piece}</main></html>"
    )
}

fn open(page: &Page, html: &str) {
    page.goto(&format!("data:text/html;charset=utf-8;base64,{}", STANDARD.encode(html))).unwrap();
}

/// The rules that a fragment of a page violates.
fn check(page: &Page, piece: &str, expected: &[&str]) {
    open(page, &whole(piece));
    let found = page.audit().unwrap();
    let mut rules: Vec<&str> = found.iter().map(|finding| finding.rule.as_str()).collect();
    rules.dedup();
    assert_eq!(rules, expected, "{piece}: {found:#?}");
}

#[test]
fn what_is_wrong_is_found() {
    let Some(browser) = Browser::for_test() else { return };
    let page = browser.page().unwrap();
    check(&page, "<p>Fine</p>", &[]);
    for (piece, rule) in [
        ("<input>", Some("label")),
        ("<input placeholder=Name>", Some("label")),
        ("<label>Name <input></label>", None),
        ("<label for=n>Name</label><input id=n>", None),
        ("<input type=hidden><button>Go</button>", None),
        ("<button><svg aria-hidden=true></svg></button>", Some("name")),
        ("<button aria-label=Close><svg aria-hidden=true></svg></button>", None),
        ("<a href=x><img src=x alt=Home></a>", None),
        ("<a href=x><img src=x alt=''></a>", Some("name")),
        ("<svg role=img width=9 height=9></svg>", Some("name")),
        ("<svg role=img width=9 height=9><title>A plot</title></svg>", None),
        ("<a href=x>One <button>Two</button></a>", Some("nesting")),
        ("<h1>Two</h1>", Some("heading")),
        ("<h3>Three</h3>", Some("heading")),
        ("<h2>Two</h2><h3>Three</h3><h2>Two</h2>", None),
        ("<p id=a></p><p id=a></p>", Some("id")),
        ("<p aria-describedby=nothing>Text</p>", Some("reference")),
        ("<table><tr><th>A</th></tr></table>", Some("table")),
        ("<table><tr><th scope=col>A</th></tr></table>", None),
        ("<p tabindex=3>Text</p>", Some("order")),
        ("<p style='color: #999'>Grey</p>", Some("contrast")),
        ("<p style='color: #999; font-size: 24px; font-weight: 700; color: #888'>Large</p>", None),
        ("<div style='background: #222'><p>Dark on dark</p></div>", Some("contrast")),
        ("<div style='background: #222'><p style='color: oklch(0.95 0 0)'>Light on dark</p></div>", None),
        ("<div style='opacity: 0.4'><p>Faint</p></div>", Some("contrast")),
        (
            "<svg aria-hidden=true><rect width=99 height=20 fill=#222 /><text y=15 fill=#333>a</text></svg>",
            Some("contrast"),
        ),
        (
            "<svg aria-hidden=true><rect width=99 height=20 fill=#222 /><text y=15 fill=#eee>a</text></svg>",
            None,
        ),
        ("<p style='width: 3000px'>Wide</p>", Some("overflow")),
        ("<div style='overflow-x: auto'><p style='width: 3000px'>Wide</p></div>", None),
    ] {
        check(&page, piece, rule.as_slice());
    }
    page.look(View::ALL[2]).unwrap();
    check(&page, "<p style='width: 400px'>Too wide for a phone</p>", &["overflow"]);
}

#[test]
fn a_page_is_used_as_by_people() {
    let Some(browser) = Browser::for_test() else { return };
    let page = browser.page().unwrap();
    let form = "<form action='javascript:void 0'><label>Name <input id=n></label><button>Go</button></form><p id=said></p>\
                <script>
                  document.querySelector('form').onsubmit = () => { said.textContent = 'Hello ' + n.value; console.error('late'); };
                  addEventListener('keydown', (event) => { if (event.key === 'k' && event.ctrlKey) n.focus(); });
                </script>";
    open(&page, &whole(form));
    page.press("Control+k").unwrap();
    page.write("Ada").unwrap();
    page.click("button").unwrap();
    page.wait_until("said.textContent").unwrap();
    assert_eq!(page.text("#said").unwrap(), "Hello Ada");
    assert!(page.complaints().iter().any(|complaint| complaint.contains("late")));
    page.click("#n").unwrap();
    page.write(" L.").unwrap();
    page.press("Enter").unwrap();
    page.wait_until("said.textContent === 'Hello Ada L.'").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.png");
    page.screenshot(&file).unwrap();
    assert!(std::fs::read(file).unwrap().starts_with(b"\x89PNG"));
    page.look(View::ALL[3]).unwrap();
    let is_dark =
        page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches && innerWidth === 360").unwrap();
    assert_eq!(is_dark, true);
    assert!(page.click("#nothing").is_err());
    assert!(page.evaluate("throw new Error('no')").unwrap_err().to_string().contains("no"));
}
