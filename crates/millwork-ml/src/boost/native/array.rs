//! Arrays as the library reads them: NumPy's array interface, as JSON.

use std::ffi::CString;
use std::marker::PhantomData;

/// The elements of an array, as they lie in memory.
#[derive(Debug, Clone, Copy)]
pub(super) enum Elements<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
    U32(&'a [u32]),
    Usize(&'a [usize]),
}

/// The address, type and shape of a borrowed array (the ["array interface
/// protocol"](https://numpy.org/doc/stable/reference/arrays.interface.html), version 3), which the library reads in place.
pub(super) struct Array<'a> {
    interface: CString,
    elements: PhantomData<&'a [u8]>,
}

impl<'a> Array<'a> {
    /// An array with one dimension.
    pub(super) fn vector(elements: Elements<'a>) -> Self {
        Self::of(elements, &[elements.len()])
    }

    /// An array with rows of `width` elements, row by row. Elements of an incomplete last row are left out.
    pub(super) fn table(elements: Elements<'a>, width: usize) -> Self {
        Self::of(elements, &[elements.len().checked_div(width).unwrap_or(0), width])
    }

    fn of(elements: Elements<'a>, shape: &[usize]) -> Self {
        let (address, typestr) = elements.describe();
        let interface =
            serde_json::json!({ "data": [address, true], "typestr": typestr, "shape": shape, "version": 3 });
        let interface = CString::new(interface.to_string()).expect("JSON has no zero character");
        Self { interface, elements: PhantomData }
    }

    pub(super) fn interface(&self) -> &CString {
        &self.interface
    }
}

impl Elements<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::F32(elements) => elements.len(),
            Self::F64(elements) => elements.len(),
            Self::U32(elements) => elements.len(),
            Self::Usize(elements) => elements.len(),
        }
    }

    /// The address and NumPy's name of the type.
    fn describe(&self) -> (usize, &'static str) {
        match self {
            Self::F32(elements) => (elements.as_ptr() as usize, "<f4"),
            Self::F64(elements) => (elements.as_ptr() as usize, "<f8"),
            Self::U32(elements) => (elements.as_ptr() as usize, "<u4"),
            Self::Usize(elements) if size_of::<usize>() == 4 => (elements.as_ptr() as usize, "<u4"),
            Self::Usize(elements) => (elements.as_ptr() as usize, "<u8"),
        }
    }
}
