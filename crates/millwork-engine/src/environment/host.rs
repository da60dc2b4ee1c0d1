//! The host and the processor.

use std::fs::File;
use std::io::Read as _;
use std::num::NonZero;

use rustix::system::{Uname, uname};

/// The name and the release of the operating system.
pub(super) fn os() -> String {
    let uname: Uname = uname();
    format!("{} {}", uname.sysname().to_string_lossy(), uname.release().to_string_lossy())
}

/// The name of this host.
pub(super) fn name() -> String {
    uname().nodename().to_string_lossy().into_owned()
}

/// The architecture, system and ABI that this binary was compiled for.
pub(super) fn target() -> String {
    let abi = if cfg!(target_env = "gnu") {
        "-gnu"
    } else if cfg!(target_env = "musl") {
        "-musl"
    } else {
        ""
    };
    format!("{}-{}{abi}", std::env::consts::ARCH, std::env::consts::OS)
}

/// The number of processors that this process can use.
pub(super) fn processors() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(processors).unwrap_or(u32::MAX)
}

/// The model of the first processor; `None` if the system doesn't report it.
pub(super) fn cpu() -> Option<String> {
    let mut beginning = String::new();
    // The file has as many such blocks as there are processors; the first is within its beginning.
    let file = File::open("/proc/cpuinfo").ok()?;
    let _ = file.take(4_096).read_to_string(&mut beginning);
    model_in(&beginning)
}

fn model_in(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    let model = line.split_once(':')?.1.trim();
    (!model.is_empty()).then(|| model.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_of_the_first_processor() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(model_in(text).as_deref(), expected);
        check(
            "processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC 9R14\nprocessor\t: 1\n",
            Some("AMD EPYC 9R14"),
        );
        check("processor\t: 0\nBogoMIPS\t: 243.75\n", None);
        check("model name\t:\n", None);
        check("", None);
    }

    #[test]
    fn this_host() {
        assert!(os().contains(' ') && !name().is_empty() && processors() > 0);
        assert!(target().starts_with(std::env::consts::ARCH));
    }
}
