//! Records of System V's communication (`asm-generic/ipcbuf.h`, `shmbuf.h`, `sembuf.h`, `msgbuf.h`; `linux/shm.h`,
//! `sem.h`, `msg.h`).

use crate::layout::record;

record! {
    /// `struct ipc64_perm`.
    pub struct PermissionRecord {
        /// Key.
        key: i32,
        /// Owner.
        user: u32,
        /// Its group.
        group: u32,
        /// Maker.
        creator: u32,
        /// Its group.
        creator_group: u32,
        /// Mode, and flags of segments.
        mode: u32,
        /// Upper part of the identifier.
        sequence: u16,
        /// Nothing.
        pad1: u16,
        /// Nothing.
        pad2: u32,
        /// Nothing.
        unused: [u64; 2],
    }
}

record! {
    /// `struct shmid64_ds`.
    pub struct SegmentRecord {
        /// Whose it is.
        permission: PermissionRecord,
        /// Length in bytes.
        bytes: u64,
        /// Last attached.
        attach_time: i64,
        /// Last detached.
        detach_time: i64,
        /// Last changed.
        change_time: i64,
        /// Process that made it.
        creator: i32,
        /// Process that attached or detached it last.
        last: i32,
        /// How often it is attached.
        attached: u64,
        /// Nothing.
        unused: [u64; 2],
    }
}

record! {
    /// `struct shminfo64`.
    pub struct SegmentLimits {
        /// The most bytes of a segment.
        most_bytes: u64,
        /// The fewest.
        fewest_bytes: u64,
        /// The most segments.
        most_segments: u64,
        /// The most that a process attaches.
        most_attached: u64,
        /// The most pages of all segments.
        most_pages: u64,
        /// Nothing.
        unused: [u64; 4],
    }
}

record! {
    /// `struct shm_info`.
    pub struct SegmentUsage {
        /// Segments.
        segments: i32,
        /// Nothing.
        pad: u32,
        /// Pages that they may have.
        pages: u64,
        /// Pages that they have.
        resident: u64,
        /// Pages that are paged out.
        swapped: u64,
        /// Nothing on Linux either.
        swap_attempts: u64,
        /// Nothing on Linux either.
        swap_successes: u64,
    }
}

record! {
    /// `struct semid64_ds`.
    pub struct SetRecord {
        /// Whose it is.
        permission: PermissionRecord,
        /// Last operation.
        operation_time: i64,
        /// Last changed.
        change_time: i64,
        /// How many semaphores.
        length: u64,
        /// Nothing.
        unused: [u64; 2],
    }
}

record! {
    /// `struct sembuf`.
    pub struct SemaphoreOperation {
        /// Which semaphore.
        semaphore: u16,
        /// What is added.
        change: i16,
        /// `IPC_NOWAIT`, `SEM_UNDO`.
        flags: u16,
    }
}

record! {
    /// `struct seminfo`.
    pub struct SemaphoreLimits {
        /// Unused by Linux.
        map: i32,
        /// The most sets.
        most_sets: i32,
        /// The most semaphores.
        most_semaphores: i32,
        /// Unused by Linux.
        most_undo: i32,
        /// The most of one set.
        most_of_a_set: i32,
        /// The most operations of a call.
        most_operations: i32,
        /// Unused by Linux.
        most_undo_entries: i32,
        /// Unused, or how many sets there are.
        undo_size: i32,
        /// The highest value.
        highest_value: i32,
        /// The most that is undone, or how many semaphores there are.
        highest_undo: i32,
    }
}

record! {
    /// `struct msqid64_ds`.
    pub struct QueueRecord {
        /// Whose it is.
        permission: PermissionRecord,
        /// Last sent.
        send_time: i64,
        /// Last received.
        receive_time: i64,
        /// Last changed.
        change_time: i64,
        /// Bytes in it.
        bytes: u64,
        /// Messages in it.
        messages: u64,
        /// The most bytes.
        limit: u64,
        /// Process that sent last.
        last_sender: i32,
        /// Process that received last.
        last_receiver: i32,
        /// Nothing.
        unused: [u64; 2],
    }
}

record! {
    /// `struct msginfo`.
    pub struct QueueLimits {
        /// Unused, or how many queues there are.
        pool: i32,
        /// Unused, or how many messages there are.
        map: i32,
        /// The longest message.
        longest: i32,
        /// The bytes of a queue.
        queue_bytes: i32,
        /// The most queues.
        most_queues: i32,
        /// Unused by Linux.
        segment_size: i32,
        /// Unused, or how many bytes there are in queues.
        most_messages: i32,
        /// Unused by Linux.
        segments: u16,
        /// Nothing.
        pad: u16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::offset_of;

    #[test]
    fn records_are_as_long_as_linux_has_them() {
        assert_eq!(size_of::<PermissionRecord>(), 48);
        assert_eq!(size_of::<SegmentRecord>(), 112);
        assert_eq!(offset_of!(SegmentRecord, attached), 88);
        assert_eq!(size_of::<SegmentLimits>(), 72);
        assert_eq!(size_of::<SegmentUsage>(), 48);
        assert_eq!(size_of::<SetRecord>(), 88);
        assert_eq!(size_of::<SemaphoreOperation>(), 6);
        assert_eq!(size_of::<SemaphoreLimits>(), 40);
        assert_eq!(size_of::<QueueRecord>(), 120);
        assert_eq!(offset_of!(QueueRecord, limit), 88);
        assert_eq!(size_of::<QueueLimits>(), 32);
    }
}
