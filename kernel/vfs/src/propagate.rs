//! Changes of mounts, wherever they are heard.
//!
//! What is attached below a shared mount is copied to every mount that hears it; the copies are related to each other
//! as the mounts that they are attached to are: copies on peers are peers, a copy on a slave is a slave of the copy on
//! its nearest master that got one. What is detached goes from there too, except where something else is mounted
//! in it. (Linux: `Documentation/filesystems/sharedsubtree.rst`, sections 5 and 8; `fs/pnode.c` behaves so.)

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::Result;

use crate::mount::Mount;
use crate::mount_tree::{Trees, below, top_of};
use crate::path::Path;
use crate::peers::{Kinship, Listener};

/// A copy, and where it is to be attached.
struct Planned {
    place: Path,
    copy: Arc<Mount>,
}

/// Attaches `mount` with what hangs on it at `target`, a place in tree `tree`, and copies of it
/// wherever that is heard, each below what covers its place. It may be attached elsewhere already: then it moves. If this fails, nothing has changed.
pub(crate) fn attach(
    trees: &mut Trees,
    mount: &Arc<Mount>,
    target: &Path,
    tree: u64,
) -> Result<()> {
    let moved = below(mount);
    if mount.tree_id() != tree {
        trees.check_room(tree, moved.len())?;
    }
    let mut planned = Vec::new();
    if target.mount.group() != 0 {
        let newly: Vec<_> = moved.iter().filter(|part| part.group() == 0).collect();
        for part in &newly {
            trees.groups.share(part);
        }
        if let Err(error) = plan(trees, mount, target, &mut planned) {
            for planned in &planned {
                trees.dismantle(&planned.copy);
            }
            for part in newly {
                trees.groups.change(part, crate::peers::Propagation::Slave);
            }
            return Err(error);
        }
    }
    mount.detach();
    for part in &moved {
        trees.enroll(part, tree);
    }
    attach_below(mount, target);
    for Planned { place, copy } in planned {
        let tree = place.mount.tree_id();
        for part in below(&copy) {
            trees.enroll(&part, tree);
        }
        attach_below(&copy, &place);
    }
    Ok(())
}

/// Puts a mount on a place, below what covers that already.
fn attach_below(mount: &Arc<Mount>, place: &Path) {
    match place.mount.mounted_on(&place.dentry) {
        Some(upper) => mount.slip_below(&upper),
        None => mount.attach(place),
    }
}

/// Makes the copies for everyone who hears of `target`.
fn plan(
    trees: &mut Trees,
    source: &Arc<Mount>,
    target: &Path,
    planned: &mut Vec<Planned>,
) -> Result<()> {
    let group = target.mount.group();
    for peer in trees.groups.peers(&target.mount) {
        plan_one(trees, source, &peer, target, Kinship::Peer, planned)?;
    }
    // Who listens, with the nearest copy above: the first is done next, so that a group's listeners come right after it.
    let mut pending: Vec<(Listener, Arc<Mount>)> = Vec::new();
    push_listeners(trees, group, source, &mut pending);
    while let Some((listener, source)) = pending.pop() {
        match listener {
            Listener::Mount(mount) => {
                if let Some(mount) = mount.upgrade() {
                    plan_one(trees, &source, &mount, target, Kinship::Slave, planned)?;
                }
            }
            Listener::Group(group) => {
                let mut nearest = source;
                let mut kinship = Kinship::Slave;
                for member in trees.groups.members(group) {
                    let copy = plan_one(trees, &nearest, &member, target, kinship, planned)?;
                    if let Some(copy) = copy
                        && kinship == Kinship::Slave
                    {
                        for part in below(&copy) {
                            trees.groups.share(&part);
                        }
                        (nearest, kinship) = (copy, Kinship::Peer);
                    }
                }
                push_listeners(trees, group, &nearest, &mut pending);
            }
        }
    }
    Ok(())
}

fn push_listeners(
    trees: &Trees,
    group: u64,
    source: &Arc<Mount>,
    pending: &mut Vec<(Listener, Arc<Mount>)>,
) {
    let listeners = trees.groups.listeners(group).into_iter().rev();
    pending.extend(listeners.map(|listener| (listener, source.clone())));
}

/// Makes the copy for one mount, if it belongs to a view and shows the place.
fn plan_one(
    trees: &mut Trees,
    source: &Arc<Mount>,
    hearer: &Arc<Mount>,
    target: &Path,
    kinship: Kinship,
    planned: &mut Vec<Planned>,
) -> Result<Option<Arc<Mount>>> {
    if !hearer.is_in_view() || !target.dentry.is_below_or_same(hearer.root_dentry()) {
        return Ok(None);
    }
    let copies = trees.copy(&top_of(source), true, false, kinship)?;
    let copy = copies.top().clone();
    // Known before anything more can fail: who takes back finds it.
    planned.push(Planned {
        place: Path {
            mount: hearer.clone(),
            dentry: target.dentry.clone(),
        },
        copy: copy.clone(),
    });
    trees.check_room(hearer.tree_id(), below(&copy).len())?;
    Ok(Some(copy))
}

/// The mounts at the same place of everyone who hears of where `mount` is attached.
fn counterparts(trees: &Trees, mount: &Arc<Mount>) -> Vec<Arc<Mount>> {
    let Some(place) = mount.mounted_at() else {
        return Vec::new();
    };
    let audience = trees.groups.audience(&place.mount);
    audience
        .iter()
        .filter_map(|hearer| hearer.mounted_on(&place.dentry))
        .collect()
}

/// What covers a mount wholly: it is mounted on its top.
fn cover(mount: &Arc<Mount>) -> Option<Arc<Mount>> {
    mount.mounted_on(mount.root_dentry())
}

/// Whether something uses a mount, or what would be detached with it: more than `known` hold it, or something is
/// mounted in it.
pub(crate) fn is_busy(trees: &Trees, mount: &Arc<Mount>, known: usize) -> bool {
    if mount.has_children() || Arc::strong_count(mount) > known {
        return true;
    }
    counterparts(trees, mount).into_iter().any(|other| {
        let children = other.children();
        // Held by its parent's list and by the loop; and by what covers it, which stays.
        match cover(&other) {
            Some(_) if children.len() == 1 => Arc::strong_count(&other) > 3,
            _ if children.is_empty() => Arc::strong_count(&other) > 2,
            _ => false,
        }
    })
}

/// Detaches a mount, `lazy` with all that is mounted below it, and its counterparts wherever that is heard.
pub(crate) fn detach(trees: &mut Trees, mount: &Arc<Mount>, lazy: bool) {
    let mut going = if lazy {
        below(mount)
    } else {
        Vec::from([mount.clone()])
    };
    let is_in = |list: &[Arc<Mount>], mount: &Arc<Mount>| {
        list.iter().any(|known| Arc::ptr_eq(known, mount))
    };
    let mut candidates: Vec<Arc<Mount>> = Vec::new();
    for mount in going.iter().rev() {
        for counterpart in counterparts(trees, mount) {
            if !is_in(&going, &counterpart) && !is_in(&candidates, &counterpart) {
                candidates.push(counterpart);
            }
        }
    }
    // Only what has nothing else mounted in it goes; what covers it wholly comes down onto what it covered.
    loop {
        let before = candidates.len();
        candidates.retain(|candidate| {
            let empty = candidate.children().iter().all(|child| {
                let covers = child
                    .mounted_at()
                    .is_some_and(|place| Arc::ptr_eq(&place.dentry, candidate.root_dentry()));
                covers || is_in(&going, child)
            });
            if empty {
                going.push(candidate.clone());
            }
            !empty
        });
        if candidates.len() == before {
            break;
        }
    }
    // Those that stay and stand on something that goes find their new place before anything moves.
    let mut lowered: Vec<(Arc<Mount>, Path)> = Vec::new();
    for mount in &going {
        for child in mount.children() {
            if !is_in(&going, &child)
                && let Some(place) = lowest(mount, &going)
            {
                lowered.push((child, place));
            }
        }
    }
    for (child, _) in &lowered {
        child.detach();
    }
    for mount in &going {
        trees.remove(mount);
    }
    for (child, place) in lowered {
        child.attach(&place);
    }
}

/// Where what stands on a mount that goes comes to stand: the first place below that stays.
fn lowest(mount: &Arc<Mount>, going: &[Arc<Mount>]) -> Option<Path> {
    let mut place = mount.mounted_at()?;
    while going.iter().any(|known| Arc::ptr_eq(known, &place.mount)) {
        place = place.mount.mounted_at()?;
    }
    Some(place)
}
