//! Methods of [`vfs::Inode`] and [`vfs::FileSystem`] that every file system on a disk has in the same words.

/// The methods of [`vfs::Inode`] that lead from a [`crate::DiskNode`] to its page cache, within `impl Inode`. It has
/// `write_bytes` and `set_length`, which are called by one at a time, and `bring_to_disk`.
#[macro_export]
macro_rules! inode_bytes {
    () => {
        fn as_any(&self) -> &dyn ::core::any::Any {
            self
        }

        fn kind(&self) -> ::object::FileKind {
            self.kind
        }

        fn read_at(&self, offset: u64, into: &mut ::mem::transfer::Sink<'_>) -> Result<usize> {
            self.bytes()?.read_at(offset, into)
        }

        fn write_at(&self, offset: u64, from: &mut ::mem::transfer::Source<'_>) -> Result<usize> {
            let _alone = self.writer.lock();
            self.write_bytes(offset, from)
        }

        fn append(&self, from: &mut ::mem::transfer::Source<'_>) -> Result<(u64, usize)> {
            let _alone = self.writer.lock();
            let end = self.bytes()?.size();
            let done = self.write_bytes(end, from)?;
            Ok((end + done as u64, done))
        }

        fn truncate(&self, length: u64) -> Result<()> {
            let _alone = self.writer.lock();
            self.set_length(length)
        }

        fn page_cache(&self) -> Option<Arc<::mem::PageCache>> {
            self.cache.clone()
        }

        fn sync(&self, metadata: bool) -> Result<()> {
            self.bring_to_disk(metadata)
        }

        fn attachments(&self) -> Option<&::vfs::Attachments> {
            Some(&self.attachments)
        }
    };
}

/// Those that change and list a directory, within the same. It has `make`, `take_out`, `exchange`, `move_name` and `list`.
#[macro_export]
macro_rules! inode_names {
    () => {
        fn create(
            &self,
            name: Name<'_>,
            new: &NewInode<'_>,
            owner: Ownership,
        ) -> Result<Arc<dyn Inode>> {
            Ok(self.volume.patiently(|| self.make(name, new, owner))?)
        }

        fn unlink(&self, name: Name<'_>) -> Result<()> {
            self.take_out(name, false)
        }

        fn remove_directory(&self, name: Name<'_>) -> Result<()> {
            self.take_out(name, true)
        }

        fn rename(
            &self,
            name: Name<'_>,
            new_directory: &Arc<dyn Inode>,
            new_name: Name<'_>,
            flags: RenameFlags,
        ) -> Result<()> {
            let to = $crate::own(new_directory, &self.volume)?;
            match flags.contains(RenameFlags::EXCHANGE) {
                true => self.exchange(name, &to, new_name),
                false => self
                    .volume
                    .patiently(|| self.move_name(name, &to, new_name)),
            }
        }

        fn read_directory(
            &self,
            cookie: u64,
            visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
        ) -> Result<()> {
            self.list(cookie, visit)
        }
    };
}

/// The methods of [`vfs::FileSystem`] that ask a `volume`, whose `close` ends the mount, within `impl FileSystem`. There
/// is a `root`, too.
#[macro_export]
macro_rules! file_system {
    () => {
        fn source(&self) -> Vec<u8> {
            [b"/dev/", self.volume.device().name().as_bytes()].concat()
        }

        fn device(&self) -> u64 {
            self.volume.device_number()
        }

        fn is_protected(&self) -> bool {
            self.volume.device().is_protected()
        }

        fn root(&self) -> Arc<dyn Inode> {
            self.root.clone()
        }

        fn sync(&self) -> Result<()> {
            $crate::Volume::sync_all(&*self.volume)
        }

        fn finish(&self) -> Result<()> {
            self.volume.close()
        }

        fn is_read_only(&self) -> bool {
            self.volume.is_read_only()
        }

        fn begins_read_only(&self) -> bool {
            $crate::is_told_read_only(self.volume.device_number())
        }

        fn note_read_only(&self, read_only: bool) {
            $crate::tell_read_only(self.volume.device_number(), read_only);
        }
    };
}
