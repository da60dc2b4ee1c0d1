//! Views of a page: the window's size, and the light or dark colour scheme.

/// The colours that the reader prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// A view of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The view's name, as in the names of screenshots.
    pub name: &'static str,
    /// The window's width, in CSS pixels.
    pub width: u32,
    /// The window's height, in CSS pixels.
    pub height: u32,
    /// The colour scheme.
    pub scheme: Scheme,
}

impl View {
    /// The four views in which every page is audited.
    pub const ALL: [Self; 4] = [
        Self::of("desktop-light", 1280, 800, Scheme::Light),
        Self::of("desktop-dark", 1280, 800, Scheme::Dark),
        Self::of("phone-light", 360, 740, Scheme::Light),
        Self::of("phone-dark", 360, 740, Scheme::Dark),
    ];

    const fn of(name: &'static str, width: u32, height: u32, scheme: Scheme) -> Self {
        Self { name, width, height, scheme }
    }
}

impl Scheme {
    /// The scheme's name in CSS.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}
