//! Parses a selection: a recursive descent over its characters.

use super::selection::{Expression, SelectionError};

/// How many characters of a selection an error message quotes.
const SHOWN: usize = 500;
/// Parentheses and `not`s nest no deeper than this.
const DEEPEST: usize = 200;
/// The maximum number of parts that scan all assets. The number of keys isn't limited.
const MOST_SCANS: usize = 1000;

pub(super) fn parse(text: &str) -> Result<Expression, SelectionError> {
    let mut parser = Parser { text, position: 0, depth: 0, scans: 0 };
    let expression = parser.or()?;
    if parser.peek().is_some() {
        return Err(parser.expected("`and`, `or` or the end"));
    }
    Ok(expression)
}

struct Parser<'a> {
    text: &'a str,
    /// The position in `text`, in bytes.
    position: usize,
    depth: usize,
    /// The number of parts so far that scan all assets.
    scans: usize,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Expression, SelectionError> {
        let first = self.and()?;
        self.rest_of_list(
            first,
            |parser| parser.keyword("or") || parser.symbol(','),
            Self::and,
            Expression::Or,
        )
    }

    fn and(&mut self) -> Result<Expression, SelectionError> {
        let first = self.not()?;
        self.rest_of_list(first, |parser| parser.keyword("and"), Self::not, Expression::And)
    }

    /// The rest of a list, which is one level of nesting however long it is.
    fn rest_of_list(
        &mut self,
        first: Expression,
        goes_on: impl Fn(&mut Self) -> bool,
        part: impl Fn(&mut Self) -> Result<Expression, SelectionError>,
        list: impl FnOnce(Vec<Expression>) -> Expression,
    ) -> Result<Expression, SelectionError> {
        let mut parts = vec![first];
        while goes_on(self) {
            parts.push(part(self)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { list(parts) })
    }

    fn count_scan(&mut self) -> Result<(), SelectionError> {
        self.scans += 1;
        if self.scans > MOST_SCANS {
            return Err(self.expected(&format!(
                "a shorter selection: {MOST_SCANS} patterns, groups, `+` and `not` at most"
            )));
        }
        Ok(())
    }

    fn not(&mut self) -> Result<Expression, SelectionError> {
        if !self.keyword("not") {
            return self.around();
        }
        self.count_scan()?;
        self.nested(|parser| Ok(Expression::Not(Box::new(parser.not()?))))
    }

    fn around(&mut self) -> Result<Expression, SelectionError> {
        let up = self.levels_above();
        let inner = self.primary()?;
        let down = if self.symbol('+') { self.number().unwrap_or(usize::MAX) } else { 0 };
        if (up, down) == (0, 0) {
            return Ok(inner);
        }
        self.count_scan()?;
        Ok(Expression::Around { up, inner: Box::new(inner), down })
    }

    /// Parses `+` or `2+`: how many levels upstream are selected.
    fn levels_above(&mut self) -> usize {
        if self.symbol('+') {
            return usize::MAX;
        }
        let start = self.position;
        if let Some(levels) = self.number()
            && self.symbol('+')
        {
            return levels;
        }
        self.position = start;
        0
    }

    fn primary(&mut self) -> Result<Expression, SelectionError> {
        if self.symbol('(') {
            let inner = self.nested(Self::or)?;
            return if self.symbol(')') { Ok(inner) } else { Err(self.expected("`)`")) };
        }
        self.skip_space();
        let start = self.position;
        let word = self.word()?;
        let is_key = !self.text[self.position..].starts_with(':');
        if !is_key || word.contains('*') {
            self.count_scan()?;
        }
        if is_key {
            return Ok(Expression::Key(word));
        }
        self.position += 1;
        let value = self.word()?;
        Ok(match &*word {
            "key" => Expression::Key(value),
            "group" => Expression::Group(value),
            "kind" => Expression::Kind(value),
            "owner" => Expression::Owner(value),
            "tag" if self.text[self.position..].starts_with('=') => {
                self.position += 1;
                Expression::Tag(value, Some(self.word()?))
            }
            "tag" => Expression::Tag(value, None),
            _ => {
                self.position = start;
                return Err(self.expected("`group:`, `kind:`, `owner:` or `tag:`"));
            }
        })
    }

    /// A quoted text, or a run of the characters that keys consist of.
    fn word(&mut self) -> Result<String, SelectionError> {
        let rest = &self.text[self.position..];
        if let Some(quoted) = rest.strip_prefix('"') {
            let Some(end) = quoted.find('"') else {
                self.position = self.text.len();
                return Err(self.expected("`\"`"));
            };
            self.position += end + 2;
            return Ok(quoted[..end].to_owned());
        }
        let end = rest.find(|char: char| !is_word(char)).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.expected("an asset"));
        }
        self.position += end;
        Ok(rest[..end].to_owned())
    }

    fn number(&mut self) -> Option<usize> {
        let rest = &self.text[self.position..];
        let end = rest.find(|char: char| !is_word(char)).unwrap_or(rest.len());
        let number = rest[..end].parse().ok()?;
        self.position += end;
        Some(number)
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        self.skip_space();
        let Some(rest) = self.text[self.position..].strip_prefix(keyword) else { return false };
        let ends = !rest.starts_with(is_word) && !rest.starts_with(':');
        if ends {
            self.position += keyword.len();
        }
        ends
    }

    fn symbol(&mut self, symbol: char) -> bool {
        let found = self.peek() == Some(symbol);
        if found {
            self.position += symbol.len_utf8();
        }
        found
    }

    fn peek(&mut self) -> Option<char> {
        self.skip_space();
        self.text[self.position..].chars().next()
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.position..];
        self.position += rest.len() - rest.trim_start().len();
    }

    fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, SelectionError>,
    ) -> Result<T, SelectionError> {
        if self.depth == DEEPEST {
            return Err(self.expected("less nesting"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn expected(&self, expected: &str) -> SelectionError {
        let position = self.text[..self.position].chars().count() + 1;
        let mut selection: String = self.text.chars().take(SHOWN).collect();
        if selection.len() < self.text.len() {
            selection.push('…');
        }
        SelectionError::Syntax { selection, position, expected: expected.into() }
    }
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '-' | '.' | '/' | '*' | '@')
}
