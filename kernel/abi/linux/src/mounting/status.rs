//! statmount, listmount: single mounts by numbers that are never given twice.
//!
//! This kernel never gives a mount's number twice anyway, so the unique one (`STATX_MNT_ID_UNIQUE`) is the number that
//! `mountinfo` shows, counted from where Linux begins: the two cannot be mistaken for each other.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result, Room};
use device::DeviceNumber;
use mem::user::{UserPtr, UserSlice};
use vfs::{FsContext, Mount, MountInfo, PeerInfo, Prompt};
use zerocopy::IntoBytes;

use super::attributes::of_restrictions;
use crate::arguments::read_extensible;
use crate::call::Call;
use crate::layout::{MountRequest, MountStatus};

/// Unique numbers are above this one (`MNT_UNIQUE_ID_OFFSET`).
const FIRST_UNIQUE: u64 = 1 << 31;

/// The unique number of a mount.
pub(crate) fn unique_number(mount: &Mount) -> u64 {
    FIRST_UNIQUE + mount.id()
}

/// `LSMT_ROOT`: what lies at or below the caller's root.
const OWN_ROOT: u64 = u64::MAX;
/// `LISTMOUNT_REVERSE`.
const REVERSE: u32 = 1;
/// No more numbers at once.
const MOST_NUMBERS: usize = 1_000_000;
/// The size of `struct mnt_id_req` in its first version.
const FIRST_SIZE: usize = 24;
/// The size of `struct statmount`, with what is kept for later versions.
const STATUS_SIZE: usize = 512;

bitflags::bitflags! {
    /// `STATMOUNT_*`: which parts of the record are wanted.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Wanted: u64 {
        const FILE_SYSTEM = 1;
        const MOUNT = 2;
        const ORIGIN = 4;
        const ROOT = 8;
        const MOUNT_POINT = 0x10;
        const KIND = 0x20;
        const NAMESPACE = 0x40;
        const OPTIONS = 0x80;
    }
}

/// What a request is about. Mounts of other namespaces are not looked for: nothing leads from a number to a view.
fn read_request(context: &FsContext, request: UserPtr<MountRequest>) -> Result<MountRequest> {
    let size: u32 = request.cast().read()?;
    let size = size as usize;
    if size > hal::PAGE_SIZE {
        return Err(Error::ArgumentListTooLong);
    }
    if size < FIRST_SIZE {
        return Err(Error::InvalidArgument);
    }
    let request = read_extensible(request, size)?;
    if request.spare != 0 || request.mount <= FIRST_UNIQUE {
        return Err(Error::InvalidArgument);
    }
    if request.namespace != 0 && request.namespace != context.view.id() {
        return Err(Error::NotFound);
    }
    Ok(request)
}

/// Fails for what could not be user memory, whatever is there.
fn check_range(memory: UserSlice) -> Result<()> {
    let end = memory.address.checked_add(memory.length);
    if end.is_none_or(|end| end > hal::USER_END) {
        return Err(Error::BadAddress);
    }
    Ok(())
}

/// The mount with a unique number, and what can be seen of it from the caller's root. Only who may change mounts is told
/// of those that cannot be seen at all.
fn find(context: &FsContext, number: u64) -> Result<(Arc<Mount>, MountInfo)> {
    let mount = context.view.find_mount(number.saturating_sub(FIRST_UNIQUE));
    let mount = mount.ok_or(Error::NotFound)?;
    let seen = MountInfo::of(&mount, &context.root);
    if seen.mount_point.is_empty() {
        context.check_may_mount()?;
    }
    Ok((mount, seen))
}

/// `MS_*` of how a mount takes part in the changes of others.
fn propagation(peers: &PeerInfo) -> u64 {
    let set = [
        (peers.group != 0, 1 << 20),
        (peers.master != 0, 1 << 19),
        (peers.unbindable, 1 << 17),
    ];
    let bits = set.iter().filter(|(set, _)| *set);
    match bits.fold(0, |all, (_, bit)| all | bit) {
        0 => 1 << 18,
        bits => bits,
    }
}

/// The texts behind a record, and where they begin.
#[derive(Default)]
struct Texts(Vec<u8>);

impl Texts {
    /// Appends a text; the first of them comes behind an empty one, which is where all the others seem to be.
    fn push(&mut self, text: &[u8]) -> Result<u32> {
        self.0.make_room(text.len() + 2)?;
        if self.0.is_empty() {
            self.0.push(0);
        }
        let start = self.0.len();
        self.0.extend_from_slice(text);
        self.0.push(0);
        u32::try_from(start).map_err(|_| Error::Overflow)
    }
}

fn describe(
    context: &FsContext,
    mount: &Mount,
    seen: &MountInfo,
    wanted: Wanted,
) -> Result<(MountStatus, Texts)> {
    let mut status = MountStatus::default();
    let mut texts = Texts::default();
    if wanted.contains(Wanted::FILE_SYSTEM) {
        let device = DeviceNumber::from_linux(seen.device);
        status.device_major = device.major;
        status.device_minor = device.minor;
        status.magic = mount.volume().filesystem().statistics().magic;
        let flags = [
            (seen.filesystem_read_only, 1),
            (seen.prompt.contains(Prompt::ALL), 16),
            (seen.prompt.contains(Prompt::NAMES), 128),
        ];
        let set = flags.iter().filter(|(set, _)| *set);
        status.filesystem_flags = set.fold(0, |all, (_, flag)| all | flag);
    }
    if wanted.contains(Wanted::MOUNT) {
        status.mount = FIRST_UNIQUE + seen.id;
        status.parent = FIRST_UNIQUE + seen.parent;
        status.old_mount = seen.id as u32;
        status.old_parent = seen.parent as u32;
        status.attributes = of_restrictions(seen.flags).bits();
        status.propagation = propagation(&seen.peers);
        status.peer_group = seen.peers.group;
        status.master = seen.peers.master;
    }
    if wanted.contains(Wanted::ORIGIN) {
        status.origin = seen.peers.origin;
    }
    if wanted.contains(Wanted::NAMESPACE) {
        status.namespace = context.view.id();
    }
    if wanted.contains(Wanted::KIND) {
        status.kind = texts.push(seen.kind.as_bytes())?;
    }
    if wanted.contains(Wanted::ROOT) {
        status.root = texts.push(&seen.root)?;
    }
    if wanted.contains(Wanted::MOUNT_POINT) {
        status.mount_point = texts.push(&seen.mount_point)?;
    }
    if wanted.contains(Wanted::OPTIONS) {
        let options = seen.options.strip_prefix(b",");
        status.options = texts.push(options.unwrap_or_default())?;
    }
    status.mask = wanted.bits();
    Ok((status, texts))
}

/// statmount(2).
pub(crate) fn statmount(
    call: &mut Call<'_>,
    request: UserPtr<MountRequest>,
    buffer: UserSlice,
    flags: u32,
) -> Result<usize> {
    if flags != 0 {
        return Err(Error::InvalidArgument);
    }
    let context = call.process().fs();
    let request = read_request(&context, request)?;
    check_range(buffer)?;
    let wanted = Wanted::from_bits_truncate(request.parameter);
    let (mut status, Texts(texts)) = {
        let (mount, seen) = find(&context, request.mount)?;
        describe(&context, &mount, &seen, wanted)?
    };
    if !texts.is_empty() && STATUS_SIZE + texts.len() > buffer.length {
        return Err(Error::Overflow);
    }
    let known = buffer.length.min(STATUS_SIZE);
    status.size = (known + texts.len()) as u32;
    let mut record = [0; STATUS_SIZE];
    record[..size_of::<MountStatus>()].copy_from_slice(status.as_bytes());
    UserSlice::new(buffer.address + STATUS_SIZE, texts.len()).write_from(&texts)?;
    buffer.write_from(&record)?;
    Ok(0)
}

/// listmount(2).
pub(crate) fn listmount(
    call: &mut Call<'_>,
    request: UserPtr<MountRequest>,
    numbers: UserPtr<u64>,
    count: usize,
    flags: u32,
) -> Result<usize> {
    if flags & !REVERSE != 0 {
        return Err(Error::InvalidArgument);
    }
    if count > MOST_NUMBERS {
        return Err(Error::Overflow);
    }
    check_range(UserSlice::new(numbers.address(), count * size_of::<u64>()))?;
    let context = call.process().fs();
    let request = read_request(&context, request)?;
    // Where to go on is the number of a mount, or 0 at first.
    if (1..=FIRST_UNIQUE).contains(&request.parameter) {
        return Err(Error::InvalidArgument);
    }
    let (place, itself) = match request.mount {
        OWN_ROOT => (context.root.clone(), None),
        number => {
            let (mount, _) = find(&context, number)?;
            (mount.top(), Some(mount.id()))
        }
    };
    let mut found = context.view.mounts_below(&place);
    found.retain(|number| Some(*number) != itself);
    let after = request.parameter.saturating_sub(FIRST_UNIQUE);
    if flags & REVERSE != 0 {
        found.reverse();
        found.retain(|number| request.parameter == 0 || *number < after);
    } else {
        found.retain(|number| *number > after);
    }
    found.truncate(count);
    for number in &mut found {
        *number += FIRST_UNIQUE;
    }
    numbers.write_many(&found)?;
    Ok(found.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_behind_an_empty_one() {
        let mut texts = Texts::default();
        assert_eq!(texts.push(b"ab"), Ok(1));
        assert_eq!(texts.push(b""), Ok(4));
        assert_eq!(texts.0, b"\0ab\0\0");
    }

    #[test]
    fn what_takes_part_in_nothing_is_private() {
        assert_eq!(propagation(&PeerInfo::default()), 1 << 18);
        let both = PeerInfo {
            group: 2,
            master: 1,
            ..PeerInfo::default()
        };
        assert_eq!(propagation(&both), 0x18_0000);
    }
}
