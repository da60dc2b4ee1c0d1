//! The default code version: a hash of the function's tokens.

use millwork::AssetDefinition;

fn version(definition: AssetDefinition) -> String {
    definition.computation.expect("an asset is computed").code_version.to_string()
}

mod written {
    use millwork::asset;

    /// The sum.
    #[asset]
    pub(crate) fn sum(first: &u64, second: &u64) -> u64 {
        let numbers = [*first, *second];
        numbers.iter().sum()
    }

    #[asset]
    pub(crate) fn first() -> u64 {
        1
    }

    #[asset]
    pub(crate) fn second() -> u64 {
        2
    }
}

#[rustfmt::skip]
mod formatted_otherwise {
    use millwork::asset;
    use super::written::{first, second};

    /// The sum, in other words.
    #[asset(group = "numbers", owners("ada"), retry = millwork::Retry::exponential(2))]
    fn   sum(
        first: &u64, // the first
        second: &u64,
    )
    -> u64
    {
        let numbers = [ *first, *second, ];
        /* that's it */
        numbers.iter( )
            .sum()
    }

    pub(super) fn definition() -> millwork::AssetDefinition {
        sum::definition()
    }
}

mod changed {
    use millwork::asset;

    use super::written::{first, second};

    #[asset]
    pub(crate) fn sum(first: &u64, second: &u64) -> u64 {
        let numbers = [*first, *second];
        numbers.iter().product()
    }
}

#[test]
fn formatting_and_descriptions_do_not_count() {
    assert_eq!(version(written::sum::definition()), version(formatted_otherwise::definition()));
}

#[test]
fn a_changed_body_does() {
    assert_ne!(version(written::sum::definition()), version(changed::sum::definition()));
    assert_ne!(version(written::first::definition()), version(written::second::definition()));
}
