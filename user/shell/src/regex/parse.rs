//! From text to tree.

use super::Syntax;
use super::program::Condition;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// An expression.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    Empty,
    Character(Set),
    Check(Condition),
    Sequence(Vec<Tree>),
    Choice(Vec<Tree>),
    Repeat {
        tree: Box<Tree>,
        least: u32,
        most: Option<u32>,
    },
}

/// A set of characters.
#[derive(Clone, Debug, Default)]
pub(super) struct Set {
    negated: bool,
    ranges: Vec<(char, char)>,
    classes: Vec<fn(char) -> bool>,
}

impl Set {
    fn one(character: char) -> Set {
        Set {
            ranges: alloc::vec![(character, character)],
            ..Set::default()
        }
    }

    fn class(class: fn(char) -> bool, negated: bool) -> Set {
        Set {
            negated,
            classes: alloc::vec![class],
            ..Set::default()
        }
    }

    fn has(&self, character: char) -> bool {
        self.ranges
            .iter()
            .any(|(low, high)| (*low..=*high).contains(&character))
            || self.classes.iter().any(|class| class(character))
    }

    /// Whether the character is in the set, or with `ignore_case` its other case.
    pub(super) fn contains(&self, character: char, ignore_case: bool) -> bool {
        let mut found = self.has(character);
        if ignore_case && !found {
            found = character.to_lowercase().any(|other| self.has(other))
                || character.to_uppercase().any(|other| self.has(other));
        }
        found != self.negated
    }
}

/// Deeper nesting is refused.
const DEEPEST: usize = 100;
/// The largest count in braces.
const LARGEST_COUNT: u32 = 1000;

struct Parser<'a> {
    rest: &'a [char],
    extended: bool,
    depth: usize,
}

pub(super) fn parse(text: &str, syntax: Syntax) -> Result<Tree, String> {
    if syntax == Syntax::Fixed {
        return Ok(Tree::Sequence(
            text.chars()
                .map(|character| Tree::Character(Set::one(character)))
                .collect(),
        ));
    }
    let characters: Vec<char> = text.chars().collect();
    let mut parser = Parser {
        rest: &characters,
        extended: syntax == Syntax::Extended,
        depth: 0,
    };
    let tree = parser.choice()?;
    if parser.rest.is_empty() {
        Ok(tree)
    } else {
        Err(String::from("')' without '('"))
    }
}

impl Parser<'_> {
    fn accept(&mut self, text: &str) -> bool {
        let characters: Vec<char> = text.chars().collect();
        let found = self.rest.starts_with(&characters);
        if found {
            self.rest = &self.rest[characters.len()..];
        }
        found
    }

    /// Takes an operator in its spelling: with a backslash in basic expressions.
    fn operator(&mut self, operator: char) -> bool {
        let text = if self.extended {
            format!("{operator}")
        } else {
            format!("\\{operator}")
        };
        self.accept(&text)
    }

    fn at_end_of_sequence(&self) -> bool {
        match self.rest {
            [] => true,
            ['|' | ')', ..] if self.extended => !(self.rest[0] == ')' && self.depth == 0),
            ['\\', '|' | ')', ..] if !self.extended => true,
            _ => false,
        }
    }

    fn choice(&mut self) -> Result<Tree, String> {
        let mut choices = alloc::vec![self.sequence()?];
        while self.operator('|') {
            choices.push(self.sequence()?);
        }
        Ok(if choices.len() == 1 {
            choices.swap_remove(0)
        } else {
            Tree::Choice(choices)
        })
    }

    fn sequence(&mut self) -> Result<Tree, String> {
        let mut trees = Vec::new();
        while !self.at_end_of_sequence() {
            let first = trees.is_empty();
            let tree = self.atom(first)?;
            // A star at the start of a basic expression is a star; so is one after its `^`.
            trees.push(self.repeated(tree)?);
        }
        Ok(match trees.len() {
            0 => Tree::Empty,
            1 => trees.swap_remove(0),
            _ => Tree::Sequence(trees),
        })
    }

    fn repeated(&mut self, tree: Tree) -> Result<Tree, String> {
        let mut tree = tree;
        if matches!(tree, Tree::Check(Condition::LineStart)) && !self.extended {
            return Ok(tree);
        }
        loop {
            let (least, most) = if self.accept("*") {
                (0, None)
            } else if self.operator('+') {
                (1, None)
            } else if self.operator('?') {
                (0, Some(1))
            } else if self.operator('{') {
                self.counts()?
            } else {
                return Ok(tree);
            };
            tree = Tree::Repeat {
                tree: Box::new(tree),
                least,
                most,
            };
        }
    }

    fn count(&mut self) -> Result<Option<u32>, String> {
        let mut value = None;
        while let Some(digit) = self
            .rest
            .first()
            .and_then(|character| character.to_digit(10))
        {
            value = Some(
                value
                    .unwrap_or(0u32)
                    .saturating_mul(10)
                    .saturating_add(digit),
            );
            self.rest = &self.rest[1..];
        }
        match value {
            Some(value) if value > LARGEST_COUNT => {
                Err(format!("a count may be {LARGEST_COUNT} at most"))
            }
            _ => Ok(value),
        }
    }

    /// `2}`, `2,}`, `2,5}`, `,5}`.
    fn counts(&mut self) -> Result<(u32, Option<u32>), String> {
        let least = self.count()?;
        let (least, most) = if self.accept(",") {
            (least.unwrap_or(0), self.count()?)
        } else {
            let least = least.ok_or("the count in braces is missing")?;
            (least, Some(least))
        };
        if !self.operator('}') {
            return Err(String::from("'}' is missing"));
        }
        if most.is_some_and(|most| most < least) {
            return Err(String::from("the counts in braces are the wrong way round"));
        }
        Ok((least, most))
    }

    fn atom(&mut self, first: bool) -> Result<Tree, String> {
        if self.operator('(') {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(String::from("nested too deeply"));
            }
            let tree = self.choice()?;
            if !self.operator(')') {
                return Err(String::from("'(' without ')'"));
            }
            self.depth -= 1;
            return Ok(tree);
        }
        let Some((&character, rest)) = self.rest.split_first() else {
            return Ok(Tree::Empty);
        };
        self.rest = rest;
        match character {
            '.' => Ok(Tree::Character(Set {
                negated: true,
                ..Set::default()
            })),
            '[' => self.set(),
            '\\' => self.escape(),
            '^' if self.extended || first => Ok(Tree::Check(Condition::LineStart)),
            '$' if self.extended || self.at_end_of_sequence() => {
                Ok(Tree::Check(Condition::LineEnd))
            }
            '+' | '?' | '*' if self.extended && first => {
                Err(format!("'{character}' has nothing to repeat"))
            }
            _ => Ok(Tree::Character(Set::one(character))),
        }
    }

    fn escape(&mut self) -> Result<Tree, String> {
        let Some((&character, rest)) = self.rest.split_first() else {
            return Err(String::from("a backslash at the end"));
        };
        self.rest = rest;
        let word = |character: char| character.is_alphanumeric() || character == '_';
        Ok(match character {
            'w' => Tree::Character(Set::class(word, false)),
            'W' => Tree::Character(Set::class(word, true)),
            's' => Tree::Character(Set::class(char::is_whitespace, false)),
            'S' => Tree::Character(Set::class(char::is_whitespace, true)),
            'b' => Tree::Check(Condition::WordEdge),
            'B' => Tree::Check(Condition::NoWordEdge),
            '<' => Tree::Check(Condition::WordStart),
            '>' => Tree::Check(Condition::WordEnd),
            '1'..='9' => return Err(String::from("references back to groups are not supported")),
            other => Tree::Character(Set::one(other)),
        })
    }

    fn set(&mut self) -> Result<Tree, String> {
        let mut set = Set {
            negated: self.accept("^"),
            ..Set::default()
        };
        let mut first = true;
        loop {
            if !first && self.accept("]") {
                return Ok(Tree::Character(set));
            }
            first = false;
            if self.accept("[:") {
                set.classes.push(self.class()?);
                continue;
            }
            let Some((&low, rest)) = self.rest.split_first() else {
                return Err(String::from("'[' without ']'"));
            };
            self.rest = rest;
            match self.rest {
                ['-', high, rest @ ..] if *high != ']' => {
                    if *high < low {
                        return Err(format!("the range {low}-{high} is the wrong way round"));
                    }
                    set.ranges.push((low, *high));
                    self.rest = rest;
                }
                _ => set.ranges.push((low, low)),
            }
        }
    }

    fn class(&mut self) -> Result<fn(char) -> bool, String> {
        let end = self.rest.windows(2).position(|pair| pair == [':', ']']);
        let end = end.ok_or("'[:' without ':]'")?;
        let name: String = self.rest[..end].iter().collect();
        self.rest = &self.rest[end + 2..];
        Ok(match name.as_str() {
            "alpha" => char::is_alphabetic,
            "digit" => |character| character.is_ascii_digit(),
            "alnum" => char::is_alphanumeric,
            "upper" => char::is_uppercase,
            "lower" => char::is_lowercase,
            "space" => char::is_whitespace,
            "blank" => |character| matches!(character, ' ' | '\t'),
            "punct" => |character| character.is_ascii_punctuation(),
            "xdigit" => |character| character.is_ascii_hexdigit(),
            "cntrl" => char::is_control,
            "print" => |character| !character.is_control(),
            "graph" => |character| !character.is_control() && !character.is_whitespace(),
            _ => return Err(format!("[:{name}:] is no class of characters")),
        })
    }
}
