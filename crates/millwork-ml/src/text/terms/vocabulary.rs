//! A fixed list of terms, by column and by name.

use std::sync::Arc;

use crate::text::terms::table::{Entry, GROUP, Look, TermTable};
use crate::text::terms::{Term, Terms};

/// Terms in the order of their columns.
#[derive(Debug, Clone)]
pub(in crate::text) struct Vocabulary {
    terms: Arc<[String]>,
    table: TermTable,
}

impl Vocabulary {
    /// The vocabulary of `terms`. Of equal terms, the first is found.
    pub(in crate::text) fn new(terms: Arc<[String]>) -> Self {
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
    pub(in crate::text) fn column(&self, term: Term<'_>) -> Option<u32> {
        self.column_at(&self.table.look(term), term)
    }

    /// Appends the columns of those terms that have one to `columns`.
    #[inline]
    pub(in crate::text) fn columns(&self, terms: Terms<'_>, columns: &mut Vec<u32>) {
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

    pub(in crate::text) fn terms(&self) -> &Arc<[String]> {
        &self.terms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
