//! The programs of a simulated machine: closures, and the addresses they go by.
//!
//! A program is started when user mode is entered at an address where [`entry_bytes`] lie in
//! executable memory: the tests build tiny ELF files around those. Two more kinds of closure have
//! addresses outside of any memory: the *continuations* of forked children, and the *handlers*
//! of control events. A kernel treats all of them as the plain program counters they look like.

use super::user::User;
use std::boxed::Box;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::string::String;
use std::vec::Vec;

/// What an entry begins with; the program's number follows, little endian.
const MAGIC: [u8; 8] = *b"\x13scarlet";

/// Bytes of an entry.
pub const ENTRY_BYTES: usize = 16;

/// Where addresses without memory begin: high, but such as a kernel accepts in a register.
const NOWHERE: usize = 0x3f_0000_0000;

/// The distance between two of them.
const STRIDE: usize = 16;

/// A program: runs when its entry is reached.
pub(super) type Program = Rc<dyn Fn(&mut User)>;

/// A handler: gets the first three argument registers.
pub(super) type Handler = Rc<dyn Fn(&mut User, [usize; 3])>;

/// What a forked child does.
pub(super) type Continuation = Box<dyn FnOnce(&mut User)>;

/// The closures of one machine.
pub(super) struct Programs {
    programs: Vec<(String, Program)>,
    handlers: RefCell<BTreeMap<usize, Handler>>,
    continuations: RefCell<BTreeMap<usize, Continuation>>,
    next: Cell<usize>,
}

/// The bytes that, executed, start program number `number`.
pub fn entry_bytes(number: u32) -> [u8; ENTRY_BYTES] {
    let mut bytes = [0; ENTRY_BYTES];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&number.to_le_bytes());
    bytes
}

impl Programs {
    pub(super) fn new() -> Programs {
        Programs {
            programs: Vec::new(),
            handlers: RefCell::new(BTreeMap::new()),
            continuations: RefCell::new(BTreeMap::new()),
            next: Cell::new(NOWHERE),
        }
    }

    pub(super) fn add(&mut self, name: &str, program: Program) -> u32 {
        self.programs.push((String::from(name), program));
        self.programs.len() as u32 - 1
    }

    /// The program that an entry's bytes name.
    pub(super) fn at_entry(&self, bytes: &[u8; ENTRY_BYTES]) -> Option<(String, Program)> {
        if bytes[..8] != MAGIC {
            return None;
        }
        let number = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        self.programs.get(number as usize).cloned()
    }

    fn address(&self) -> usize {
        let address = self.next.get();
        self.next.set(address + STRIDE);
        address
    }

    /// A fresh address for a program to stop at.
    pub(super) fn stop_address(&self) -> usize {
        self.address() + 4
    }

    pub(super) fn add_handler(&self, handler: Handler) -> usize {
        let address = self.address();
        self.handlers.borrow_mut().insert(address, handler);
        address
    }

    pub(super) fn handler(&self, address: usize) -> Option<Handler> {
        self.handlers.borrow().get(&address).cloned()
    }

    /// The address looks like one behind an instruction, because a child is born there.
    pub(super) fn add_continuation(&self, continuation: Continuation) -> usize {
        let address = self.stop_address();
        self.continuations
            .borrow_mut()
            .insert(address, continuation);
        address
    }

    pub(super) fn take_continuation(&self, address: usize) -> Option<Continuation> {
        self.continuations.borrow_mut().remove(&address)
    }
}
