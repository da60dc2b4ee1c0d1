//! The subjects of the embedded sample's stories: topics that attract more or fewer comments, and forms of a title.

/// A topic of titles.
pub(super) struct Topic {
    /// The host that its links point to.
    pub(super) host: &'static str,
    /// The natural logarithm of the number of comments on a plain title about it.
    pub(super) heat: f64,
    /// Words that name the topic; each title has one.
    pub(super) names: &'static [&'static str],
    /// The details that a title may mention.
    pub(super) details: &'static [&'static str],
}

/// The shape of a title, with `{name}` and `{detail}` to fill in.
pub(super) struct Form {
    /// The text.
    pub(super) text: &'static str,
    /// The logarithm that it adds to that of the topic.
    pub(super) heat: f64,
    /// Whether such a story has a link.
    pub(super) links: bool,
}

const fn link(text: &'static str, heat: f64) -> Form {
    Form { text, heat, links: true }
}

const fn text_post(text: &'static str, heat: f64) -> Form {
    Form { text, heat, links: false }
}

pub(super) const FORMS: &[Form] = &[
    link("{name} and {detail}", 0.0),
    link("{name} for {detail}", 0.0),
    link("{name} without {detail}", 0.1),
    link("How {name} changed {detail}", 0.0),
    link("Why {name} needs {detail}", 0.2),
    link("{name}: {detail} in practice", -0.1),
    link("{name} &amp; {detail}", 0.0),
    link("{name} &ndash; notes on {detail}", -0.1),
    link("A short history of {name} and {detail}", 0.1),
    link("A field guide to {name}: {detail}", -0.2),
    link("{name}, {detail} and other mistakes", 0.2),
    link("The trouble with {name} is {detail}", 0.3),
    link("Ten years of {name}: lessons from {detail}", 0.2),
    link("{name} meets {detail} [pdf]", -0.5),
    link("{name} explained through {detail} [video]", -0.5),
    link("We don&#x27;t need {name}, we need {detail}", 0.3),
    link("Show HN: {name} with {detail}", 0.1),
    link("Show HN: I built a tool for {name} and {detail}", 0.1),
    text_post("Ask HN: How do you deal with {name} and {detail}?", 0.4),
    text_post("Ask HN: Is {name} worth it for {detail}?", 0.4),
];

pub(super) const TOPICS: &[Topic] = &[
    Topic {
        host: "salaries.example",
        heat: 4.6,
        names: &["salary", "salary transparency", "salary bands", "the average salary"],
        details: &["equity", "honest negotiation", "job offers", "layoffs", "contractors", "promotions"],
    },
    Topic {
        host: "offices.example",
        heat: 4.2,
        names: &["remote work", "remote offices", "remote teams", "remote interviews"],
        details: &["commuting", "loneliness", "meetings", "trust", "time zones", "managers", "burnout"],
    },
    Topic {
        host: "privacy.example",
        heat: 3.7,
        names: &["privacy", "online privacy", "privacy law", "surveillance"],
        details: &["phones", "governments", "encryption", "advertising", "consent", "leaked records"],
    },
    Topic {
        host: "browsers.example",
        heat: 3.2,
        names: &["the browser", "browser extensions", "browser engines", "ad blockers"],
        details: &["cookies", "standards", "private tabs", "monopolies", "slow pages", "bookmarks"],
    },
    Topic {
        host: "languages.example",
        heat: 2.9,
        names: &["Rust", "Python", "type systems", "garbage collection", "functional programming"],
        details: &[
            "memory safety",
            "compile times",
            "error messages",
            "old codebases",
            "beginners",
            "exceptions",
        ],
    },
    Topic {
        host: "cities.example",
        heat: 2.7,
        names: &["housing", "public transport", "rent", "cycling", "parking"],
        details: &["zoning", "suburbs", "small towns", "young families", "planners", "density"],
    },
    Topic {
        host: "databases.example",
        heat: 1.8,
        names: &["PostgreSQL", "SQLite", "query planners", "database indexes", "replication"],
        details: &["backups", "migrations", "slow queries", "transactions", "time series", "locking"],
    },
    Topic {
        host: "kernels.example",
        heat: 1.7,
        names: &["Linux", "the scheduler", "file systems", "containers", "init systems"],
        details: &["laptops", "drivers", "latency", "power saving", "boot times", "namespaces"],
    },
    Topic {
        host: "learning.example",
        heat: 1.6,
        names: &["machine learning", "neural networks", "language models", "gradient boosting"],
        details: &["small data", "evaluation", "labels", "benchmarks", "hallucination", "batch jobs"],
    },
    Topic {
        host: "energy.example",
        heat: 1.5,
        names: &["solar power", "heat pumps", "wind farms", "battery storage", "nuclear power"],
        details: &["grids", "winter", "subsidies", "rural homes", "peak demand", "recycling"],
    },
    Topic {
        host: "startups.example",
        heat: 1.1,
        names: &["startups", "side projects", "pricing", "the first customer"],
        details: &["landing pages", "investors", "churn", "cofounders", "support", "invoices"],
    },
    Topic {
        host: "space.example",
        heat: 0.9,
        names: &["telescopes", "the moon", "orbital debris", "a comet", "Mars"],
        details: &["launch windows", "sample return", "radio silence", "cheap sensors", "amateurs", "dust"],
    },
    Topic {
        host: "biology.example",
        heat: 0.6,
        names: &["fungi", "gut bacteria", "bird migration", "coral", "honeybees"],
        details: &["evolution", "climate", "field work", "genomes", "pesticides", "symbiosis"],
    },
    Topic {
        host: "mathematics.example",
        heat: 0.4,
        names: &["prime numbers", "knot theory", "topology", "proof assistants", "tilings"],
        details: &["intuition", "counterexamples", "origami", "juggling", "puzzles", "chalkboards"],
    },
    Topic {
        host: "retro.example",
        heat: 0.3,
        names: &["floppy disks", "pixel art", "teletypes", "vacuum tubes", "arcade cabinets"],
        details: &["emulation", "restoration", "soldering", "museums", "cartridges", "sound chips"],
    },
    Topic {
        host: "type.example",
        heat: 0.1,
        names: &["typography", "letterpress", "monospace fonts", "bookbinding", "ligatures"],
        details: &["kerning", "paper", "legibility", "signage", "ink", "workshops"],
    },
];
