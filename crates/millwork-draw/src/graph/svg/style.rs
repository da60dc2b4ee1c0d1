//! The colours and fonts of a picture.

/// How many colours there are for groups; further groups start again.
pub(super) const GROUP_COLOURS: usize = 8;

/// The style sheet of every picture.
pub(super) const STYLE: &str = "\
.millwork-graph text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
.millwork-graph .label{font:600 13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#18212f}
.millwork-graph .group{font-size:11px;font-weight:600}
.millwork-graph .kind{font-size:10px;text-anchor:middle;fill:#566275}
.millwork-graph .word{font-size:11px;fill:#566275}
.millwork-graph .canvas{fill:#f6f8fa}
.millwork-graph .card{fill:#fff;stroke:#d3dae3;stroke-width:1.2}
.millwork-graph .pill{fill:#eef2f6}
.millwork-graph .edge{fill:none;stroke:#a9b4c2;stroke-width:1.6}
.millwork-graph .head{fill:#8d9aab}
.millwork-graph .edge.followed{stroke-dasharray:6 4}
.millwork-graph .gate{fill:#fff;stroke:#7a3fc4;stroke-width:1.6}
.millwork-graph text.followed{font-size:10px;text-anchor:middle;fill:#566275;stroke:#f6f8fa;stroke-width:3px;paint-order:stroke}
.millwork-graph .glyph path{fill:none;stroke:#fff;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.millwork-graph .glyph.running path{fill:#fff;stroke-width:1}
.millwork-graph .glyph.missing path{stroke:#6b7789}
.millwork-graph .ring{fill:none;stroke:#6b7789;stroke-width:1.6;stroke-dasharray:2.9 1.5}
.millwork-graph .fresh .disc{fill:#1f9254}
.millwork-graph .stale .disc{fill:#b87400}
.millwork-graph .failed .disc{fill:#d13438}
.millwork-graph .running .disc{fill:#2f6fde}
.millwork-graph .stale .card{stroke:#dfb36a}
.millwork-graph .failed .card{stroke:#d13438;fill:#fff6f5}
.millwork-graph .running .card{stroke:#2f6fde;fill:#f4f8ff}
.millwork-graph .external .card{fill:none;stroke:#8d9aab;stroke-dasharray:5 4}
.millwork-graph .dimmed{opacity:.35}
.millwork-graph a:hover .card{stroke-width:2.2}
.millwork-graph .group-0 .bar,.millwork-graph .group-0 .group{fill:#2563c9}
.millwork-graph .group-1 .bar,.millwork-graph .group-1 .group{fill:#0b7a75}
.millwork-graph .group-2 .bar,.millwork-graph .group-2 .group{fill:#7a3fc4}
.millwork-graph .group-3 .bar,.millwork-graph .group-3 .group{fill:#b4530a}
.millwork-graph .group-4 .bar,.millwork-graph .group-4 .group{fill:#b8326f}
.millwork-graph .group-5 .bar,.millwork-graph .group-5 .group{fill:#3f7a1e}
.millwork-graph .group-6 .bar,.millwork-graph .group-6 .group{fill:#0e6f9e}
.millwork-graph .group-7 .bar,.millwork-graph .group-7 .group{fill:#8a6410}
@media (prefers-color-scheme:dark){
.millwork-graph .label{fill:#e8edf4}
.millwork-graph .kind,.millwork-graph .word{fill:#9aa7b8}
.millwork-graph .canvas{fill:#0f141a}
.millwork-graph .card{fill:#1a2129;stroke:#344050}
.millwork-graph .pill{fill:#28313d}
.millwork-graph .edge{stroke:#5f6e81}
.millwork-graph .head{fill:#7f8da0}
.millwork-graph .gate{fill:#1a2129;stroke:#c19bff}
.millwork-graph text.followed{fill:#9aa7b8;stroke:#0f141a}
.millwork-graph .glyph.missing path,.millwork-graph .ring{stroke:#8f9cae}
.millwork-graph .stale .card{stroke:#8a6420}
.millwork-graph .failed .card{stroke:#e5565a;fill:#2b1a1d}
.millwork-graph .running .card{stroke:#5b93f5;fill:#17233a}
.millwork-graph .external .card{fill:none;stroke:#6b7a8d}
.millwork-graph .group-0 .bar,.millwork-graph .group-0 .group{fill:#7fb0ff}
.millwork-graph .group-1 .bar,.millwork-graph .group-1 .group{fill:#4fd1c5}
.millwork-graph .group-2 .bar,.millwork-graph .group-2 .group{fill:#c19bff}
.millwork-graph .group-3 .bar,.millwork-graph .group-3 .group{fill:#f7a35c}
.millwork-graph .group-4 .bar,.millwork-graph .group-4 .group{fill:#ff8fc0}
.millwork-graph .group-5 .bar,.millwork-graph .group-5 .group{fill:#9bd46a}
.millwork-graph .group-6 .bar,.millwork-graph .group-6 .group{fill:#63c7f5}
.millwork-graph .group-7 .bar,.millwork-graph .group-7 .group{fill:#e0c060}
}
";
