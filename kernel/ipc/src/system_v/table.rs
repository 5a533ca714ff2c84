//! A table of objects, found by key or by identifier.
//!
//! An identifier is the number of a place in the table, and above it a sequence number that rises each time
//! the places begin again from the lowest. Places are given out in a circle, so an identifier that
//! was removed does not soon mean something else.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use base::sync::SpinLock;
use base::{Error, Result};

use super::permission::{Access, Caller, Permission};

/// The key of objects that are found by nobody.
pub const PRIVATE: i32 = 0;

/// So many bits of an identifier are the place.
const PLACE_BITS: u32 = 15;
/// The sequence starts again here.
const SEQUENCES: u32 = 1 << (31 - PLACE_BITS);
/// The circle of places is at least so long.
const SHORTEST_CIRCLE: usize = 64;

/// What a table can hold.
pub trait Keyed {
    /// Whose it is.
    fn permission(&self) -> Permission;
}

/// How an object is asked for by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The key; [`PRIVATE`] for a new object without one.
    pub key: i32,
    /// Whether it is made if there is none.
    pub create: bool,
    /// Whether one that is there already is an error.
    pub exclusive: bool,
    /// The mode of a new one; of one that is there, what is asked of it.
    pub mode: u32,
}

struct Entry<T> {
    id: i32,
    object: Arc<T>,
}

struct State<T> {
    places: BTreeMap<u32, Entry<T>>,
    keys: BTreeMap<i32, u32>,
    last: Option<u32>,
    sequence: u32,
}

/// The objects of one kind.
pub struct Table<T> {
    most: usize,
    state: SpinLock<State<T>>,
}

impl<T: Keyed> Table<T> {
    pub(super) fn new(most: usize) -> Table<T> {
        let state = State {
            places: BTreeMap::new(),
            keys: BTreeMap::new(),
            last: None,
            sequence: 0,
        };
        Table {
            most,
            state: SpinLock::new(super::TABLE, state),
        }
    }

    /// The identifier of what is asked for. One that is there has to pass `accept` and its own mode; a new
    /// one is made of what `prepare` finds, which may fail and is not bound to be used.
    pub(super) fn get<P>(
        &self,
        caller: &Caller,
        request: Request,
        accept: impl Fn(&T) -> Result<()>,
        prepare: impl Fn() -> Result<P>,
        make: impl Fn(i32, P) -> Arc<T>,
    ) -> Result<i32> {
        loop {
            let found = (request.key != PRIVATE)
                .then(|| self.state.lock().by_key(request.key))
                .flatten();
            match found {
                Some(_) if request.create && request.exclusive => return Err(Error::Exists),
                Some((id, object)) => {
                    accept(&object)?;
                    let access = Access::of_mode(request.mode);
                    object.permission().check(caller, access)?;
                    return Ok(id);
                }
                None if request.key != PRIVATE && !request.create => return Err(Error::NotFound),
                None => {}
            }
            let prepared = prepare()?;
            let mut state = self.state.lock();
            if request.key != PRIVATE && state.keys.contains_key(&request.key) {
                drop(state);
                drop(prepared);
                continue;
            }
            let Some(id) = state.free_identifier(self.most) else {
                drop(state);
                drop(prepared);
                return Err(Error::NoSpace);
            };
            let place = place_of(id);
            let object = make(id, prepared);
            state.places.insert(place, Entry { id, object });
            if request.key != PRIVATE {
                state.keys.insert(request.key, place);
            }
            return Ok(id);
        }
    }

    /// The object of that identifier; `Error::InvalidArgument` if there is none, or another in its place.
    pub fn find(&self, id: i32) -> Result<Arc<T>> {
        if id < 0 {
            return Err(Error::InvalidArgument);
        }
        let state = self.state.lock();
        match state.places.get(&place_of(id)) {
            Some(entry) if entry.id == id => Ok(entry.object.clone()),
            _ => Err(Error::InvalidArgument),
        }
    }

    /// The object in the place of that number, and its identifier.
    pub fn at_place(&self, place: i32) -> Result<(i32, Arc<T>)> {
        let place = u32::try_from(place).map_err(|_| Error::InvalidArgument)?;
        let state = self.state.lock();
        let entry = state.places.get(&(place % (1 << PLACE_BITS)));
        let entry = entry.ok_or(Error::InvalidArgument)?;
        Ok((entry.id, entry.object.clone()))
    }

    /// All objects with their identifiers, by place. The table is not locked from one to the next.
    pub fn iter(&self) -> impl Iterator<Item = (i32, Arc<T>)> {
        let mut next = 0;
        core::iter::from_fn(move || {
            let state = self.state.lock();
            let (&place, entry) = state.places.range(next..).next()?;
            next = place + 1;
            Some((entry.id, entry.object.clone()))
        })
    }

    /// How many objects there are.
    pub fn count(&self) -> usize {
        self.state.lock().places.len()
    }

    /// The highest place that is taken, 0 if none is.
    pub fn highest_place(&self) -> usize {
        let state = self.state.lock();
        let last = state.places.last_key_value();
        last.map_or(0, |(&place, _)| place as usize)
    }

    /// From now on nobody finds that object by its key.
    pub(super) fn forget_key(&self, key: i32, id: i32) {
        if key == PRIVATE {
            return;
        }
        let mut state = self.state.lock();
        if state.keys.get(&key) == Some(&place_of(id)) {
            state.keys.remove(&key);
        }
    }

    /// Takes an object out of the table; it is to be dropped outside of all spin locks.
    pub(super) fn remove(&self, key: i32, id: i32) -> Option<Arc<T>> {
        self.forget_key(key, id);
        let mut state = self.state.lock();
        let place = place_of(id);
        if state.places.get(&place)?.id != id {
            return None;
        }
        state.places.remove(&place).map(|entry| entry.object)
    }
}

impl<T> State<T> {
    fn by_key(&self, key: i32) -> Option<(i32, Arc<T>)> {
        let place = self.keys.get(&key)?;
        let entry = self.places.get(place)?;
        Some((entry.id, entry.object.clone()))
    }

    /// The next free place after the one given out last, as an identifier.
    fn free_identifier(&mut self, most: usize) -> Option<i32> {
        let used = self.places.len();
        if used >= most {
            return None;
        }
        // One more than are used, so that there is a free place in every circle.
        let circle = (used * 3 / 2).max(SHORTEST_CIRCLE).max(used + 1).min(most) as u32;
        let first = self.last.map_or(0, |last| last + 1);
        let place = self
            .free_from(first, circle)
            .or_else(|| self.free_from(0, circle))?;
        if self.last.is_some_and(|last| place <= last) {
            self.sequence = (self.sequence + 1) % SEQUENCES;
        }
        self.last = Some(place);
        Some((self.sequence << PLACE_BITS | place) as i32)
    }

    /// The first free place of `first..end`.
    fn free_from(&self, first: u32, end: u32) -> Option<u32> {
        let mut free = first;
        for &taken in self.places.range(first..).map(|(place, _)| place) {
            if taken != free {
                break;
            }
            free += 1;
        }
        (free < end).then_some(free)
    }
}

fn place_of(id: i32) -> u32 {
    id as u32 % (1 << PLACE_BITS)
}
