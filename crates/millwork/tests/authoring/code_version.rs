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

mod called_otherwise {
    use millwork::asset;

    use super::written::{first, second};

    #[asset(renamed_from("total", "numbers/sum"))]
    pub(crate) fn sum_of_both(first: &u64, second: &u64) -> u64 {
        let numbers = [*first, *second];
        numbers.iter().sum()
    }

    #[asset(name = "third", renamed_from = "first")]
    pub(crate) fn one() -> u64 {
        1
    }
}

/// Else whatever is renamed would be made again.
#[test]
fn a_function_that_is_renamed_is_versioned_by_its_first_name() {
    assert_eq!(version(called_otherwise::sum_of_both::definition()), version(written::sum::definition()));
    let former = &called_otherwise::sum_of_both::definition().outputs[0].renamed_from;
    assert_eq!(former.iter().map(millwork::AssetKey::as_str).collect::<Vec<_>>(), ["total", "numbers/sum"]);
    // Where the name isn't that of the function, the function may keep its own.
    assert_ne!(version(called_otherwise::one::definition()), version(written::first::definition()));
}
