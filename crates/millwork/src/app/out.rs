//! The output of commands. Standard output may be a full disk, or a pipe whose reader has closed it: a command
//! whose result can't be written fails with an error. Control characters in users' data are escaped here.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use serde::Serialize;

use super::failure::{Exit, Failure};
use super::printable::printable;
use super::style::style;

/// The exit code of a process that writes to a closed pipe, as the shell counts it: 128 + SIGPIPE.
const CLOSED_PIPE: i32 = 141;

/// Like `print!`, for text that people or programs read.
macro_rules! out {
    ($($text:tt)*) => { $crate::app::out::print(format_args!($($text)*)) };
}

/// Like `println!`, for text that people or programs read.
macro_rules! outln {
    () => { $crate::app::out::print(format_args!("\n")) };
    ($($text:tt)*) => { $crate::app::out::print(format_args!("{}\n", format_args!($($text)*))) };
}

pub(super) use {out, outln};

/// Prints to standard output, or ends the process if that can't be done: with code 141 and in silence if its reader has closed it, as in
/// `… | head`, and else with code 5 and an error. For commands that an [`App`](crate::App) has beside its own, where `print!` would panic.
///
/// Control characters in the text are escaped.
pub fn print(text: fmt::Arguments<'_>) {
    let text = text.to_string();
    print_bytes(printable(&text, console::colors_enabled()).as_bytes());
}

/// Prints a value as JSON in one line.
pub(super) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string(value).map_err(Failure::failed)?;
    outln!("{json}");
    Ok(())
}

/// Writes bytes to standard output as they are, or ends the process if that can't be done.
pub(super) fn print_bytes(bytes: &[u8]) {
    let mut stdout = io::stdout().lock();
    let Err(error) = stdout.write_all(bytes).and_then(|()| stdout.flush()) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(CLOSED_PIPE);
    }
    let label = style("error").red().bold();
    print_error(&format!("{label}: failed to write to standard output: {error}\n"));
    std::process::exit(Exit::NotWritten as i32);
}

/// Prints to standard output, and ignores errors.
pub(super) fn print_if_possible(text: &str) {
    let mut stdout = io::stdout().lock();
    let text = printable(text, console::colors_enabled());
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Writes a file atomically: the old content stays until the new one is complete. What isn't a regular file, such as a
/// device or a pipe, is written to as it is.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A symbolic link is kept.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let before = std::fs::metadata(&path);
    if before.as_ref().is_ok_and(|before| !before.is_file()) {
        return File::options().write(true).open(&path)?.write_all(bytes);
    }
    let mut name = path.file_name().ok_or(ErrorKind::IsADirectory)?.to_owned();
    name.push(format!(".{}.unfinished", std::process::id()));
    let unfinished = path.with_file_name(name);
    let written = File::create_new(&unfinished).and_then(|mut file| {
        file.write_all(bytes)?;
        if let Ok(before) = before {
            file.set_permissions(before.permissions())?;
        }
        // Some file systems report only now that the disk is full.
        file.sync_all()?;
        std::fs::rename(&unfinished, &path)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    written
}

/// Prints to standard error. An error in doing so can't be reported.
pub(super) fn print_error(text: &str) {
    let _ = io::stderr().write_all(printable(text, console::colors_enabled_stderr()).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_as_a_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        for (path, content) in [(&file, "first"), (&link, "second"), (&file, "")] {
            write_file(path, content.as_bytes()).expect("it is written");
            assert_eq!(std::fs::read_to_string(&file).expect("a file"), content);
        }
        assert!(link.is_symlink());
        let full = write_file(Path::new("/dev/full"), b"x").map_err(|error| error.kind());
        assert_eq!(full, Err(ErrorKind::StorageFull));
        for wrong in [folder.path().join("no/file"), folder.path().to_owned()] {
            assert!(write_file(&wrong, b"x").is_err(), "{}", wrong.display());
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 2, "nothing is left behind");
    }
}
