//! The types of Parquet's columns, as names for people, and the features of Polars that they need.

#![expect(clippy::wildcard_enum_match_arm, reason = "most of Arrow's types are named as they are")]

use polars::prelude::{ArrowDataType, ArrowField};

/// The features of `polars` without which a type is not read, outermost first.
pub(crate) fn features(data_type: &ArrowDataType) -> Vec<&'static str> {
    let mut features = Vec::new();
    collect(data_type, &mut features);
    features
}

fn collect(data_type: &ArrowDataType, features: &mut Vec<&'static str>) {
    use ArrowDataType as Type;
    let feature = match data_type {
        Type::Int8 => Some("dtype-i8"),
        Type::Int16 => Some("dtype-i16"),
        Type::Int128 => Some("dtype-i128"),
        Type::UInt8 => Some("dtype-u8"),
        Type::UInt16 => Some("dtype-u16"),
        Type::UInt128 => Some("dtype-u128"),
        Type::Float16 => Some("dtype-f16"),
        Type::Date32 => Some("dtype-date"),
        Type::Date64 | Type::Timestamp(..) => Some("dtype-datetime"),
        Type::Time32(_) | Type::Time64(_) => Some("dtype-time"),
        Type::Duration(_) => Some("dtype-duration"),
        Type::Decimal(..) | Type::Decimal32(..) | Type::Decimal64(..) | Type::Decimal256(..) => {
            Some("dtype-decimal")
        }
        Type::Struct(_) | Type::Map(..) | Type::Interval(_) => Some("dtype-struct"),
        Type::FixedSizeList(..) => Some("dtype-array"),
        Type::Dictionary(..) => Some("dtype-categorical"),
        _ => None,
    };
    if let Some(feature) = feature.filter(|feature| !features.contains(feature)) {
        features.push(feature);
    }
    children(data_type).into_iter().for_each(|field| collect(&field.dtype, features));
}

/// The name of a type for people.
pub(crate) fn name(data_type: &ArrowDataType) -> String {
    use ArrowDataType as Type;
    let within =
        || children(data_type).into_iter().map(|field| name(&field.dtype)).collect::<Vec<_>>().join(", ");
    match data_type {
        Type::Date32 | Type::Date64 => "date".to_owned(),
        Type::Timestamp(..) => "timestamp".to_owned(),
        Type::Time32(_) | Type::Time64(_) => "time of day".to_owned(),
        Type::Duration(_) => "duration".to_owned(),
        Type::Decimal(precision, scale)
        | Type::Decimal32(precision, scale)
        | Type::Decimal64(precision, scale)
        | Type::Decimal256(precision, scale) => format!("decimal({precision}, {scale})"),
        Type::Struct(_) => format!("struct of {}", within()),
        Type::Map(..) => format!("map of {}", within()),
        Type::List(_) | Type::LargeList(_) | Type::FixedSizeList(..) => format!("list of {}", within()),
        Type::Dictionary(..) => "category".to_owned(),
        Type::Utf8 | Type::LargeUtf8 | Type::Utf8View => "text".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn children(data_type: &ArrowDataType) -> Vec<&ArrowField> {
    use ArrowDataType as Type;
    match data_type {
        Type::List(field) | Type::LargeList(field) | Type::FixedSizeList(field, _) | Type::Map(field, _) => {
            vec![field]
        }
        Type::Struct(fields) => fields.iter().collect(),
        _ => Vec::new(),
    }
}
