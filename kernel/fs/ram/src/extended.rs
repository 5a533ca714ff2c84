//! The extended attributes of an inode in memory.
//!
//! Their bytes count against the instance's pages, rounded up for each inode, so that a tmpfs with a
//! size cannot be made to hold more by hanging values on its files. One inode holds at most as many
//! names as a list can show.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use base::rank;
use base::room::{self, Room};
use base::sync::SpinLock;
use base::{Error, Result};
use mem::PageBudget;
use vfs::{ACCESS_LIST, DEFAULT_LIST, EXTENDED_LIST_MAX, NameSpace, SetExtended};

use crate::limits::Account;

/// What a name costs besides its bytes and the value's.
const OVERHEAD: usize = 64;

/// All attributes of one inode. Nearly every inode has none, and pays a pointer for that.
pub(crate) struct Extended(SpinLock<Option<Box<Values>>>);

#[derive(Default)]
struct Values {
    by_name: BTreeMap<Box<[u8]>, Box<[u8]>>,
    /// Names with their NULs.
    list_length: usize,
    /// All that is counted.
    bytes: usize,
}

fn cost(name: &[u8], value: &[u8]) -> usize {
    OVERHEAD + name.len() + value.len()
}

fn pages(bytes: usize) -> usize {
    bytes.div_ceil(hal::PAGE_SIZE)
}

fn copy(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut copy = Vec::new();
    copy.make_room(bytes.len())?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

impl Extended {
    pub(crate) fn new() -> Self {
        Self(SpinLock::new(rank::INODE, None))
    }

    pub(crate) fn get(&self, name: &[u8]) -> Result<Vec<u8>> {
        check_space(name)?;
        let values = self.0.lock();
        let found = values.as_ref().and_then(|values| values.by_name.get(name));
        copy(found.ok_or(Error::NoData)?)
    }

    pub(crate) fn set(
        &self,
        account: &Account,
        name: &[u8],
        value: &[u8],
        how: SetExtended,
    ) -> Result<()> {
        check_space(name)?;
        room::for_one_more()?;
        let (name, value) = (
            copy(name)?.into_boxed_slice(),
            copy(value)?.into_boxed_slice(),
        );
        let mut held = self.0.lock();
        let values = held.get_or_insert_default();
        let old = values.by_name.get(&name);
        how.check(old.is_some())?;
        let replaced = old.map_or(0, |old| cost(&name, old));
        let list_length = match old {
            Some(_) => values.list_length,
            None => values.list_length + name.len() + 1,
        };
        if list_length > EXTENDED_LIST_MAX {
            return Err(Error::NoSpace);
        }
        let bytes = values.bytes - replaced + cost(&name, &value);
        let (before, after) = (pages(values.bytes), pages(bytes));
        if after > before {
            account.charge(after - before)?;
        } else {
            account.refund(before - after);
        }
        values.bytes = bytes;
        values.list_length = list_length;
        let gone = values.by_name.insert(name, value);
        drop(held);
        drop(gone);
        Ok(())
    }

    pub(crate) fn remove(&self, account: &Account, name: &[u8]) -> Result<()> {
        check_space(name)?;
        let mut held = self.0.lock();
        let values = held.as_mut().ok_or(Error::NoData)?;
        let (name, value) = values.by_name.remove_entry(name).ok_or(Error::NoData)?;
        let before = pages(values.bytes);
        values.bytes -= cost(&name, &value);
        values.list_length -= name.len() + 1;
        account.refund(before - pages(values.bytes));
        if values.by_name.is_empty() {
            *held = None;
        }
        Ok(())
    }

    pub(crate) fn list(&self, visit: &mut dyn FnMut(&[u8])) {
        if let Some(values) = self.0.lock().as_ref() {
            // Access control lists come first, as on Linux.
            for lists in [true, false] {
                let names = values.by_name.keys();
                names
                    .filter(|name| name.starts_with(b"system.") == lists)
                    .for_each(|name| visit(name));
            }
        }
    }

    /// The inode is gone.
    pub(crate) fn clear(&mut self, account: &Account) {
        if let Some(values) = self.0.lock().take() {
            account.refund(pages(values.bytes));
        }
    }
}

/// What tmpfs keeps.
fn check_space(name: &[u8]) -> Result<()> {
    match NameSpace::of(name)? {
        NameSpace::User | NameSpace::Trusted | NameSpace::Security => Ok(()),
        NameSpace::System if name == ACCESS_LIST || name == DEFAULT_LIST => Ok(()),
        NameSpace::System => Err(Error::Unsupported),
    }
}
