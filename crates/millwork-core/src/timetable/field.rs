//! One field of a line of cron.

/// The numbers that a field allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// A bit per number.
    numbers: u64,
    /// Whether it begins with `*`, which decides how the two day fields go together.
    pub(super) starred: bool,
    /// Whether it is for the whole of its range, with or without a step: `*`, `*/10`, `0-23`, or every number. A step
    /// that leaves one number is that number.
    pub(super) wildcard: bool,
    /// Whether the last day of the month is in it.
    pub(super) last_day: bool,
}

/// What a field may hold.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) first: u8,
    pub(super) last: u8,
    /// Names of the numbers from `first` on.
    pub(super) names: &'static [&'static str],
    /// Whether `L` is the last day of the month.
    pub(super) has_last_day: bool,
}

pub(super) const MINUTE: Kind = Kind { name: "minute", first: 0, last: 59, names: &[], has_last_day: false };
pub(super) const HOUR: Kind = Kind { name: "hour", first: 0, last: 23, names: &[], has_last_day: false };
pub(super) const DAY: Kind =
    Kind { name: "day of the month", first: 1, last: 31, names: &[], has_last_day: true };
pub(super) const MONTH: Kind = Kind {
    name: "month",
    first: 1,
    last: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    has_last_day: false,
};
/// Sunday is 0, and 7 as well.
pub(super) const WEEKDAY: Kind = Kind {
    name: "day of the week",
    first: 0,
    last: 7,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    has_last_day: false,
};

impl Field {
    /// Reads a list of numbers, ranges and steps; the part that is not understood is the error.
    pub(super) fn parse<'a>(text: &'a str, kind: &Kind) -> Result<Self, &'a str> {
        let (mut numbers, mut whole, mut last_day) = (0_u64, false, false);
        for part in text.split(',') {
            if kind.has_last_day && part.eq_ignore_ascii_case("l") {
                last_day = true;
                continue;
            }
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, step.parse().ok().filter(|&step| step > 0).ok_or(part)?),
                None => (part, 1),
            };
            let (first, last) = match range.split_once('-') {
                _ if range == "*" => (kind.first, kind.last),
                Some((first, last)) => (kind.number(first).ok_or(part)?, kind.number(last).ok_or(part)?),
                // A step without a range goes on to the end.
                None if part.contains('/') => (kind.number(range).ok_or(part)?, kind.last),
                None => kind.number(range).map(|number| (number, number)).ok_or(part)?,
            };
            if first > last {
                return Err(part);
            }
            whole |= (first, last) == (kind.first, kind.last);
            (first..=last).step_by(step).for_each(|number| numbers |= 1_u64 << number);
        }
        if kind.last == 7 && numbers & 1 << 7 != 0 {
            numbers = (numbers | 1) & !(1 << 7);
        }
        let count = numbers.count_ones();
        let wildcard = count > 1 && (whole || count == u32::from(kind.last - kind.first) + 1);
        Ok(Self { numbers, starred: text.starts_with('*'), wildcard, last_day })
    }

    /// The numbers, a bit for each.
    pub(super) fn numbers(self) -> u64 {
        self.numbers
    }
}

impl Kind {
    fn number(&self, text: &str) -> Option<u8> {
        let lower = text.to_ascii_lowercase();
        let named = self.names.iter().position(|name| *name == lower).map(|place| self.first + place as u8);
        let digits = || text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        named.or_else(digits).filter(|number| (self.first..=self.last).contains(number))
    }

    /// What a part of the field may be.
    pub(super) fn hint(&self) -> String {
        let names = match self.names {
            [] => String::new(),
            names => format!(" or a name from `{}` to `{}`", names[0], names[names.len() - 1]),
        };
        let last_day = if self.has_last_day { ", `L` for the last day of the month" } else { "" };
        format!(
            "a number from {} to {}{names}, a range such as `1-5`, a step such as `*/2`{last_day}, or several with commas",
            self.first, self.last
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, kind: &Kind, expected: Result<&[u32], &str>) {
        let numbers = |field: Field| (0..64).filter(|number| field.numbers & 1 << number != 0).collect();
        let found: Result<Vec<u32>, &str> = Field::parse(text, kind).map(numbers);
        assert_eq!(found.as_deref().map_err(|part| *part), expected, "{text}");
    }

    #[test]
    fn a_field_is_a_list_of_numbers_ranges_and_steps() {
        check("5,1-3,*/30", &MINUTE, Ok(&[0, 1, 2, 3, 5, 30]));
        check("20/15", &MINUTE, Ok(&[20, 35, 50]));
        check("8-17/4", &HOUR, Ok(&[8, 12, 16]));
        check("Jan,DEC", &MONTH, Ok(&[1, 12]));
        check("mon-fri", &WEEKDAY, Ok(&[1, 2, 3, 4, 5]));
        check("5-7", &WEEKDAY, Ok(&[0, 5, 6]));
        check("0,7", &WEEKDAY, Ok(&[0]));
        check("1,L", &DAY, Ok(&[1]));
    }

    #[test]
    fn a_wildcard_is_for_the_whole_range() {
        for (text, kind, expected) in [
            ("*", &MINUTE, true),
            ("*/10", &MINUTE, true),
            ("0-59", &MINUTE, true),
            ("0/15", &MINUTE, true),
            ("5,*/20", &MINUTE, true),
            ("0-23/2", &HOUR, true),
            ("0-11,12-23", &HOUR, true),
            ("*/24", &HOUR, false),
            ("1-4", &HOUR, false),
            ("0,12", &HOUR, false),
            ("5/10", &MINUTE, false),
        ] {
            assert_eq!(Field::parse(text, kind).map(|field| field.wildcard), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, kind, part) in [
            ("60", &MINUTE, "60"),
            ("1,x", &MINUTE, "x"),
            ("", &HOUR, ""),
            ("1,,2", &HOUR, ""),
            ("*/0", &HOUR, "*/0"),
            ("5-3", &HOUR, "5-3"),
            ("0", &DAY, "0"),
            ("+1", &DAY, "+1"),
            ("mon", &MONTH, "mon"),
            ("L", &HOUR, "L"),
            ("5L", &WEEKDAY, "5L"),
            ("L-3", &DAY, "L-3"),
            ("1-L", &DAY, "1-L"),
            ("15W", &DAY, "15W"),
            ("1-2-3", &DAY, "1-2-3"),
        ] {
            check(text, kind, Err(part));
        }
    }
}
