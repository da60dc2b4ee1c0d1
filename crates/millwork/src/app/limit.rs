//! The maximum number of rows that a command prints.

use std::fmt::Display;
use std::str::FromStr;

/// Reads a maximum number of rows. None is no number of rows: the output would say that there is nothing.
pub(super) fn rows<N>(written: &str) -> Result<N, String>
where
    N: FromStr<Err: Display> + PartialEq + From<u8>,
{
    match written.parse() {
        Ok(number) if number == N::from(0) => Err("at least 1 is shown".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(error.to_string()),
    }
}
