//! Types that partition keys can't be read as.

use millwork::{FromPartitionKey, TimeWindow};

struct Country(String);

#[derive(FromPartitionKey)]
struct CountryOfDay {
    day: TimeWindow,
    country: Country,
}

#[derive(FromPartitionKey)]
enum Arm {
    Control,
    Variant(u8),
    #[partition_key("control")]
    Other,
    #[partition_key]
    Without,
    #[partition_key("")]
    Empty,
}

#[derive(FromPartitionKey)]
enum Ratio {
    AB,
    Ab,
}

#[derive(FromPartitionKey)]
enum Nothing {}

#[derive(FromPartitionKey)]
struct Unit;

#[derive(FromPartitionKey)]
struct Pair(String, String);

#[derive(FromPartitionKey)]
struct Around<T>(T);

#[derive(FromPartitionKey)]
union Bits {
    text: u8,
}

#[derive(FromPartitionKey)]
#[partition_key("region")]
struct Region(#[partition_key("name")] String);

fn is_a_key<K: FromPartitionKey>() {}

fn main() {
    is_a_key::<Country>();
    is_a_key::<(TimeWindow, Country)>();
    // What is wrong with these is said where they are derived.
    is_a_key::<(Arm, Nothing, Unit, Pair)>();
}
