//! A warning where kernels run that were compiled without optimization.
//!
//! Cargo takes profiles from the workspace of the binary alone. A pipeline outside of this repository has none of the lines that
//! optimize the kernels in its dev profile, and trains many times slower without a sign of why.

use std::sync::Once;

/// The crates that kernels are in, and whether each was compiled with optimization.
const CRATES: [(&str, bool); 2] =
    [("millwork-boost", millwork_boost::IS_OPTIMIZED), ("millwork-ml", cfg!(not(unoptimized)))];

/// Logs a warning, once per process, if kernels were compiled without optimization. Called at the start of what takes long.
pub(crate) fn warn_if_unoptimized() {
    static WARNING: Once = Once::new();
    if let Some(warning) = warning(&CRATES) {
        WARNING.call_once(|| tracing::warn!("{warning}"));
    }
}

/// The remedy for crates that were compiled without optimization; `None` if there are none.
fn warning(crates: &[(&str, bool)]) -> Option<String> {
    let slow: Vec<&str> =
        crates.iter().filter(|(_, is_optimized)| !is_optimized).map(|(name, _)| *name).collect();
    let names = match &*slow {
        [] => return None,
        [one] => format!("{one} is"),
        several => format!("{} are", several.join(" and ")),
    };
    let lines: String = slow.iter().map(|name| format!("\n{name}.opt-level = 3")).collect();
    Some(format!(
        "{names} compiled without optimization, many times slower than with it: build with `--release`, or write in the \
         Cargo.toml of the workspace\n[profile.dev.package]{lines}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_optimizes_its_kernels() {
        assert_eq!(warning(&CRATES), None);
    }

    #[test]
    fn the_warning_names_the_crates_and_the_lines() {
        let both = warning(&[("a", false), ("b", false)]).expect("a warning");
        assert!(both.starts_with("a and b are compiled without optimization"), "{both}");
        assert!(both.ends_with("\n[profile.dev.package]\na.opt-level = 3\nb.opt-level = 3"), "{both}");
        let one = warning(&[("a", true), ("b", false)]).expect("a warning");
        assert!(
            one.starts_with("b is compiled") && one.ends_with("[profile.dev.package]\nb.opt-level = 3"),
            "{one}"
        );
    }
}
