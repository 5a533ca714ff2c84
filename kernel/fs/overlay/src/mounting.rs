//! Mounting by name: `mount -t overlay overlay -o lowerdir=a:b,upperdir=u,workdir=w /mnt`.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use base::rank;
use base::sync::SpinLock;
use base::{Error, Result};
use hal::Global;
use object::{DirectoryEntry, FileKind};
use vfs::{FileSystem, MountSource, Name, NewInode, Ownership, Path, ResolveFlags, layer};

use crate::OverlayFs;
use crate::find::peek;
use crate::options::{self, Options};
use crate::volume::{Layer, Upper, Volume, name_of};

/// How many file systems may lie on each other (Linux's `FILESYSTEM_MAX_STACK_DEPTH`).
const DEPTH_MAX: u16 = 2;

/// The most lower layers (Linux's `OVL_MAX_STACK`).
const LAYERS_MAX: usize = 500;

/// What overlay makes in the work directory, to work in.
const WORK: &str = "work";

/// Instances with an upper layer: no two share one, nor a work directory.
static WRITING: Global<SpinLock<Vec<Weak<Volume>>>> =
    Global::new(|| SpinLock::new(rank::INODE, Vec::new()));

/// Makes `overlay` known to mount calls.
pub fn register() {
    vfs::register_kind("overlay", false, make);
}

fn make(source: &MountSource<'_>) -> Result<Arc<dyn FileSystem>> {
    let options = options::parse(source.options)?;
    if options.lower.len() > LAYERS_MAX {
        return Err(Error::InvalidArgument);
    }
    let directory = |path: &Vec<u8>| -> Result<Path> {
        let place = source.context.resolve(None, path, ResolveFlags::empty())?;
        if !place.inode().is_directory() {
            return Err(Error::InvalidArgument);
        }
        // Names that are alike without being the same cannot be merged.
        if place.inode().folds_names() {
            return Err(Error::InvalidArgument);
        }
        Ok(place)
    };
    let upper = match (&options.upper, &options.work) {
        (Some(upper), Some(work)) => Some((directory(upper)?, directory(work)?)),
        _ => None,
    };
    let lower: Vec<Path> = options.lower.iter().map(directory).collect::<Result<_>>()?;
    if let Some((upper, work)) = &upper {
        check_upper(upper, work)?;
    }
    check_lower(upper.as_ref(), &lower)?;
    let made = OverlayFs::over(stack(&options, upper, &lower)?)?;
    if made.stack_depth() > DEPTH_MAX {
        return Err(Error::InvalidArgument);
    }
    claim(made.volume())?;
    if let Some(upper) = &made.volume().upper {
        empty(&upper.work.root)?;
    }
    Ok(made)
}

/// The upper layer and the work directory lie beside each other, where one can write.
fn check_upper(upper: &Path, work: &Path) -> Result<()> {
    let apart = !layer::is_below_or_same(upper, work) && !layer::is_below_or_same(work, upper);
    let together = Arc::ptr_eq(upper.mount(), work.mount());
    let stacked = upper.mount().volume().filesystem().stack_depth() != 0;
    if !apart || !together || stacked || upper.mount().is_read_only() {
        return Err(Error::InvalidArgument);
    }
    Ok(())
}

/// No layer lies in another, nor in the work directory.
fn check_lower(upper: Option<&(Path, Path)>, lower: &[Path]) -> Result<()> {
    let writable = upper.iter().flat_map(|(upper, work)| [upper, work]);
    let all: Vec<&Path> = writable.chain(lower).collect();
    let written = all.len() - lower.len();
    for (index, one) in all.iter().enumerate() {
        for other in &all[(index + 1).max(written)..] {
            let overlap =
                layer::is_below_or_same(one, other) || layer::is_below_or_same(other, one);
            if overlap {
                return Err(Error::SymlinkLoop);
            }
        }
    }
    Ok(())
}

/// The layers, in views of their own.
fn stack(options: &Options, upper: Option<(Path, Path)>, lower: &[Path]) -> Result<Volume> {
    // One number for each file system.
    let mut shown: BTreeMap<u64, u64> = BTreeMap::new();
    let mut layer_at = |place: &Path| {
        let device = place.mount().volume().device();
        let shown = *shown.entry(device).or_insert_with(vfs::allocate_device);
        Layer::new(place, shown)
    };
    let upper = match &upper {
        Some((upper, work)) => Some(Upper {
            layer: layer_at(upper),
            work: layer_at(&working_directory(work)?),
        }),
        None => None,
    };
    let prefix = match options.user_marks {
        true => "user.overlay.",
        false => "trusted.overlay.",
    };
    let lower = lower.iter().map(layer_at).collect();
    Ok(Volume::new(upper, lower, prefix, options.shown.clone()))
}

/// The directory in the work directory that is worked in.
fn working_directory(work: &Path) -> Result<Path> {
    let name = name_of(WORK)?;
    if let Some(there) = peek(work, name)? {
        return match there.inode().kind() {
            FileKind::Directory => Ok(there),
            _ => Err(Error::Exists),
        };
    }
    let owner = Ownership {
        mode: 0,
        uid: 0,
        gid: 0,
    };
    layer::create(work, name, &NewInode::Directory, owner)
}

/// Makes the upper layer and the work directory this instance's; [`Error::Busy`] if they are another's.
fn claim(volume: &Arc<Volume>) -> Result<()> {
    let Some(upper) = &volume.upper else {
        return Ok(());
    };
    let mine = [&upper.layer.root, &upper.work.root];
    let mut writing = WRITING.lock();
    let live: Vec<Arc<Volume>> = writing.iter().filter_map(Weak::upgrade).collect();
    writing.retain(|volume| volume.strong_count() != 0);
    let busy = live
        .iter()
        .filter_map(|other| other.upper.as_ref())
        .any(|other| {
            let theirs = [&other.layer.root, &other.work.root];
            mine.iter()
                .any(|one| theirs.iter().any(|other| layer::is_same(one, other)))
        });
    if !busy {
        writing.push(Arc::downgrade(volume));
    }
    drop(writing);
    // Not under the lock: one of them may have ended meanwhile.
    drop(live);
    if busy { Err(Error::Busy) } else { Ok(()) }
}

/// Throws away what a loss of power left in the work directory.
fn empty(work: &Path) -> Result<()> {
    for name in names(work)? {
        let name = Name::new(&name)?;
        let Some(found) = peek(work, name)? else {
            continue;
        };
        if !found.inode().is_directory() {
            layer::unlink(work, name)?;
            continue;
        }
        // A directory that was copied up, or taken out with its whiteouts.
        for inner in names(&found)? {
            let inner = Name::new(&inner)?;
            match layer::unlink(&found, inner) {
                Err(Error::IsDirectory) => layer::remove_directory(&found, inner)?,
                other => other?,
            }
        }
        drop(found);
        layer::remove_directory(work, name)?;
    }
    Ok(())
}

fn names(directory: &Path) -> Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    directory
        .inode()
        .read_directory(0, &mut |entry: &DirectoryEntry<'_>| {
            names.push(entry.name.to_vec());
            true
        })?;
    Ok(names)
}
