//! Bad pointers in every argument of every call of a table.
//!
//! A [`Table`] is an ABI's own list of calls, brought to one form: name, number, and for each
//! register whether the table says that it holds an address. A [`Recipe`] says what a call is to be
//! given so that it would do its work: valid descriptors, valid paths, valid records ([`Give`]).
//! [`check`] then puts each of a dozen bad addresses into each place of a recipe that holds an
//! address, with all other arguments valid, each recipe in a process of its own, and asks:
//!
//! - the answer is "bad address", or an error that the recipe names with its reason;
//! - the process goes on, and has no descriptor more or less than before;
//! - with no bad address at all the call does its work, so that it was the address that failed.
//!
//! [`uncovered`] names the lines of a table that no recipe covers, so that a new line cannot be
//! forgotten.

use crate::memory::push;
use hal::hosted::User;
use std::cell::{Cell, RefCell};
use std::fmt::Write;
use std::rc::Rc;

/// What a register, or a word of a record, is given.
#[derive(Clone, Debug)]
pub enum Give {
    /// A number.
    Number(usize),
    /// The caller's own process number.
    Own,
    /// The address of these bytes, which the kernel reads.
    In(Vec<u8>),
    /// The address of a string that ends with NUL, which the kernel reads.
    Text(&'static str),
    /// The address of a record of words, which the kernel reads, and in which there may be more
    /// addresses.
    Words(Vec<Give>),
    /// The address of room for this many bytes, which the kernel writes.
    Out(usize),
    /// The same, but the kernel may write as little as one byte of it.
    OutSome(usize),
    /// The address of these bytes, which the kernel reads and writes.
    Both(Vec<u8>),
    /// As the other, but a null pointer stands for "none".
    Optional(Box<Give>),
    /// The register is said to hold an address, but this use of the call does not look at what is
    /// there: what to give, and why.
    Unread(usize, &'static str),
}

use Give::*;

impl Give {
    /// With null allowed.
    pub fn or_null(self) -> Give {
        Optional(Box::new(self))
    }

    /// Calls `visit` with this and everything inside, outermost first, if it is an address.
    fn visit(&self, visit: &mut impl FnMut(&Give, bool)) {
        self.visit_as(false, visit);
    }

    fn visit_as(&self, optional: bool, visit: &mut impl FnMut(&Give, bool)) {
        match self {
            Number(_) | Own | Unread(..) => {}
            Optional(inner) => inner.visit_as(true, visit),
            Words(words) => {
                visit(self, optional);
                words.iter().for_each(|word| word.visit(visit));
            }
            _ => visit(self, optional),
        }
    }

    fn is_read(&self) -> bool {
        !matches!(self, Out(_) | OutSome(_))
    }

    fn is_written(&self) -> bool {
        matches!(self, Out(_) | OutSome(_) | Both(_))
    }

    /// Bytes at the address.
    fn length(&self) -> usize {
        match self {
            In(bytes) | Both(bytes) => bytes.len(),
            Text(text) => text.len() + 1,
            Words(words) => words.len() * 8,
            Out(length) | OutSome(length) => *length,
            _ => 0,
        }
    }
}

/// Zeros that the kernel reads.
pub fn zeros(length: usize) -> Give {
    In(vec![0; length])
}

/// Words that the kernel reads.
pub fn words(numbers: &[usize]) -> Give {
    Words(numbers.iter().map(|number| Number(*number)).collect())
}

/// What becomes of a call to which everything valid was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Valid {
    /// It succeeds.
    Works,
    /// It fails with this error, for the reason that the recipe gives.
    Fails(usize),
    /// It does not come back: it ends the program, or waits.
    Leaves,
}

/// How a call is to be made.
#[derive(Clone)]
pub struct Recipe {
    /// The call's name.
    pub call: &'static str,
    /// What it is given.
    pub gives: Vec<Give>,
    /// What is done before each call, by the same process.
    pub before: fn(&mut User),
    /// What happens without a bad address.
    pub valid: Valid,
    /// Errors other than "bad address" that are as honest, and why.
    pub honest: Vec<(usize, &'static str)>,
    /// A transfer that fails in the middle gives what was done.
    pub partial: bool,
}

/// A recipe that works.
pub fn recipe(call: &'static str, gives: impl Into<Vec<Give>>) -> Recipe {
    Recipe {
        call,
        gives: gives.into(),
        before: |_| (),
        valid: Valid::Works,
        honest: Vec::new(),
        partial: false,
    }
}

impl Recipe {
    /// With something to do before.
    pub fn after(self, before: fn(&mut User)) -> Recipe {
        Recipe { before, ..self }
    }

    /// That transfers as much as it can.
    pub fn partial(self) -> Recipe {
        Recipe {
            partial: true,
            ..self
        }
    }

    /// Whose call does not come back.
    pub fn leaves(self) -> Recipe {
        Recipe {
            valid: Valid::Leaves,
            ..self
        }
    }

    /// Whose call fails with this error although all is valid, and why.
    pub fn fails(mut self, error: usize, reason: &'static str) -> Recipe {
        self.valid = Valid::Fails(error);
        self.honest.push((error, reason));
        self
    }

    /// That may answer this error instead, and why.
    pub fn or(mut self, error: usize, reason: &'static str) -> Recipe {
        self.honest.push((error, reason));
        self
    }
}

/// A line of a table.
pub struct Line {
    /// The call's name.
    pub name: &'static str,
    /// Its number.
    pub number: usize,
    /// For each register: its name, and whether it holds an address, if the table says so.
    pub registers: Vec<(&'static str, Option<bool>)>,
}

/// What a forked process runs.
pub type Child = Box<dyn FnOnce(&mut User)>;

/// An ABI as far as this needs it.
pub struct Table {
    /// Its calls.
    pub lines: Vec<Line>,
    /// The number of "bad address"; `None` if there is only one error.
    pub bad_address: Option<usize>,
    /// The error in a result, if it is one.
    pub error: fn(usize) -> Option<usize>,
    /// Forks: the child runs the closure and exits.
    pub fork: fn(&mut User, Child) -> bool,
    /// Waits for a child.
    pub wait: fn(&mut User),
    /// The lowest free descriptor.
    pub lowest: fn(&mut User) -> usize,
    /// The caller's process number.
    pub own: fn(&mut User) -> usize,
}

/// Addresses of a process.
pub struct Ground {
    /// Where a page ends that can be read and written, before one that is not there.
    pub edge: usize,
    /// Addresses that cannot be read: what they are, and where.
    pub unreadable: Vec<(&'static str, usize)>,
    /// Addresses of zeros that can be read but not written.
    pub unwritable: Vec<(&'static str, usize)>,
    /// Addresses of code, which may be read but not written.
    pub code: Vec<(&'static str, usize)>,
}

/// Addresses that no program of any ABI has.
pub const NOWHERE: &[(&str, usize)] = &[
    ("the end of the user's half", 1 << 38),
    ("the kernel's half", 0xffff_ffc0_0000_0000),
    ("the kernel's memory", 0xffff_ffc0_8020_0000),
    ("no canonical address", 1 << 63),
    ("all ones", usize::MAX),
    ("nearly all ones", usize::MAX - 7),
];

/// What a bad address is.
type Place = &'static str;

/// A bad address to put somewhere.
#[derive(Clone, Copy, Debug)]
enum Bad {
    At(Place, usize),
    /// So many bytes before the edge.
    Edge(usize),
    /// One byte further than it should be: not bad, but odd.
    Odd,
}

impl Bad {
    fn words(self) -> String {
        match self {
            Bad::At(name, address) => format!("{name} ({address:#x})"),
            Bad::Edge(before) => format!("{before} bytes before a hole"),
            Bad::Odd => String::from("odd"),
        }
    }
}

fn bads(give: &Give, optional: bool, ground: &Ground) -> Vec<Bad> {
    let mut bads = Vec::new();
    let mut add = |places: &[(Place, usize)]| {
        bads.extend(places.iter().map(|(name, at)| Bad::At(name, *at)));
    };
    add(NOWHERE);
    add(&ground.unreadable);
    if give.is_written() {
        add(&ground.unwritable);
    }
    if !give.is_read() {
        add(&ground.code);
    }
    if !give.is_read() || give.length() < 2 {
        bads.push(Bad::Edge(0));
    }
    if give.length() > 1 {
        bads.push(Bad::Edge(1));
        bads.push(Bad::At("the last byte of the user's half", (1 << 38) - 1));
        if !matches!(give, OutSome(_)) {
            bads.push(Bad::Edge(give.length() - 1));
        }
    }
    bads.retain(|bad| !(optional && matches!(bad, Bad::At(_, 0))));
    bads
}

/// Writes what is given, with `bad` in place of address number `target`; gives the register.
fn place(
    user: &mut User,
    table: &Table,
    ground: &Ground,
    give: &Give,
    next: &mut usize,
    target: Option<(usize, Bad)>,
) -> usize {
    let contents = match give {
        Number(number) | Unread(number, _) => return *number,
        Own => return (table.own)(user),
        Optional(inner) => return place(user, table, ground, inner, next, target),
        _ => {
            let index = *next;
            *next += 1;
            let contents = match give {
                In(bytes) | Both(bytes) => bytes.clone(),
                Text(text) => text.bytes().chain([0]).collect(),
                Words(words) => words
                    .iter()
                    .map(|word| place(user, table, ground, word, next, target))
                    .flat_map(usize::to_le_bytes)
                    .collect(),
                _ => vec![0xa5; give.length()],
            };
            if let Some((_, bad)) = target.filter(|(number, _)| *number == index) {
                return match bad {
                    Bad::At(_, address) => address,
                    Bad::Edge(before) => {
                        let address = ground.edge - before;
                        user.write(address, &contents[..before]);
                        address
                    }
                    Bad::Odd => {
                        let address = user.allocate(contents.len() + 1) + 1;
                        user.write(address, &contents);
                        address
                    }
                };
            }
            contents
        }
    };
    push(user, &contents)
}

/// Makes a recipe's call; gives the register of the result.
fn make(
    user: &mut User,
    table: &Table,
    ground: &Ground,
    recipe: &Recipe,
    target: Option<(usize, Bad)>,
) -> usize {
    (recipe.before)(user);
    let before = user.stack_pointer();
    let mut registers = [0; 6];
    let mut next = 0;
    for (register, give) in registers.iter_mut().zip(&recipe.gives) {
        *register = place(user, table, ground, give, &mut next, target);
    }
    let number = table.lines.iter().find(|line| line.name == recipe.call);
    let number = number.map_or(usize::MAX, |line| line.number);
    let result = user.syscall(number, registers);
    user.set_stack_pointer(before);
    result
}

/// What is wrong, gathered from all processes of a machine.
type Complaints = Rc<RefCell<String>>;

fn complain(complaints: &Complaints, recipe: &Recipe, text: &str) {
    let mut gives = format!("{:?}", recipe.gives);
    gives.truncate(100);
    let _ = writeln!(complaints.borrow_mut(), "{}{gives}: {text}", recipe.call);
}

/// All bad addresses in all places of one recipe.
fn bad_calls(user: &mut User, table: &Table, ground: &Ground, recipe: &Recipe, to: &Complaints) {
    let mut targets = Vec::new();
    for give in &recipe.gives {
        give.visit(&mut |give, optional| {
            targets.push((give.length(), bads(give, optional, ground)))
        });
    }
    for (index, (length, bads)) in targets.into_iter().enumerate() {
        for bad in bads {
            (recipe.before)(user);
            let free = (table.lowest)(user);
            let quiet = Recipe {
                before: |_| (),
                ..recipe.clone()
            };
            let result = make(user, table, ground, &quiet, Some((index, bad)));
            let say = |text: &str| {
                let at = format!("address {index} is {}: {text}", bad.words());
                complain(to, recipe, &at);
            };
            match (table.error)(result) {
                Some(error) => {
                    let known = table.bad_address.is_none_or(|bad| bad == error);
                    if !known && recipe.honest.iter().all(|(honest, _)| *honest != error) {
                        say(&format!("it fails with {error}"));
                    }
                }
                // A part was done: of this buffer, or of those before it.
                None if recipe.partial
                    && (matches!(bad, Bad::Edge(_)) || index > 1)
                    && (1..length * index.max(1)).contains(&result) => {}
                None => say(&format!("it answers {result:#x}")),
            }
            if (table.lowest)(user) != free {
                say("descriptors have changed");
            }
        }
    }
}

/// Odd addresses: whatever the call makes of them, it comes back.
fn odd_calls(user: &mut User, table: &Table, ground: &Ground, recipe: &Recipe, _: &Complaints) {
    let mut lengths = Vec::new();
    for give in &recipe.gives {
        give.visit(&mut |give, _| match give {
            // One further on there is another string.
            Text(_) => lengths.push(0),
            _ => lengths.push(give.length()),
        });
    }
    for (index, length) in lengths.into_iter().enumerate() {
        if length > 1 {
            make(user, table, ground, recipe, Some((index, Bad::Odd)));
        }
    }
}

/// The call as it should be.
fn valid_call(user: &mut User, table: &Table, ground: &Ground, recipe: &Recipe, to: &Complaints) {
    let result = make(user, table, ground, recipe, None);
    let told = match (table.error)(result) {
        Some(error) => Valid::Fails(error),
        None => Valid::Works,
    };
    if told != recipe.valid {
        let text = format!("all is valid, and it {told:?} with {result:#x}");
        complain(to, recipe, &text);
    }
}

type Phase = fn(&mut User, &Table, &Ground, &Recipe, &Complaints);

/// The whole enumeration, from a process that has what the recipes take for granted.
pub fn check(user: &mut User, table: &Rc<Table>, ground: &Rc<Ground>, recipes: &Rc<Vec<Recipe>>) {
    let complaints = Complaints::default();
    for index in 0..recipes.len() {
        let recipe = &recipes[index];
        let phases: &[Phase] = match recipe.valid {
            Valid::Leaves => &[bad_calls],
            _ => &[bad_calls, valid_call, odd_calls],
        };
        if crate::seeds::replay().is_some() {
            eprintln!("{}{:?}", recipe.call, recipe.gives);
        }
        for (number, phase) in phases.iter().copied().enumerate() {
            let finished = Rc::new(Cell::new(false));
            let shared = (table.clone(), ground.clone(), recipes.clone());
            let (to, done) = (complaints.clone(), finished.clone());
            let child = Box::new(move |user: &mut User| {
                let (table, ground, recipes) = shared;
                phase(user, &table, &ground, &recipes[index], &to);
                done.set(true);
            });
            if !(table.fork)(user, child) {
                return complain(&complaints, recipe, "no fork");
            }
            (table.wait)(user);
            if !finished.get() {
                let text = format!("the process did not survive part {number}");
                complain(&complaints, recipe, &text);
            }
        }
    }
    let complaints = complaints.borrow();
    assert!(complaints.is_empty(), "\n{complaints}");
}

/// What is missing in the recipes of a table: a line that may take an address and has no recipe, a
/// register that holds an address in no recipe of its call, a recipe without a line.
pub fn uncovered(table: &Table, recipes: &[Recipe]) -> Vec<String> {
    let is_address = |give: &Give| !matches!(give, Number(_) | Own);
    let mut missing = Vec::new();
    for line in &table.lines {
        let mine: Vec<_> = recipes.iter().filter(|one| one.call == line.name).collect();
        let bare = line.registers.iter().all(|(_, kind)| *kind == Some(false));
        if mine.is_empty() && !bare {
            missing.push(format!("{}: no recipe", line.name));
            continue;
        }
        for (index, (name, kind)) in line.registers.iter().enumerate() {
            let given = mine
                .iter()
                .any(|one| one.gives.get(index).is_some_and(is_address));
            if *kind == Some(true) && !given {
                missing.push(format!("{}: {name} is an address", line.name));
            }
        }
        for one in mine {
            if one.gives.len() != line.registers.len() {
                missing.push(format!(
                    "{}: has {} registers",
                    line.name,
                    line.registers.len()
                ));
            }
        }
    }
    for recipe in recipes {
        if table.lines.iter().all(|line| line.name != recipe.call) {
            missing.push(format!("{}: no such call", recipe.call));
        }
    }
    missing
}
