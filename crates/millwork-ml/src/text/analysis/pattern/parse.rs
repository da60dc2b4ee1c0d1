//! The syntax of Python's `re`, read into pieces of the `regex` crate's.
//!
//! Python's "Regular Expression Syntax" (library reference, `re`) is followed for what it allows; every set of
//! characters becomes an explicit one, and what remains is written as it is.

use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use crate::text::analysis::pattern::python::{DIGIT, SPACE, WORD, negated, only};
use crate::text::analysis::pattern::stand_ins::StandIns;

/// A part of a pattern.
pub(super) enum Piece {
    /// One character of a set.
    Set(ClassUnicode),
    /// `\b` or `\B`.
    WordBoundary(&'static str),
    /// Anything else, as the crate writes it.
    Syntax(String),
}

impl Piece {
    pub(super) fn is_word_boundary(&self) -> bool {
        matches!(self, Self::WordBoundary(_))
    }

    /// Appends the piece as the crate reads it.
    pub(super) fn write(&self, stand_ins: Option<&StandIns>, translated: &mut String) -> Result<(), String> {
        match self {
            Self::Set(class) => match stand_ins {
                Some(stand_ins) => write_set(&stand_ins.replace_in(class)?, translated),
                None => write_set(class, translated),
            },
            Self::WordBoundary(syntax) => translated.push_str(syntax),
            Self::Syntax(syntax) => translated.push_str(syntax),
        }
        Ok(())
    }
}

fn write_set(class: &ClassUnicode, translated: &mut String) {
    if class.ranges().is_empty() {
        return translated.push_str("[a&&b]");
    }
    translated.push('[');
    for range in class.ranges() {
        let (first, last) = (u32::from(range.start()), u32::from(range.end()));
        // Writing to a string does not fail.
        let _ = write!(translated, r"\x{{{first:x}}}-\x{{{last:x}}}");
    }
    translated.push(']');
}

/// The most ranges of characters that the sets of a pattern have together. `\w` has some 750 of them, and it is ranges
/// that cost: to read, to compile, and in the program that comes of it.
const MOST_RANGES: usize = 1 << 16;

/// The most bytes of a pattern.
const LONGEST: usize = 1 << 14;

/// What is wrong with a pattern that costs too much.
pub(super) const TOO_LARGE: &str = "it is too large";

/// The most characters between the braces of a repetition.
const LONGEST_BOUNDS: usize = 32;

/// The pieces of a pattern, or what is wrong with it.
pub(super) fn parse(pattern: &str) -> Result<Vec<Piece>, String> {
    if pattern.len() > LONGEST {
        return Err(TOO_LARGE.to_owned());
    }
    let (flags, rest) = match pattern.strip_prefix("(?").and_then(|rest| rest.split_once(')')) {
        Some((flags, rest)) if flags.chars().all(|flag| flag.is_ascii_lowercase()) && !flags.is_empty() => {
            (flags, rest)
        }
        _ => ("", pattern),
    };
    if let Some(flag) = flags.chars().find(|flag| !"usm".contains(*flag)) {
        return Err(format!("the flag `{flag}` is not supported"));
    }
    let mut parser = Parser {
        rest: rest.chars().peekable(),
        pieces: Vec::new(),
        ranges: 0,
        repeatable: false,
        lines: flags.contains('m'),
        dot: if flags.contains('s') { negated(&ClassUnicode::empty()) } else { negated(&only('\n')) },
    };
    while let Some(character) = parser.rest.next() {
        parser.piece(character)?;
    }
    Ok(parser.pieces)
}

struct Parser<'p> {
    rest: Peekable<Chars<'p>>,
    pieces: Vec<Piece>,
    /// How many ranges of characters the sets have together.
    ranges: usize,
    /// Whether the last piece can be repeated.
    repeatable: bool,
    /// Whether `^` and `$` are at lines' ends too.
    lines: bool,
    dot: ClassUnicode,
}

/// What an escape stands for.
enum Escape {
    Character(char),
    Set(ClassUnicode),
}

impl Parser<'_> {
    fn piece(&mut self, character: char) -> Result<(), String> {
        match character {
            '\\' => return self.escape(),
            '[' => {
                let set = self.set()?;
                return self.push_set(set);
            }
            '.' => return self.push_set(self.dot.clone()),
            '(' => return self.group(),
            ')' => self.push_syntax(")", true),
            '|' => self.push_syntax("|", false),
            '^' => self.push_syntax(if self.lines { "(?m:^)" } else { r"\A" }, false),
            '$' if self.lines => self.push_syntax("(?m:$)", false),
            '$' => {
                return Err(
                    r"`$` also matches before a last line break: write `\Z`, or set the flag `m`".to_owned()
                );
            }
            '*' | '+' | '?' => return self.repetition(&character.to_string()),
            '{' => match self.bounds() {
                Some((least, most)) => return self.repetition(&format!("{{{least},{most}}}")),
                None => return self.push_set(only('{')),
            },
            literal => return self.push_set(only(literal)),
        }
        Ok(())
    }

    fn push_set(&mut self, class: ClassUnicode) -> Result<(), String> {
        self.ranges += class.ranges().len();
        if self.ranges > MOST_RANGES {
            return Err(TOO_LARGE.to_owned());
        }
        self.pieces.push(Piece::Set(class));
        self.repeatable = true;
        Ok(())
    }

    fn push_syntax(&mut self, syntax: &str, repeatable: bool) {
        self.pieces.push(Piece::Syntax(syntax.to_owned()));
        self.repeatable = repeatable;
    }

    fn repetition(&mut self, operator: &str) -> Result<(), String> {
        if !self.repeatable {
            return Err(format!("there is nothing that `{operator}` can repeat"));
        }
        self.push_syntax(operator, false);
        match self.rest.peek() {
            Some('?') => {
                self.rest.next();
                self.push_syntax("?", false);
                Ok(())
            }
            Some('+') => Err("possessive repetition is not supported".to_owned()),
            _ => Ok(()),
        }
    }

    /// The bounds of `{least,most}` after its brace, if that is what follows; else the brace stands for itself.
    fn bounds(&mut self) -> Option<(String, String)> {
        let bounds = self.rest.clone().take(LONGEST_BOUNDS);
        let text: String = bounds.take_while(|&character| character != '}').collect();
        if self.rest.clone().nth(text.chars().count()) != Some('}') || text.is_empty() {
            return None;
        }
        let (least, most) = text.split_once(',').unwrap_or((&text, &text));
        if !(least.bytes().chain(most.bytes())).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.rest.nth(text.len());
        let least = if least.is_empty() { "0" } else { least };
        Some((least.to_owned(), most.to_owned()))
    }

    fn group(&mut self) -> Result<(), String> {
        self.repeatable = false;
        if self.rest.next_if_eq(&'?').is_none() {
            self.push_syntax("(", false);
            return Ok(());
        }
        let rest: String = self.rest.clone().take(2).collect();
        match rest.as_str() {
            ahead if ahead.starts_with(':') => {
                self.rest.next();
                self.push_syntax("(?:", false);
                Ok(())
            }
            "P<" => {
                let named = self.rest.by_ref().any(|character| character == '>');
                self.push_syntax("(", false);
                if named { Ok(()) } else { Err("the name of a group has no end".to_owned()) }
            }
            "<=" | "<!" => Err("look-around is not supported".to_owned()),
            ahead if ahead.starts_with(['=', '!']) => Err("look-around is not supported".to_owned()),
            _ => Err(format!("`(?{rest}` is not supported")),
        }
    }

    fn escape(&mut self) -> Result<(), String> {
        match self.rest.peek() {
            Some('b') => self.pieces.push(Piece::WordBoundary(r"\b")),
            Some('B') => self.pieces.push(Piece::WordBoundary(r"\B")),
            Some('A') => self.pieces.push(Piece::Syntax(r"\A".to_owned())),
            Some('Z') => self.pieces.push(Piece::Syntax(r"\z".to_owned())),
            _ => {
                let set = match self.escaped()? {
                    Escape::Character(character) => only(character),
                    Escape::Set(set) => set,
                };
                return self.push_set(set);
            }
        }
        self.rest.next();
        self.repeatable = false;
        Ok(())
    }

    /// What the escape after a backslash stands for, in a set or outside.
    fn escaped(&mut self) -> Result<Escape, String> {
        let Some(character) = self.rest.next() else { return Err("it ends with a backslash".to_owned()) };
        Ok(match character {
            'w' => Escape::Set(WORD.clone()),
            'W' => Escape::Set(negated(&WORD)),
            'd' => Escape::Set(DIGIT.clone()),
            'D' => Escape::Set(negated(&DIGIT)),
            's' => Escape::Set(SPACE.clone()),
            'S' => Escape::Set(negated(&SPACE)),
            'n' => Escape::Character('\n'),
            't' => Escape::Character('\t'),
            'r' => Escape::Character('\r'),
            'f' => Escape::Character('\u{c}'),
            'v' => Escape::Character('\u{b}'),
            'a' => Escape::Character('\u{7}'),
            'x' => Escape::Character(self.code(2)?),
            'u' => Escape::Character(self.code(4)?),
            'U' => Escape::Character(self.code(8)?),
            '0'..='9' => {
                return Err(format!(r"`\{character}` is a back-reference or octal, which is not supported"));
            }
            letter if letter.is_ascii_alphabetic() => return Err(format!(r"`\{letter}` is not supported")),
            literal => Escape::Character(literal),
        })
    }

    /// The character of a code in hexadecimal digits.
    fn code(&mut self, digits: usize) -> Result<char, String> {
        let code: String = self.rest.by_ref().take(digits).collect();
        let valid = code.len() == digits && code.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = valid.then(|| u32::from_str_radix(&code, 16).ok()).flatten();
        code.and_then(char::from_u32)
            .ok_or_else(|| format!("an escape needs the {digits} digits of a character's code"))
    }

    /// The set after its opening bracket.
    fn set(&mut self) -> Result<ClassUnicode, String> {
        let is_negated = self.rest.next_if_eq(&'^').is_some();
        // Made into a class at the end: that sorts them, and is dear for each.
        let mut ranges = Vec::new();
        let mut first = true;
        loop {
            let member = self.member()?;
            if !first && matches!(member, Member::Bare(']')) {
                break;
            }
            first = false;
            let range =
                self.rest.peek() == Some(&'-') && self.rest.clone().nth(1).is_some_and(|after| after != ']');
            if range {
                self.rest.next();
                let (low, high) = (member.character()?, self.member()?.character()?);
                if low > high {
                    return Err(format!("the range `{low}-{high}` descends"));
                }
                ranges.push(ClassUnicodeRange::new(low, high));
            } else {
                ranges.extend_from_slice(member.into_set().ranges());
            }
            if ranges.len() > MOST_RANGES {
                return Err(TOO_LARGE.to_owned());
            }
        }
        let set = ClassUnicode::new(ranges);
        Ok(if is_negated { negated(&set) } else { set })
    }

    fn member(&mut self) -> Result<Member, String> {
        match self.rest.next() {
            None => Err("a set has no end".to_owned()),
            Some('\\') if self.rest.next_if_eq(&'b').is_some() => {
                Ok(Member::Escaped(Escape::Character('\u{8}')))
            }
            Some('\\') => Ok(Member::Escaped(self.escaped()?)),
            Some(character) => Ok(Member::Bare(character)),
        }
    }
}

/// A member of a set.
enum Member {
    Bare(char),
    Escaped(Escape),
}

impl Member {
    fn character(self) -> Result<char, String> {
        match self {
            Self::Bare(character) | Self::Escaped(Escape::Character(character)) => Ok(character),
            Self::Escaped(Escape::Set(_)) => Err("a range cannot end with a class".to_owned()),
        }
    }

    fn into_set(self) -> ClassUnicode {
        match self {
            Self::Bare(character) | Self::Escaped(Escape::Character(character)) => only(character),
            Self::Escaped(Escape::Set(set)) => set,
        }
    }
}
