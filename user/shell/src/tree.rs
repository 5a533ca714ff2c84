//! The tree that a parsed command line is.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::OnceCell;

/// Commands one after another.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// In order.
    pub items: Vec<Item>,
}

/// One command of a list, up to its `;`, `&` or newline.
#[derive(Clone, Debug)]
pub struct Item {
    /// What to run.
    pub chain: Chain,
    /// Ended by `&`.
    pub background: bool,
    /// As it was typed, for the list of jobs.
    pub text: String,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The first.
    pub first: Pipeline,
    /// The others, each with what stands before it.
    pub rest: Vec<(Connector, Pipeline)>,
}

/// What joins two pipelines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Connector {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands joined by `|`.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Began with `!`.
    pub negated: bool,
    /// At least one.
    pub commands: Vec<Command>,
    /// As it was typed.
    pub text: String,
}

/// A command with its redirections.
#[derive(Clone, Debug)]
pub struct Command {
    /// What it is.
    pub kind: CommandKind,
    /// In the order in which they were written.
    pub redirections: Vec<Redirection>,
}

/// What kind of command.
#[derive(Clone, Debug)]
pub enum CommandKind {
    /// `a=1 b=2 name argument…`
    Simple {
        /// The leading assignments.
        assignments: Vec<Assignment>,
        /// Name and arguments.
        words: Vec<Word>,
    },
    /// `{ … }`
    Group(List),
    /// `( … )`
    Subshell(List),
    /// `if … then … elif … else … fi`: conditions with their branches, then the last branch.
    If(Vec<(List, List)>, Option<List>),
    /// `while … do … done`, or `until`.
    Loop {
        /// `until`: runs while the condition fails.
        until: bool,
        /// Before each round.
        condition: List,
        /// The round.
        body: List,
    },
    /// `for name in words; do … done`; without `in`, the positional parameters.
    For {
        /// The variable.
        name: Vec<u8>,
        /// The words after `in`.
        words: Option<Vec<Word>>,
        /// The round.
        body: List,
    },
    /// `case word in pattern) … ;; esac`
    Case {
        /// What is matched.
        word: Word,
        /// Patterns and what they run.
        arms: Vec<(Vec<Word>, List)>,
    },
    /// `name() command`
    Function {
        /// Its name.
        name: Vec<u8>,
        /// Its body, shared with whoever runs it while it is redefined.
        body: Rc<Command>,
    },
}

/// `name=value`
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The variable.
    pub name: Vec<u8>,
    /// The value.
    pub value: Word,
}

/// One redirection.
#[derive(Clone, Debug)]
pub struct Redirection {
    /// Which handle changes.
    pub handle: u32,
    /// To what.
    pub target: Target,
}

/// Where a redirected handle leads.
#[derive(Clone, Debug)]
pub enum Target {
    /// `< file`
    Read(Word),
    /// `> file`
    Write(Word),
    /// `>> file`
    Append(Word),
    /// `<> file`
    ReadWrite(Word),
    /// `>& word` and `<& word`: a number, or `-` to close.
    Duplicate(Word),
    /// `<< end`: filled when the lines after the command have been read.
    Here(Rc<OnceCell<Word>>),
}

/// A word before expansion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Word {
    /// Its parts, adjacent.
    pub parts: Vec<Part>,
}

impl Word {
    /// The text, if the word is nothing but unquoted text.
    pub fn plain(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}

/// A part of a word.
#[derive(Clone, Debug)]
pub enum Part {
    /// Unquoted: patterns in it count.
    Text(Vec<u8>),
    /// Quoted by `'…'` or `\`: exactly these bytes.
    Quoted(Vec<u8>),
    /// `"…"`
    DoubleQuoted(Vec<Part>),
    /// `$name`, `${name…}`
    Parameter(Box<Parameter>),
    /// `$(…)`
    Substitution(Rc<List>),
    /// `$((…))`, with the expression still to be expanded.
    Arithmetic(Vec<Part>),
    /// `~` or `~user` where it counts.
    Tilde(Vec<u8>),
}

impl PartialEq for Part {
    /// Substitutions are equal only to themselves.
    fn eq(&self, other: &Part) -> bool {
        match (self, other) {
            (Part::Text(one), Part::Text(two))
            | (Part::Quoted(one), Part::Quoted(two))
            | (Part::Tilde(one), Part::Tilde(two)) => one == two,
            (Part::DoubleQuoted(one), Part::DoubleQuoted(two))
            | (Part::Arithmetic(one), Part::Arithmetic(two)) => one == two,
            (Part::Parameter(one), Part::Parameter(two)) => one == two,
            (Part::Substitution(one), Part::Substitution(two)) => Rc::ptr_eq(one, two),
            _ => false,
        }
    }
}

/// `${name…}`
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// A name, a number, or one of `@ * # ? - $ ! 0`.
    pub name: Vec<u8>,
    /// What is done with its value.
    pub operation: Operation,
}

/// What `${name…}` does with the value.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Nothing.
    Value,
    /// `${#name}`
    Length,
    /// `${name:-word}`
    Default(Alternative),
    /// `${name:=word}`
    Assign(Alternative),
    /// `${name:?word}`
    Demand(Alternative),
    /// `${name:+word}`
    Replace(Alternative),
    /// `${name#pattern}`, `##` takes the longest.
    RemovePrefix {
        /// `##`
        longest: bool,
        /// The pattern.
        pattern: Word,
    },
    /// `${name/pattern/word}`, `//` replaces every match.
    Substitute {
        /// `//`
        all: bool,
        /// The pattern.
        pattern: Word,
        /// What takes its place.
        replacement: Word,
    },
    /// `${name:offset:length}`, in characters.
    Substring {
        /// An expression; a negative value counts from the end.
        offset: Word,
        /// An expression.
        length: Option<Word>,
    },
    /// `${name%pattern}`, `%%` takes the longest.
    RemoveSuffix {
        /// `%%`
        longest: bool,
        /// The pattern.
        pattern: Word,
    },
}

/// The word of `:-` and its relatives.
#[derive(Clone, Debug, PartialEq)]
pub struct Alternative {
    /// With the colon, an empty value counts as none.
    pub empty_is_unset: bool,
    /// The word.
    pub word: Word,
}
