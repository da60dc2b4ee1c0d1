//! UBJSON (<https://ubjson.org>, draft 12) as XGBoost reads and writes it: lists of numbers of one type are packed.

use serde_json::{Map, Value};

use super::fields::{from_single, integer, single};
use crate::file::FileError;

/// Containers nest no deeper than this.
const DEEPEST: usize = 64;

/// Reads a document; a number that isn't finite is a text in it, as in JSON.
pub(super) fn read(bytes: &[u8]) -> Result<Value, FileError> {
    let mut reader = Reader { bytes, position: 0 };
    let marker = reader.marker()?;
    let value = reader.value(marker, 0)?;
    if reader.position == bytes.len() {
        Ok(value)
    } else {
        Err(reader.error("something follows the document"))
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    position: usize,
}

impl Reader<'_> {
    fn error(&self, reason: &'static str) -> FileError {
        FileError::Ubjson { reason, position: self.position }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], FileError> {
        let taken = self.bytes.get(self.position..).and_then(|rest| rest.first_chunk::<N>()).copied();
        let taken = taken.ok_or_else(|| self.error("the end comes too early"))?;
        self.position += N;
        Ok(taken)
    }

    fn next_is(&mut self, marker: u8) -> bool {
        let found = self.bytes.get(self.position) == Some(&marker);
        self.position += usize::from(found);
        found
    }

    /// The next marker that isn't a no-op.
    fn marker(&mut self) -> Result<u8, FileError> {
        while self.next_is(b'N') {}
        Ok(self.take::<1>()?[0])
    }

    fn value(&mut self, marker: u8, depth: usize) -> Result<Value, FileError> {
        Ok(match marker {
            b'Z' => Value::Null,
            b'T' => true.into(),
            b'F' => false.into(),
            b'd' => from_single(f32::from_be_bytes(self.take()?)),
            b'D' => from_single(f64::from_be_bytes(self.take()?) as f32),
            b'S' => self.text()?.into(),
            b'[' => self.list(depth + 1)?,
            b'{' => self.object(depth + 1)?,
            _ => self.integer(marker)?.into(),
        })
    }

    fn integer(&mut self, marker: u8) -> Result<i64, FileError> {
        Ok(match marker {
            b'i' => i64::from(i8::from_be_bytes(self.take()?)),
            b'U' | b'C' => i64::from(u8::from_be_bytes(self.take()?)),
            b'I' => i64::from(i16::from_be_bytes(self.take()?)),
            b'l' => i64::from(i32::from_be_bytes(self.take()?)),
            b'L' => i64::from_be_bytes(self.take()?),
            _ => return Err(self.error("unknown type")),
        })
    }

    fn length(&mut self) -> Result<usize, FileError> {
        let marker = self.marker()?;
        let length = self.integer(marker)?;
        let left = self.bytes.len() - self.position;
        // Whatever is counted takes a byte each at least.
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= left)
            .ok_or_else(|| self.error("a length is too long"))
    }

    fn text(&mut self) -> Result<String, FileError> {
        let length = self.length()?;
        let bytes = &self.bytes[self.position..self.position + length];
        let text = std::str::from_utf8(bytes).map_err(|_| self.error("a text is not UTF-8"))?;
        self.position += length;
        Ok(text.to_owned())
    }

    fn list(&mut self, depth: usize) -> Result<Value, FileError> {
        self.check_depth(depth)?;
        let of_type = if self.next_is(b'$') { Some(self.take::<1>()?[0]) } else { None };
        // Values without bytes would make a long list of nothing.
        if of_type.is_some_and(|marker| !b"iUCIlLdD".contains(&marker)) {
            return Err(self.error("a list of one type has no numbers"));
        }
        let mut items = Vec::new();
        if self.next_is(b'#') {
            for _ in 0..self.length()? {
                let marker = of_type.map_or_else(|| self.marker(), Ok)?;
                items.push(self.value(marker, depth)?);
            }
        } else if of_type.is_some() {
            return Err(self.error("a list of one type has no length"));
        } else {
            loop {
                match self.marker()? {
                    b']' => break,
                    marker => items.push(self.value(marker, depth)?),
                }
            }
        }
        Ok(items.into())
    }

    fn object(&mut self, depth: usize) -> Result<Value, FileError> {
        self.check_depth(depth)?;
        let mut fields = Map::new();
        loop {
            while self.next_is(b'N') {}
            if self.next_is(b'}') {
                return Ok(fields.into());
            }
            let name = self.text()?;
            let marker = self.marker()?;
            let value = self.value(marker, depth)?;
            fields.insert(name, value);
        }
    }

    fn check_depth(&self, depth: usize) -> Result<(), FileError> {
        if depth <= DEEPEST { Ok(()) } else { Err(self.error("it is nested too deep")) }
    }
}

/// Writes a document, each list of a tree in the type in which XGBoost expects it.
pub(super) fn write(document: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_value(document, &mut bytes);
    bytes
}

fn write_value(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Null => bytes.push(b'Z'),
        Value::Bool(value) => bytes.push(if *value { b'T' } else { b'F' }),
        Value::Number(number) => {
            let of_type = if number.is_i64() { b'L' } else { b'd' };
            bytes.push(of_type);
            write_payload(of_type, value, bytes);
        }
        Value::String(text) => {
            bytes.push(b'S');
            write_text(text, bytes);
        }
        Value::Array(items) => {
            bytes.extend_from_slice(b"[#");
            write_length(items.len(), bytes);
            items.iter().for_each(|item| write_value(item, bytes));
        }
        Value::Object(fields) => {
            bytes.push(b'{');
            for (name, value) in fields {
                write_text(name, bytes);
                match (packed_type(name, fields), value) {
                    (Some(of_type), Value::Array(items)) => write_packed(of_type, items, bytes),
                    _ if has_singles(name, value) => write_singles(value, bytes),
                    _ => write_value(value, bytes),
                }
            }
            bytes.push(b'}');
        }
    }
}

/// The type of a list that XGBoost reads as a whole: those of trees, and those of the categories.
fn packed_type(name: &str, siblings: &Map<String, Value>) -> Option<u8> {
    match name {
        "base_weights" | "leaf_weights" | "loss_changes" | "split_conditions" | "sum_hessian" => Some(b'd'),
        "default_left" | "split_type" => Some(b'U'),
        "categories" | "categories_nodes" | "left_children" | "parents" | "right_children"
        | "split_indices" | "offsets" | "feature_segments" | "sorted_idx" => Some(b'l'),
        "categories_segments" | "categories_sizes" => Some(b'L'),
        "values" if siblings.contains_key("offsets") => Some(b'i'),
        "values" => siblings.get("type").and_then(integer).and_then(index_type),
        _ => None,
    }
}

/// XGBoost's types of categories that are integers; unsigned ones have the signed type of their size.
fn index_type(number: i64) -> Option<u8> {
    Some(match number {
        9 => b'i',
        10 => b'U',
        11 | 12 => b'I',
        13 | 14 => b'l',
        15 | 16 => b'L',
        _ => return None,
    })
}

/// Whether a list holds numbers in single precision, so that texts in it stand for what isn't finite.
pub(super) fn has_singles(name: &str, value: &Value) -> bool {
    value.is_array()
        && matches!(
            name,
            "base_weights"
                | "leaf_weights"
                | "loss_changes"
                | "split_conditions"
                | "sum_hessian"
                | "weight_drop"
        )
}

fn write_singles(list: &Value, bytes: &mut Vec<u8>) {
    let items = list.as_array().map_or(&[][..], Vec::as_slice);
    bytes.extend_from_slice(b"[#");
    write_length(items.len(), bytes);
    for item in items {
        bytes.push(b'd');
        write_payload(b'd', item, bytes);
    }
}

fn write_packed(of_type: u8, items: &[Value], bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&[b'[', b'$', of_type, b'#']);
    write_length(items.len(), bytes);
    items.iter().for_each(|item| write_payload(of_type, item, bytes));
}

fn write_payload(of_type: u8, item: &Value, bytes: &mut Vec<u8>) {
    let number = integer(item).unwrap_or_default();
    match of_type {
        b'd' => bytes.extend_from_slice(&single(item).unwrap_or(f32::NAN).to_be_bytes()),
        b'U' | b'i' => bytes.push(number as u8),
        b'I' => bytes.extend_from_slice(&(number as i16).to_be_bytes()),
        b'l' => bytes.extend_from_slice(&(number as i32).to_be_bytes()),
        _ => bytes.extend_from_slice(&number.to_be_bytes()),
    }
}

fn write_text(text: &str, bytes: &mut Vec<u8>) {
    write_length(text.len(), bytes);
    bytes.extend_from_slice(text.as_bytes());
}

fn write_length(length: usize, bytes: &mut Vec<u8>) {
    bytes.push(b'L');
    bytes.extend_from_slice(&(length as i64).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read() {
        let document = json!({
            "learner": { "name": "x", "none": null, "yes": [true, false], "counts": [1, -70_000, 5_000_000_000_i64] },
            "left_children": [1, -1], "default_left": [1, 0], "sum_hessian": [1.5, 2.0], "categories_sizes": [3],
        });
        let read_back = read(&write(&document)).expect("what was written");
        assert_eq!(read_back, document);
    }

    #[test]
    fn damage_is_an_error() {
        let bytes = write(&json!({ "a": [1, { "b": "text" }], "left_children": [1, 2, 3] }));
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length} bytes");
        }
        for position in 0..bytes.len() {
            for flip in [0x01, 0x10, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[position] ^= flip;
                let _ = read(&damaged);
            }
        }
        assert!(read(&b"[".repeat(1000)).is_err());
        assert!(read(b"[$Z#L\x00\x00\x00\x01\x00\x00\x00\x00").is_err());
    }

    #[test]
    fn numbers_that_are_not_finite_are_read_as_in_json() {
        let list = |number: f32| [b"[$d#i\x01".as_slice(), &number.to_be_bytes()].concat();
        assert_eq!(read(&list(f32::NAN)).expect("a list"), json!(["NaN"]));
        assert_eq!(read(&list(f32::NEG_INFINITY)).expect("a list"), json!(["-Infinity"]));
    }
}
