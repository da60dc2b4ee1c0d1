//! Parquet files of one row, made by hand: of types that Polars has no feature for here, or with false metadata.

#![allow(dead_code, reason = "not every test that has this module needs all of it")]

/// A value of Thrift's compact protocol.
#[derive(Clone)]
pub(crate) enum Thrift {
    Bool(bool),
    I8(i8),
    I32(i32),
    I64(i64),
    Text(&'static str),
    List(Vec<Self>),
    Struct(Vec<(i16, Self)>),
}
use Thrift::{I32, I64, List, Struct, Text};

impl Thrift {
    fn kind(&self) -> u8 {
        match self {
            Self::Bool(true) => 1,
            Self::Bool(false) => 2,
            Self::I8(_) => 3,
            I32(_) => 5,
            I64(_) => 6,
            Text(_) => 8,
            List(_) => 9,
            Struct(_) => 12,
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Bool(value) => bytes.push(if *value { 1 } else { 2 }),
            Self::I8(value) => bytes.push(*value as u8),
            I32(value) => varint(zigzag(i64::from(*value)), bytes),
            I64(value) => varint(zigzag(*value), bytes),
            Text(text) => {
                varint(text.len() as u64, bytes);
                bytes.extend(text.bytes());
            }
            List(elements) => {
                bytes.push(0xf0 | elements.first().map_or(12, Self::kind));
                varint(elements.len() as u64, bytes);
                elements.iter().for_each(|element| element.write(bytes));
            }
            Struct(fields) => {
                let mut before = 0;
                for (number, value) in fields {
                    bytes.push(((number - before) as u8) << 4 | value.kind());
                    if !matches!(value, Self::Bool(_)) {
                        value.write(bytes);
                    }
                    before = *number;
                }
                bytes.push(0);
            }
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

fn varint(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// A page of a column: its header and its bytes.
pub(crate) struct Page {
    pub(crate) header: Vec<(i16, Thrift)>,
    pub(crate) body: Vec<u8>,
}

impl Page {
    /// A page of plain values.
    pub(crate) fn plain(values: i32, body: Vec<u8>) -> Self {
        Self::of(values, 0, body)
    }

    /// A page of values in an encoding, by its number.
    pub(crate) fn of(values: i32, encoding: i32, body: Vec<u8>) -> Self {
        let data = Struct(vec![(1, I32(values)), (2, I32(encoding)), (3, I32(3)), (4, I32(3))]);
        Self {
            header: vec![(1, I32(0)), (2, I32(body.len() as i32)), (3, I32(body.len() as i32)), (5, data)],
            body,
        }
    }

    /// A dictionary.
    pub(crate) fn dictionary(values: i32, body: Vec<u8>) -> Self {
        let dictionary = Struct(vec![(1, I32(values)), (2, I32(0))]);
        let length = I32(body.len() as i32);
        Self { header: vec![(1, I32(2)), (2, length.clone()), (3, length), (7, dictionary)], body }
    }
}

/// A column as it is stored.
pub(crate) struct Chunk {
    /// The number of its physical type.
    pub(crate) kind: i32,
    pub(crate) path: &'static [&'static str],
    pub(crate) values: i64,
    pub(crate) pages: Vec<Page>,
}

/// A file of one group of rows, by the elements of its schema after the root.
pub(crate) fn file(rows: i64, roots: i32, schema: &[Vec<(i16, Thrift)>], chunks: &[Chunk]) -> Vec<u8> {
    let mut bytes = b"PAR1".to_vec();
    let mut columns = Vec::new();
    for chunk in chunks {
        let start = bytes.len() as i64;
        let mut data_start = start;
        for page in &chunk.pages {
            if page.header[0].1.bytes() == I32(0).bytes() {
                data_start = data_start.max(bytes.len() as i64);
            }
            bytes.extend(Struct(page.header.clone()).bytes());
            bytes.extend(&page.body);
        }
        let length = bytes.len() as i64 - start;
        let mut metadata = vec![
            (1, I32(chunk.kind)),
            (2, List(vec![I32(0), I32(3)])),
            (3, List(chunk.path.iter().map(|part| Text(part)).collect())),
            (4, I32(0)),
            (5, I64(chunk.values)),
            (6, I64(length)),
            (7, I64(length)),
            (9, I64(data_start)),
        ];
        metadata.extend((data_start > start).then_some((11, I64(start))));
        columns.push(Struct(vec![(2, I64(start)), (3, Struct(metadata))]));
    }
    let root = Struct(vec![(4, Text("schema")), (5, I32(roots))]);
    let elements = std::iter::once(root).chain(schema.iter().cloned().map(Struct)).collect();
    let group = Struct(vec![(1, List(columns)), (2, I64(bytes.len() as i64)), (3, I64(rows))]);
    let footer =
        Struct(vec![(1, I32(1)), (2, List(elements)), (3, I64(rows)), (4, List(vec![group]))]).bytes();
    bytes.extend(&footer);
    bytes.extend((footer.len() as u32).to_le_bytes());
    bytes.extend(b"PAR1");
    bytes
}

/// The element of a schema that is a required column of a physical type, with further fields.
pub(crate) fn leaf(kind: i32, length: i32, name: &'static str, rest: &[(i16, Thrift)]) -> Vec<(i16, Thrift)> {
    let start = [(1, I32(kind)), (2, I32(length)), (3, I32(0)), (4, Text(name))];
    start.into_iter().chain(rest.iter().cloned()).collect()
}

/// The element of a schema that is a group.
pub(crate) fn group(
    repetition: i32,
    name: &'static str,
    children: i32,
    rest: &[(i16, Thrift)],
) -> Vec<(i16, Thrift)> {
    let start = [(3, I32(repetition)), (4, Text(name)), (5, I32(children))];
    start.into_iter().chain(rest.iter().cloned()).collect()
}
