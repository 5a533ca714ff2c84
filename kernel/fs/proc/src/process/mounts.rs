//! `/proc/PID/mounts` and `mountinfo`: what is mounted where, as the process sees it.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use base::Result;
use device::DeviceNumber;
use vfs::{MountChanges, MountFlags, MountInfo, PeerInfo, Prompt};

use super::Subject;

fn visible(subject: &Subject) -> Vec<MountInfo> {
    let fs = subject.process.fs();
    fs.view.mounts(Some(&fs.root))
}

/// Who is told when what these files show changes.
pub(super) fn changes(subject: &Subject) -> Arc<MountChanges> {
    subject.process.fs().view.changes().clone()
}

/// `/proc/PID/mounts`: the format of fstab(5).
pub(super) fn mounts(subject: &Subject) -> Result<Vec<u8>> {
    let line = |mount: MountInfo| {
        let access = access(is_read_only(&mount));
        format!(
            "{} {} {} {access}{}{}{} 0 0\n",
            escape(&mount.source),
            escape(&mount.mount_point),
            mount.kind,
            promptness(mount.prompt),
            restrictions(mount.flags),
            String::from_utf8_lossy(&mount.options),
        )
    };
    Ok(visible(subject)
        .into_iter()
        .map(line)
        .collect::<String>()
        .into_bytes())
}

/// `/proc/PID/mountinfo`: proc_pid_mountinfo(5).
pub(super) fn mountinfo(subject: &Subject) -> Result<Vec<u8>> {
    let line = |mount: MountInfo| {
        let device = DeviceNumber::from_linux(mount.device);
        format!(
            "{} {} {}:{} {} {} {}{}{} - {} {} {}{}{}\n",
            mount.id,
            mount.parent,
            device.major,
            device.minor,
            escape(&mount.root),
            escape(&mount.mount_point),
            access(mount.flags.contains(MountFlags::READ_ONLY)),
            restrictions(mount.flags),
            peers(mount.peers),
            mount.kind,
            escape(&mount.source),
            access(mount.filesystem_read_only),
            promptness(mount.prompt),
            String::from_utf8_lossy(&mount.options),
        )
    };
    Ok(visible(subject)
        .into_iter()
        .map(line)
        .collect::<String>()
        .into_bytes())
}

/// The optional fields: which peer groups the mount has to do with.
fn peers(peers: PeerInfo) -> String {
    let beyond_master = match peers.origin {
        origin if origin == peers.master => 0,
        origin => origin,
    };
    let fields = [
        ("shared", peers.group),
        ("master", peers.master),
        ("propagate_from", beyond_master),
    ];
    let set = fields.iter().filter(|(_, group)| *group != 0);
    let mut text: String = set
        .map(|(name, group)| format!(" {name}:{group}"))
        .collect();
    if peers.unbindable {
        text.push_str(" unbindable");
    }
    text
}

fn is_read_only(mount: &MountInfo) -> bool {
    mount.filesystem_read_only || mount.flags.contains(MountFlags::READ_ONLY)
}

fn access(read_only: bool) -> &'static str {
    if read_only { "ro" } else { "rw" }
}

fn promptness(prompt: Prompt) -> String {
    let names = [(Prompt::ALL, ",sync"), (Prompt::NAMES, ",dirsync")];
    let set = names.iter().filter(|(flag, _)| prompt.contains(*flag));
    set.map(|(_, name)| *name).collect()
}

fn restrictions(flags: MountFlags) -> String {
    let names = [
        (MountFlags::NO_SET_ID, ",nosuid"),
        (MountFlags::NO_DEVICES, ",nodev"),
        (MountFlags::NO_EXECUTE, ",noexec"),
        (MountFlags::NO_ACCESS_TIME, ",noatime"),
        (MountFlags::NO_DIRECTORY_ACCESS_TIME, ",nodiratime"),
    ];
    let set = names.iter().filter(|(flag, _)| flags.contains(*flag));
    let mut text: String = set.map(|(_, name)| *name).collect();
    if !flags.intersects(MountFlags::NO_ACCESS_TIME | MountFlags::STRICT_ACCESS_TIME) {
        text.push_str(",relatime");
    }
    if flags.contains(MountFlags::NO_SYMLINK_FOLLOW) {
        text.push_str(",nosymfollow");
    }
    text
}

/// Blanks and backslashes as octal numbers, so that columns stay columns.
fn escape(bytes: &[u8]) -> String {
    let mut text = Vec::new();
    for &byte in bytes {
        match byte {
            b' ' | b'\t' | b'\n' | b'\\' | b'#' => {
                text.extend_from_slice(format!("\\{byte:03o}").as_bytes());
            }
            _ => text.push(byte),
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stay_columns() {
        assert_eq!(escape(b"/a b\\c"), "/a\\040b\\134c");
    }

    #[test]
    fn options_are_linux_words() {
        assert_eq!(restrictions(MountFlags::empty()), ",relatime");
        let flags = MountFlags::NO_SET_ID | MountFlags::NO_ACCESS_TIME;
        assert_eq!(restrictions(flags), ",nosuid,noatime");
    }
}
