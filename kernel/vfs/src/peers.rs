//! Peer groups: which mounts hear of each other's changes.
//!
//! A *shared* mount belongs to a group; what is mounted on or unmounted from one member happens on all. A *slave* hears
//! what happens in its master group and says nothing back. A mount can be both: then its whole group is a slave. An
//! *unbindable* mount is private and cannot be bound; everything else is *private* (Linux's
//! `Documentation/filesystems/sharedsubtree.rst`, mount_namespaces(7)).
//!
//! All of it lies in one table, [`Groups`], that belongs to the lock of mount trees: a mount itself only knows the
//! numbers of its group and of its master. A group whose last member leaves is dissolved, and those who listened to it
//! listen to its master from then on.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use crate::mount::Mount;

/// How a mount takes part in the changes of others (mount(2), `MS_SHARED` and its siblings).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// What happens here happens on all peers, and the reverse.
    Shared,
    /// What happens on the peers it had happens here, and not the reverse.
    Slave,
    /// On its own.
    Private,
    /// On its own, and nobody may bind it.
    Unbindable,
}

/// What a copy of a mount has to do with the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kinship {
    /// The same group and the same master, where the original has them.
    Peer,
    /// It hears the original's group.
    Slave,
    /// Nothing.
    Stranger,
}

/// Who listens to a group.
#[derive(Clone)]
pub(crate) enum Listener {
    /// A mount that is in no group.
    Mount(Weak<Mount>),
    /// A group, by its number.
    Group(u64),
}

#[derive(Default)]
struct Group {
    /// In the order in which a change reaches them.
    members: Vec<Weak<Mount>>,
    listeners: Vec<Listener>,
    /// The group that this one listens to; 0 for none.
    master: u64,
}

/// All peer groups of the kernel, by their numbers.
#[derive(Default)]
pub(crate) struct Groups {
    groups: BTreeMap<u64, Group>,
}

fn is(known: &Weak<Mount>, mount: &Arc<Mount>) -> bool {
    core::ptr::eq(known.as_ptr(), Arc::as_ptr(mount))
}

impl Groups {
    /// The group that `mount` hears; 0 for none.
    pub(crate) fn master_of(&self, mount: &Mount) -> u64 {
        match mount.group() {
            0 => mount.own_master(),
            group => self.master_of_group(group),
        }
    }

    /// The group that a group hears; 0 for none.
    pub(crate) fn master_of_group(&self, group: u64) -> u64 {
        self.groups.get(&group).map_or(0, |group| group.master)
    }

    /// Whether what happens on members of a group happens on `mount` too.
    pub(crate) fn is_reached(&self, mount: &Mount, group: u64) -> bool {
        let mut above = match mount.group() {
            0 => self.master_of(mount),
            own => own,
        };
        while above != 0 && above != group {
            above = self.master_of_group(above);
        }
        above != 0
    }

    /// The members of a group.
    pub(crate) fn members(&self, group: u64) -> Vec<Arc<Mount>> {
        let group = self.groups.get(&group);
        let members = group.into_iter().flat_map(|group| &group.members);
        members.filter_map(Weak::upgrade).collect()
    }

    /// The other members of a mount's group, those after it first.
    pub(crate) fn peers(&self, mount: &Arc<Mount>) -> Vec<Arc<Mount>> {
        let mut members = self.members(mount.group());
        if let Some(index) = members.iter().position(|peer| Arc::ptr_eq(peer, mount)) {
            members.rotate_left(index);
            members.remove(0);
        }
        members
    }

    /// Who listens to a group.
    pub(crate) fn listeners(&self, group: u64) -> Vec<Listener> {
        let group = self.groups.get(&group);
        group.map_or_else(Vec::new, |group| group.listeners.clone())
    }

    /// Everyone that hears of changes on `mount`, itself left out: its peers, and whoever listens to them.
    pub(crate) fn audience(&self, mount: &Arc<Mount>) -> Vec<Arc<Mount>> {
        let mut found = self.peers(mount);
        let mut pending = self.listeners(mount.group());
        pending.reverse();
        while let Some(listener) = pending.pop() {
            match listener {
                Listener::Mount(mount) => found.extend(mount.upgrade()),
                Listener::Group(group) => {
                    found.extend(self.members(group));
                    pending.extend(self.listeners(group).into_iter().rev());
                }
            }
        }
        found
    }

    /// Changes how `mount` takes part.
    pub(crate) fn change(&mut self, mount: &Arc<Mount>, to: Propagation) {
        match to {
            Propagation::Shared => self.share(mount),
            Propagation::Slave => self.enslave(mount),
            Propagation::Private | Propagation::Unbindable => {
                self.leave(mount);
                mount.set_unbindable(to == Propagation::Unbindable);
            }
        }
    }

    /// Puts a mount into a group of its own, unless it is in one.
    pub(crate) fn share(&mut self, mount: &Arc<Mount>) {
        mount.set_unbindable(false);
        if mount.group() != 0 {
            return;
        }
        let number = self.free_number();
        let master = mount.own_master();
        if let Some(listener) = self.listener(master, mount) {
            *listener = Listener::Group(number);
        }
        let group = Group {
            members: Vec::from([Arc::downgrade(mount)]),
            master,
            ..Group::default()
        };
        self.groups.insert(number, group);
        mount.set_peers(number, 0);
    }

    /// Makes a mount a listener of the peers it had; who had none keeps the master it had.
    fn enslave(&mut self, mount: &Arc<Mount>) {
        let group = mount.group();
        if group == 0 {
            return;
        }
        let alone = self.peers(mount).is_empty();
        let master = if alone {
            self.master_of_group(group)
        } else {
            group
        };
        self.leave(mount);
        self.listen(mount, master);
    }

    /// Takes a mount out of its group and from its master.
    pub(crate) fn leave(&mut self, mount: &Arc<Mount>) {
        let (number, master) = (mount.group(), mount.own_master());
        mount.set_peers(0, 0);
        if let Some(group) = self.groups.get_mut(&master) {
            let others = |listener: &Listener| match listener {
                Listener::Mount(known) => !is(known, mount),
                Listener::Group(_) => true,
            };
            group.listeners.retain(others);
        }
        let Some(group) = self.groups.get_mut(&number) else {
            return;
        };
        group
            .members
            .retain(|member| !is(member, mount) && member.strong_count() != 0);
        if group.members.is_empty() {
            self.dissolve(number);
        }
    }

    /// Ends a group: its listeners go over to its master.
    fn dissolve(&mut self, number: u64) {
        let Some(ended) = self.groups.remove(&number) else {
            return;
        };
        for listener in &ended.listeners {
            match listener {
                Listener::Mount(mount) => {
                    if let Some(mount) = mount.upgrade() {
                        mount.set_peers(0, ended.master);
                    }
                }
                Listener::Group(group) => {
                    if let Some(group) = self.groups.get_mut(group) {
                        group.master = ended.master;
                    }
                }
            }
        }
        if let Some(master) = self.groups.get_mut(&ended.master) {
            let known = |listener: &Listener| matches!(listener, Listener::Group(group) if *group == number);
            let place = master.listeners.iter().position(known);
            let place = place.unwrap_or(master.listeners.len());
            let end = (place + 1).min(master.listeners.len());
            master.listeners.splice(place..end, ended.listeners);
        }
    }

    /// Gives a new copy its place beside or below `original`.
    pub(crate) fn relate(&mut self, copy: &Arc<Mount>, original: &Arc<Mount>, kinship: Kinship) {
        match kinship {
            Kinship::Stranger => {}
            Kinship::Slave => self.listen(copy, original.group()),
            Kinship::Peer => {
                let number = original.group();
                let Some(group) = self.groups.get_mut(&number) else {
                    self.listen(copy, original.own_master());
                    return;
                };
                let after = group.members.iter().position(|peer| is(peer, original));
                let index = after.map_or(group.members.len(), |index| index + 1);
                group.members.insert(index, Arc::downgrade(copy));
                copy.set_peers(number, 0);
            }
        }
    }

    fn listen(&mut self, mount: &Arc<Mount>, master: u64) {
        if let Some(group) = self.groups.get_mut(&master) {
            group.listeners.push(Listener::Mount(Arc::downgrade(mount)));
            mount.set_peers(0, master);
        }
    }

    fn listener(&mut self, master: u64, mount: &Arc<Mount>) -> Option<&mut Listener> {
        let group = self.groups.get_mut(&master)?;
        group
            .listeners
            .iter_mut()
            .find(|listener| matches!(listener, Listener::Mount(known) if is(known, mount)))
    }

    /// The lowest number that no group has, from 1.
    fn free_number(&self) -> u64 {
        let taken = self.groups.keys().zip(1..);
        let gap = taken.take_while(|(taken, counted)| **taken == *counted);
        gap.count() as u64 + 1
    }
}
