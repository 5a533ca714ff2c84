//! Times: what moment it is for a file, and when reading one is worth noting.
//!
//! Access times are kept as Linux does by default (`relatime`): a read is noted only if the last
//! noted one is older than the file's last change, or older than a day. That answers "was it read
//! since it changed?" without a write for every read.

use object::Timestamp;

use crate::inode::AttributeChange;
use crate::mount::MountFlags;
use crate::path::Path;

/// How old a noted access may become before a read notes it again, in seconds.
const DAY: i64 = 24 * 60 * 60;

/// The present moment, as file systems keep it.
pub fn now() -> Timestamp {
    let since = base::time::wall_clock();
    Timestamp {
        seconds: since.as_secs() as i64,
        nanoseconds: since.subsec_nanos(),
    }
}

/// Is a read at `now` worth noting, by the times a file has?
pub fn access_is_news(
    now: Timestamp,
    access: Timestamp,
    modification: Timestamp,
    change: Timestamp,
) -> bool {
    access <= modification || access <= change || now.seconds - access.seconds >= DAY
}

/// Notes a read of the file at `place`, where its mount wants that.
pub(crate) fn note_access(place: &Path) {
    let flags = place.mount().flags();
    let inode = place.inode();
    if flags.intersects(MountFlags::NO_ACCESS_TIME)
        || (flags.contains(MountFlags::NO_DIRECTORY_ACCESS_TIME) && inode.is_directory())
        || place.mount().is_read_only()
    {
        return;
    }
    let Ok((access, modification, change)) = inode.times() else {
        return;
    };
    let now = now();
    let strict = flags.contains(MountFlags::STRICT_ACCESS_TIME);
    if strict || access_is_news(now, access, modification, change) {
        // A file system that keeps no times refuses; nothing is lost.
        let change = AttributeChange {
            access_time: Some(now),
            ..AttributeChange::default()
        };
        let _ = inode.set_attributes(&change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp {
            seconds,
            nanoseconds: 0,
        }
    }

    #[test]
    fn a_read_is_noted_after_a_change_or_a_day() {
        assert!(access_is_news(at(10), at(5), at(5), at(1)));
        assert!(access_is_news(at(10), at(5), at(1), at(7)));
        assert!(!access_is_news(at(10), at(5), at(4), at(4)));
        assert!(access_is_news(at(5 + DAY), at(5), at(4), at(4)));
    }
}
