//! A vocabulary while it grows, with the documents of each term counted, and once it is fixed, by column and by name.

use std::sync::Arc;

use crate::text::terms::{Entry, GROUP, Look, Term, TermTable, Terms};

/// Terms in the order of their first occurrence, each once.
pub(super) struct Interner {
    table: TermTable,
    bytes: Vec<u8>,
    /// Where each term starts and ends in `bytes`.
    bounds: Vec<(usize, usize)>,
    occurrences: Vec<Occurrences>,
}

/// In how many documents a term occurs, and the last of them, so that a repetition does not count.
#[derive(Clone, Copy)]
struct Occurrences {
    documents: usize,
    last_document: usize,
}

impl Interner {
    pub(super) fn new() -> Self {
        Self {
            table: TermTable::with_capacity(0),
            bytes: Vec::new(),
            bounds: Vec::new(),
            occurrences: Vec::new(),
        }
    }

    /// Appends the numbers of terms to `numbers`, given to them now if they are new, having counted that they occur in
    /// `document`.
    #[inline]
    pub(super) fn see(&mut self, document: usize, terms: Terms<'_>, numbers: &mut Vec<u32>) {
        for group in terms.groups(GROUP) {
            let before = numbers.len();
            self.intern(group, numbers);
            for &number in &numbers[before..] {
                let occurrences = &mut self.occurrences[number as usize];
                if occurrences.last_document != document {
                    *occurrences =
                        Occurrences { documents: occurrences.documents + 1, last_document: document };
                }
            }
        }
    }

    /// Takes over the terms and counts of another one, which saw other documents; gives the number here of each of
    /// the other's terms.
    pub(super) fn merge(&mut self, other: &Self) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(other.len());
        for group in (Terms { text: &other.bytes, bounds: &other.bounds }).groups(GROUP) {
            self.intern(group, &mut numbers);
        }
        for (&number, occurrences) in numbers.iter().zip(&other.occurrences) {
            self.occurrences[number as usize].documents += occurrences.documents;
        }
        numbers
    }

    /// How many terms there are.
    pub(super) fn len(&self) -> usize {
        self.occurrences.len()
    }

    /// The term with a number.
    pub(super) fn term(&self, number: usize) -> Term<'_> {
        let (start, end) = self.bounds[number];
        Term::new(&self.bytes, start, end)
    }

    /// In how many documents the term with a number occurs.
    pub(super) fn documents(&self, number: usize) -> usize {
        self.occurrences[number].documents
    }

    /// Appends the numbers of at most [`GROUP`] terms to `numbers`.
    #[inline]
    fn intern(&mut self, group: Terms<'_>, numbers: &mut Vec<u32>) {
        let mut looks = [Look::NONE; GROUP];
        for (look, term) in looks.iter_mut().zip(group.iter()) {
            *look = self.table.look(term);
        }
        numbers.extend(looks.iter().zip(group.iter()).map(|(look, term)| self.number(look, term)));
    }

    /// The number of a term that was looked at.
    #[inline]
    fn number(&mut self, look: &Look, term: Term<'_>) -> u32 {
        let (bytes, bounds) = (&self.bytes, &self.bounds);
        let stored = |number: u32| {
            let (start, end) = bounds[number as usize];
            &bytes[start..end]
        };
        match self.table.entry_at(look, term, stored) {
            Entry::Occupied(number) => number,
            Entry::Vacant(vacancy) => {
                let number = u32::try_from(self.occurrences.len()).unwrap_or(u32::MAX);
                self.table.insert(vacancy, number);
                self.bounds.push((self.bytes.len(), self.bytes.len() + term.bytes().len()));
                self.bytes.extend_from_slice(term.bytes());
                self.occurrences.push(Occurrences { documents: 0, last_document: usize::MAX });
                number
            }
        }
    }
}

/// Terms in the order of their columns.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary {
    terms: Arc<[String]>,
    table: TermTable,
}

impl Vocabulary {
    /// The vocabulary of `terms`. Of equal terms, the first is found.
    pub(super) fn new(terms: Arc<[String]>) -> Self {
        let mut table = TermTable::with_capacity(terms.len());
        for (term, column) in terms.iter().zip(0..) {
            let entry = table.entry(Term::from(term.as_str()), |column| terms[column as usize].as_bytes());
            if let Entry::Vacant(vacancy) = entry {
                table.insert(vacancy, column);
            }
        }
        Self { terms, table }
    }

    /// The column of a term.
    pub(super) fn column(&self, term: Term<'_>) -> Option<u32> {
        self.column_at(&self.table.look(term), term)
    }

    /// Appends the columns of those terms that have one to `columns`.
    #[inline]
    pub(super) fn columns(&self, terms: Terms<'_>, columns: &mut Vec<u32>) {
        for group in terms.groups(GROUP) {
            let mut looks = [Look::NONE; GROUP];
            for (look, term) in looks.iter_mut().zip(group.iter()) {
                *look = self.table.look(term);
            }
            columns
                .extend(looks.iter().zip(group.iter()).filter_map(|(look, term)| self.column_at(look, term)));
        }
    }

    #[inline]
    fn column_at(&self, look: &Look, term: Term<'_>) -> Option<u32> {
        match self.table.entry_at(look, term, |column| self.terms[column as usize].as_bytes()) {
            Entry::Occupied(column) => Some(column),
            Entry::Vacant(_) => None,
        }
    }

    pub(super) fn terms(&self) -> &Arc<[String]> {
        &self.terms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(interner: &Interner, expected: &[(&str, usize)]) {
        let found: Vec<_> = (0..interner.len())
            .map(|number| (interner.term(number).bytes(), interner.documents(number)))
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|(term, documents)| (term.as_bytes(), *documents)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_term_counts_once_per_document() {
        let mut left = Interner::new();
        let mut numbers = Vec::new();
        left.see(0, Terms { text: b"bbaa", bounds: &[(0, 2), (2, 4), (0, 2)] }, &mut numbers);
        left.see(1, Terms { text: b"bbincomprehensible", bounds: &[(0, 2), (2, 18)] }, &mut numbers);
        assert_eq!(numbers, [0, 1, 0, 0, 2]);
        check(&left, &[("bb", 2), ("aa", 1), ("incomprehensible", 1)]);

        let mut right = Interner::new();
        let bounds = [(0, 2), (2, 18), (18, 20)];
        right.see(0, Terms { text: b"ccincomprehensiblebb", bounds: &bounds }, &mut Vec::new());
        assert_eq!(left.merge(&right), [3, 2, 0]);
        check(&left, &[("bb", 3), ("aa", 1), ("incomprehensible", 2), ("cc", 1)]);
    }

    #[test]
    fn terms_are_found_by_name() {
        let terms = ["bb", "", "incomprehensible"].map(str::to_owned);
        let vocabulary = Vocabulary::new(Arc::from(terms.to_vec()));
        let check = |term: &str, expected: Option<u32>| {
            assert_eq!(vocabulary.column(Term::from(term)), expected, "{term:?}");
        };
        check("bb", Some(0));
        check("", Some(1));
        check("incomprehensible", Some(2));
        check("incomprehensibly", None);
        check("b", None);
    }
}
