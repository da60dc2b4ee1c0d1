//! Positions that are types, and vectors that are indexed by them: the position of an asset doesn't fit where that of a step is
//! meant.

use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// The position of an element in an [`IndexVec`].
pub trait TypedIndex: Copy + fmt::Debug + Eq + Ord + Hash {
    /// The index of the element at a position; the first is 0.
    fn at(position: usize) -> Self;

    /// The position of the element.
    fn position(self) -> usize;
}

/// Numbers are indices of graphs that have no nodes of their own.
impl TypedIndex for usize {
    fn at(position: usize) -> Self {
        position
    }

    fn position(self) -> usize {
        self
    }
}

/// Declares a [`TypedIndex`].
macro_rules! typed_index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(usize);

        impl $crate::index::TypedIndex for $name {
            fn at(position: usize) -> Self {
                Self(position)
            }

            fn position(self) -> usize {
                self.0
            }
        }
    };
}
pub(crate) use typed_index;

/// A vector whose elements are found by an index of type `I` only.
///
/// ```
/// use millwork_core::index::IndexVec;
///
/// let mut names: IndexVec<usize, &str> = ["stories", "model"].into_iter().collect();
/// let score = names.push("score");
/// let lengths = names.map(|name| name.len());
/// assert_eq!((names[score], lengths[score]), ("score", 5));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct IndexVec<I, T> {
    elements: Vec<T>,
    index: PhantomData<I>,
}

impl<I: TypedIndex, T> IndexVec<I, T> {
    /// An empty vector with room for this many elements.
    pub fn with_capacity(capacity: usize) -> Self {
        Vec::with_capacity(capacity).into()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// The element with an index; `None` if there is none.
    pub fn get(&self, index: I) -> Option<&T> {
        self.elements.get(index.position())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// Adds an element at the end, and returns its index.
    pub fn push(&mut self, element: T) -> I {
        let index = self.next_index();
        self.elements.push(element);
        index
    }

    /// The index that the next [`push`](Self::push) will return.
    pub fn next_index(&self) -> I {
        I::at(self.len())
    }

    /// The indices of all elements, in order.
    pub fn indices(&self) -> impl DoubleEndedIterator<Item = I> + ExactSizeIterator + Clone + use<I, T> {
        (0..self.len()).map(I::at)
    }

    /// All elements, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.elements.iter()
    }

    /// All elements, in order, to be changed.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.elements.iter_mut()
    }

    /// All elements with their indices, in order.
    pub fn iter_enumerated(&self) -> impl DoubleEndedIterator<Item = (I, &T)> + ExactSizeIterator {
        self.elements.iter().enumerate().map(|(position, element)| (I::at(position), element))
    }

    /// What `f` makes of each element, under the same index.
    pub fn map<U>(&self, f: impl FnMut(&T) -> U) -> IndexVec<I, U> {
        self.elements.iter().map(f).collect()
    }
}

impl<I: TypedIndex, T> Index<I> for IndexVec<I, T> {
    type Output = T;

    fn index(&self, index: I) -> &T {
        &self.elements[index.position()]
    }
}

impl<I: TypedIndex, T> IndexMut<I> for IndexVec<I, T> {
    fn index_mut(&mut self, index: I) -> &mut T {
        &mut self.elements[index.position()]
    }
}

impl<I, T> Default for IndexVec<I, T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<I, T: fmt::Debug> fmt::Debug for IndexVec<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.elements.fmt(f)
    }
}

impl<I, T> From<Vec<T>> for IndexVec<I, T> {
    fn from(elements: Vec<T>) -> Self {
        Self { elements, index: PhantomData }
    }
}

impl<I, T> FromIterator<T> for IndexVec<I, T> {
    fn from_iter<E: IntoIterator<Item = T>>(elements: E) -> Self {
        elements.into_iter().collect::<Vec<T>>().into()
    }
}

impl<I, T> IntoIterator for IndexVec<I, T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.elements.into_iter()
    }
}

impl<'a, I, T> IntoIterator for &'a IndexVec<I, T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.elements.iter()
    }
}
