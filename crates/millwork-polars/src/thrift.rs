//! Thrift's compact protocol, as far as the metadata of Parquet needs it: parses bytes into a tree whose size is proportional to theirs.
//!
//! Source of the form: "Thrift Compact protocol encoding", Apache Thrift.

/// The maximum nesting; Parquet's metadata has six levels.
const DEEPEST: usize = 24;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Thrift<'a> {
    Bool(bool),
    Integer(i64),
    Double,
    Bytes(&'a [u8]),
    List(Vec<Self>),
    /// Fields by their numbers, in the order in which they come.
    Struct(Vec<(i16, Self)>),
}

impl<'a> Thrift<'a> {
    /// Reads a struct from the start of `bytes`, and returns the number of bytes that it takes; `None` if it isn't valid.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let mut reader = Reader { rest: bytes };
        let value = reader.fields(0)?;
        Some((value, bytes.len() - reader.rest.len()))
    }

    /// The field of this number, if this is a struct that has it.
    pub(crate) fn field(&self, number: i16) -> Option<&Self> {
        match self {
            Self::Struct(fields) => fields.iter().find(|(field, _)| *field == number).map(|(_, value)| value),
            Self::Bool(_) | Self::Integer(_) | Self::Double | Self::Bytes(_) | Self::List(_) => None,
        }
    }

    /// The integer field of this number.
    pub(crate) fn integer(&self, number: i16) -> Option<i64> {
        match self.field(number)? {
            Self::Integer(value) => Some(*value),
            Self::Bool(_) | Self::Double | Self::Bytes(_) | Self::List(_) | Self::Struct(_) => None,
        }
    }

    /// The elements of the list field of this number.
    pub(crate) fn list(&self, number: i16) -> Option<&[Self]> {
        match self.field(number)? {
            Self::List(elements) => Some(elements),
            Self::Bool(_) | Self::Integer(_) | Self::Double | Self::Bytes(_) | Self::Struct(_) => None,
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn fields(&mut self, depth: usize) -> Option<Thrift<'a>> {
        if depth > DEEPEST {
            return None;
        }
        let (mut fields, mut number) = (Vec::new(), 0_i16);
        loop {
            let header = self.byte()?;
            let kind = header & 0x0f;
            if kind == 0 {
                return Some(Thrift::Struct(fields));
            }
            number = match header >> 4 {
                0 => i16::try_from(self.zigzag()?).ok()?,
                step => number.checked_add(i16::from(step))?,
            };
            // The value of a boolean field is part of its kind.
            let value = match kind {
                1 => Thrift::Bool(true),
                2 => Thrift::Bool(false),
                kind => self.value(kind, depth)?,
            };
            fields.push((number, value));
        }
    }

    fn value(&mut self, kind: u8, depth: usize) -> Option<Thrift<'a>> {
        Some(match kind {
            1 | 2 => Thrift::Bool(self.byte()? == 1),
            3 => Thrift::Integer(i64::from(self.byte()? as i8)),
            4..=6 => Thrift::Integer(self.zigzag()?),
            7 => {
                self.take(8)?;
                Thrift::Double
            }
            8 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Thrift::Bytes(self.take(length)?)
            }
            9 | 10 => self.elements(depth + 1)?,
            12 => self.fields(depth + 1)?,
            _ => return None,
        })
    }

    fn elements(&mut self, depth: usize) -> Option<Thrift<'a>> {
        let header = self.byte()?;
        let length = match header >> 4 {
            15 => usize::try_from(self.varint()?).ok()?,
            length => usize::from(length),
        };
        // Every element takes a byte at least.
        if length > self.rest.len() || depth > DEEPEST {
            return None;
        }
        let kind = header & 0x0f;
        (0..length).map(|_| self.value(kind, depth)).collect::<Option<Vec<_>>>().map(Thrift::List)
    }

    fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structs_are_read() {
        // 1: i32 150, 2: "ab", 3: true, 20: list of two i64, 21: a struct without fields; a byte that is not of it.
        let bytes = [0x15, 0xac, 0x02, 0x18, 2, b'a', b'b', 0x11, 0x09, 40, 0x26, 1, 2, 0x1c, 0, 0, 0xff];
        let (value, length) = Thrift::read(&bytes).expect("a struct");
        assert_eq!(length, bytes.len() - 1);
        assert_eq!(
            (value.integer(1), value.field(2), value.field(3)),
            (Some(150), Some(&Thrift::Bytes(b"ab")), Some(&Thrift::Bool(true)))
        );
        assert_eq!(value.list(20), Some(&[Thrift::Integer(-1), Thrift::Integer(1)][..]));
        assert_eq!(value.field(21), Some(&Thrift::Struct(Vec::new())));
        assert_eq!((value.integer(2), value.list(1), value.field(4)), (None, None, None));
        for length in 0..length {
            assert_eq!(Thrift::read(&bytes[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn damage_is_nothing() {
        let nested: Vec<u8> = [0x1c].repeat(1 << 20);
        let lists: Vec<u8> = [0x19].into_iter().chain([0x19].repeat(1 << 20)).collect();
        // A list of four billion elements, a text of as many bytes, a varint without end, a kind that there isn't.
        let long = [0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 0x0f, 0];
        let text = [0x18, 0xff, 0xff, 0xff, 0xff, 0x0f, 0];
        let endless = [0x15].into_iter().chain([0xff; 20]).collect::<Vec<u8>>();
        for bytes in [&nested[..], &lists, &long, &text, &endless, &[0x1d, 0, 0], &[]] {
            assert_eq!(Thrift::read(bytes), None, "{:?}…", &bytes[..bytes.len().min(8)]);
        }
    }
}
