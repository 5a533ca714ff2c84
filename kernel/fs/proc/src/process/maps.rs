//! `/proc/PID/maps`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base::{Result, Room};
use device::DeviceNumber;
use mem::{AreaInfo, AreaKind, Protection, Sharing};

use super::Subject;

/// Where names begin.
const NAME_COLUMN: usize = 73;

/// A line for each area.
pub(super) fn maps(subject: &Subject) -> Result<Vec<u8>> {
    crate::access::check(&subject.process)?;
    let mut text = Vec::new();
    let Some(space) = subject.process.space() else {
        return Ok(text);
    };
    for area in space.areas() {
        let line = line(&area);
        text.make_room(line.len())?;
        text.extend(line.into_bytes());
    }
    Ok(text)
}

fn line(area: &AreaInfo) -> String {
    let letter = |flag: Protection, letter: char| {
        if area.protection.contains(flag) {
            letter
        } else {
            '-'
        }
    };
    let (read, write) = (
        letter(Protection::READ, 'r'),
        letter(Protection::WRITE, 'w'),
    );
    let execute = letter(Protection::EXECUTE, 'x');
    let shared = if area.sharing == Sharing::Shared {
        's'
    } else {
        'p'
    };
    let object = area.object.as_ref();
    let device = DeviceNumber::from_linux(object.map_or(0, |object| object.device));
    let inode = object.map_or(0, |object| object.inode);
    let mut text = format!(
        "{:08x}-{:08x} {read}{write}{execute}{shared} {:08x} {:02x}:{:02x} {inode} ",
        area.start, area.end, area.offset, device.major, device.minor,
    );
    let name = match (area.kind, object) {
        (AreaKind::Heap, _) => "[heap]",
        (AreaKind::Stack { .. }, _) => "[stack]",
        (_, Some(object)) => object.name.as_str(),
        (_, None) => "",
    };
    if !name.is_empty() {
        while text.len() < NAME_COLUMN {
            text.push(' ');
        }
        // A newline in a name would look like another area.
        text.push_str(&name.replace('\n', "\\012"));
    }
    text.push('\n');
    text
}
