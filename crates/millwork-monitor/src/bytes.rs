//! Numbers and texts as bytes: small numbers take few, and whatever is read is checked against what is there.

/// Writes a stored form.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Seven bits a byte, the last ones last (LEB128).
    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// Signed numbers alternate: 0, -1, 1, -2, …
    pub(crate) fn signed(&mut self, number: i64) {
        self.number((number << 1 ^ number >> 63) as u64);
    }

    pub(crate) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub(crate) fn float(&mut self, number: f64) {
        self.raw(&number.to_bits().to_le_bytes());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.raw(text.as_bytes());
    }
}

/// Reads a stored form. Each method is `None` where the bytes aren't what it reads.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn raw(&mut self, count: usize) -> Option<&'a [u8]> {
        let (first, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(first)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        Some(self.raw(1)?[0])
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A number of things that each take a byte or more, so that it is no reason for taking more memory than the bytes are worth.
    pub(crate) fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.bytes.len()).then_some(count)
    }

    /// A finite number.
    pub(crate) fn float(&mut self) -> Option<f64> {
        let bytes = self.raw(8)?.try_into().ok()?;
        Some(f64::from_bits(u64::from_le_bytes(bytes))).filter(|number| number.is_finite())
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        let count = self.count()?;
        Some(std::str::from_utf8(self.raw(count)?).ok()?.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX];
        let mut writer = Writer::default();
        numbers.iter().for_each(|&number| writer.number(number));
        numbers.iter().for_each(|&number| writer.signed(number as i64));
        writer.signed(i64::MIN);
        writer.float(-0.1);
        writer.text("ß");
        let bytes = writer.into_bytes();
        let mut reader = Reader::new(&bytes);
        numbers.iter().for_each(|&number| assert_eq!(reader.number(), Some(number)));
        numbers.iter().for_each(|&number| assert_eq!(reader.signed(), Some(number as i64)));
        assert_eq!((reader.signed(), reader.float()), (Some(i64::MIN), Some(-0.1)));
        assert_eq!((reader.text().as_deref(), reader.is_empty()), (Some("ß"), true));
        assert_eq!(reader.number(), None);
    }

    #[test]
    fn what_is_no_number_is_none() {
        assert_eq!(Reader::new(&[0xff; 10]).number(), None, "more than 64 bits");
        assert_eq!(Reader::new(&[0x80]).number(), None, "cut off");
        assert_eq!(Reader::new(&[5, 1, 1]).count(), None, "more things than bytes");
        assert_eq!(Reader::new(&f64::NAN.to_bits().to_le_bytes()).float(), None);
    }
}
