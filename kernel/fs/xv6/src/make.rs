//! Makes an image with nothing in it, as MIT's mkfs lays it out.

use alloc::vec;
use alloc::vec::Vec;

use object::FileKind;

use crate::format::entry::{self, Entry};
use crate::format::inode::{self, Record};
use crate::format::superblock::Superblock;
use crate::format::{BLOCK, Damage};

/// The root directory's number.
const ROOT: u16 = 1;

/// An image of so many blocks and inodes, with a log of so many blocks, and an empty root directory.
pub fn empty(size: u32, inodes: u32, log: u32) -> Result<Vec<u8>, Damage> {
    let measures = Superblock::new(size, inodes, log);
    let superblock = measures.write();
    let measures = Superblock::read(&superblock, size.into())?;
    let mut image = vec![0; size as usize * BLOCK];
    let at = |block: u32| block as usize * BLOCK;
    image[at(1)..at(2)].copy_from_slice(&superblock);
    let first = measures.data_start();
    let mut root = Record::new(FileKind::Directory).ok_or("no directories")?;
    root.blocks[0] = first;
    root.size = 2 * entry::SIZE as u32;
    let mut bytes = [0; inode::SIZE];
    root.write(&mut bytes);
    let place = at(measures.inode_start) + usize::from(ROOT) * inode::SIZE;
    image[place..place + inode::SIZE].copy_from_slice(&bytes);
    for (index, name) in [&b"."[..], b".."].into_iter().enumerate() {
        let place = at(first) + index * entry::SIZE;
        image[place..place + entry::SIZE].copy_from_slice(&Entry::new(ROOT, name).write());
    }
    for block in 0..=first as usize {
        image[at(measures.bitmap_start) + block / 8] |= 1 << (block % 8);
    }
    Ok(image)
}
