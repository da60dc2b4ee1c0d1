# The front door: what a developer does, and what CI calls.

# List the recipes
default:
    @just --list

# Format everything
format:
    cargo fmt --all

# What has to hold before a commit: format, lints, documentation
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# The tests of the README, and those that want Python
test:
    cargo test --workspace

# The comparisons with scikit-learn, SciPy and five versions of XGBoost, in virtual environments of their own
test-python:
    pythons=$(.ci/pythons) && eval "$pythons" && cargo test -p millwork-ml --test ml -- --nocapture backends:: boosting:: comparison:: drift:: encoders:: exchange:: metrics:: python:: splits:: text_grid::

# Licences, advisories and duplicates of dependencies (needs cargo-deny)
deny:
    cargo deny check licenses bans sources

# Run the reference job
run *arguments:
    cargo run -p hackernews -- {{arguments}}

# Time the reference job, synthetic graphs and start-up: one table of medians
bench *arguments:
    cargo build --release -p hackernews -p synthetic -p benches
    cargo run --release -p benches --bin benches -- {{arguments}}

# Time vectorizing, training and prediction beside scikit-learn, XGBoost and LightGBM (where MILLWORK_PYTHON has them)
bench-ml *arguments:
    cargo run --release -p benches --bin ml -- {{arguments}}

# Time a pipeline as a service: launches, a full queue, ticks, the API, an idle server, automation
bench-service:
    cargo build --release -p service -p benches
    cargo run --release -p benches --bin as_a_service
    cargo run --release -p benches --bin automation

# Time what a model's life costs: a gate, the move of an alias, the pages of 1,000 versions, the reproduction of a run, and how good it is in use
bench-models: && bench-monitor
    cargo build --release -p champion -p hackernews -p benches
    cargo run --release -p benches --bin models
    cargo run --release -p benches --bin automation

# Time the join of predictions with what came later; `year`, `days` or `once` asks for one case
bench-monitor *arguments:
    cargo run --release -p benches --bin monitor -- {{arguments}}

# Time partitions: sets of ten million keys, requests where there are a million, a run and a backfill that make a thousand, the backfill beside rivers, barca and Dagster (where MILLWORK_PYTHON has them)
bench-partitions:
    cargo run --release -p benches --bin partitioned
    @if [ -n "${MILLWORK_PYTHON:-}" ]; then for case in "rivers 1000" "barca 1000" "dagster 50"; do "$MILLWORK_PYTHON" benches/python/bench_partitions.py $case; done; else echo "the peers are left out: MILLWORK_PYTHON is not set: name an interpreter with rivers, barca and dagster"; fi

# Time the pages on a store of 2,000 assets, 10,000 runs and 2 million events, with 200 live readers
bench-web *arguments:
    cargo build --release -p synthetic -p benches
    cargo run --release -p benches --bin web -- {{arguments}}

# Draw the README's picture
picture:
    cargo run -p hackernews -- graph --format svg > docs/graph.svg
