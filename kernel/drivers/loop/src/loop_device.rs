//! The device: without sectors until a file is attached.

use alloc::format;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicU32, Ordering};

use base::sync::SpinLock;
use base::{Error, Result, log, rank};
use device::DeviceNumber;
use device::block::{
    BlockCache, BlockDevice, BlockFile, Counters, Geometry, Operation, Request, SECTOR, Settings,
};
use object::{File, FileAccess, FileKind, FileStatus, StatusFlags};

use crate::attachment::{Attachment, Setup};
use crate::control::registrar;

/// Linux's major number of loop devices.
const MAJOR: u32 = 7;

/// How many loop devices may lie on one another.
const DEPTH_MAX: usize = 4;

/// See the module.
pub struct LoopDevice {
    me: Weak<LoopDevice>,
    index: u32,
    name: String,
    users: AtomicU32,
    counters: Arc<Counters>,
    settings: Settings,
    state: SpinLock<Option<State>>,
}

struct State {
    attachment: Arc<Attachment>,
    /// For what is asked about it; the attachment's thread holds the file itself.
    file: Weak<dyn File>,
    setup: Setup,
    sectors: u64,
}

impl LoopDevice {
    pub(crate) fn new(index: u32) -> Arc<LoopDevice> {
        Arc::new_cyclic(|me| LoopDevice {
            me: me.clone(),
            index,
            name: format!("loop{index}"),
            users: AtomicU32::new(0),
            counters: Arc::new(Counters::new()),
            settings: Settings::new(),
            state: SpinLock::new(rank::DEVICE, None),
        })
    }

    /// Its number among loop devices.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Whether a file is attached.
    pub fn is_attached(&self) -> bool {
        self.state.lock().is_some()
    }

    /// Whether anybody has it open or mounted.
    pub fn is_in_use(&self) -> bool {
        self.users.load(Ordering::Acquire) > 0
    }

    fn itself(&self) -> Result<Arc<dyn BlockDevice>> {
        Ok(self.me.upgrade().ok_or(Error::NoSuchDevice)?)
    }

    /// Shows a file as this disk. [`Error::Busy`] if there is one already; [`Error::InvalidArgument`] for what is neither a
    /// file nor a disk; [`Error::BadHandle`] for a file that lies on this device, or cannot be read.
    pub fn attach(&self, file: &Arc<dyn File>, setup: Setup) -> Result<()> {
        if self.is_attached() {
            return Err(Error::Busy);
        }
        self.check_file(file)?;
        let sectors = sectors(&**file, &setup)?;
        let setup = Setup {
            read_only: setup.read_only || !file.access().contains(FileAccess::WRITE),
            ..setup
        };
        let state = State {
            attachment: Attachment::new(file.clone())?,
            file: Arc::downgrade(file),
            setup,
            sectors,
        };
        {
            let mut slot = self.state.lock();
            if slot.is_some() {
                drop(slot);
                // Somebody was faster; the thread ends.
                state.attachment.close();
                return Err(Error::Busy);
            }
            *slot = Some(state);
        }
        self.settle_size(sectors)?;
        self.look_for_parts()
    }

    /// Shows another file in place of the one that is attached, to a device that is in use: of the same length, and
    /// only where nobody can write; [`Error::InvalidArgument`] else.
    pub fn replace(&self, file: &Arc<dyn File>) -> Result<()> {
        let (setup, _) = self.setup()?;
        if !setup.read_only {
            return Err(Error::InvalidArgument);
        }
        self.check_file(file)?;
        let length = sectors(&*self.file()?, &setup)?;
        if sectors(&**file, &setup)? != length {
            return Err(Error::InvalidArgument);
        }
        let attachment = Attachment::new(file.clone())?;
        let (former, outcome) = match &mut *self.state.lock() {
            Some(state) => {
                state.file = Arc::downgrade(file);
                let former = core::mem::replace(&mut state.attachment, attachment);
                (former, Ok(()))
            }
            // Its file was taken away meanwhile.
            None => (attachment, Err(Error::NoSuchDevice)),
        };
        former.close();
        outcome?;
        self.settle_size(length)
    }

    /// Whether a file can be a disk.
    fn check_file(&self, file: &Arc<dyn File>) -> Result<()> {
        let access = file.access();
        let appends = file.status_flags().contains(StatusFlags::APPEND);
        let kind = file.status()?.kind;
        if !matches!(kind, FileKind::Regular | FileKind::BlockDevice) {
            return Err(Error::InvalidArgument);
        }
        if !access.contains(FileAccess::READ) || appends && access.contains(FileAccess::WRITE) {
            return Err(Error::BadHandle);
        }
        self.check_depth(file)
    }

    /// Makes the parts known that its table names, if it is to be looked through. A table that cannot be read names none.
    fn look_for_parts(&self) -> Result<()> {
        if !self.is_scanned() {
            return Ok(());
        }
        let found = (registrar()?.scan)(&self.itself()?);
        if let Err(error) = found {
            log::warn!("{}: the partition table: {error}", self.name);
        }
        Ok(())
    }

    /// Nothing lies on itself, and only so many on one another.
    fn check_depth(&self, file: &Arc<dyn File>) -> Result<()> {
        let mut file = file.clone();
        for _ in 0..DEPTH_MAX {
            let Some(below) = file.downcast::<BlockFile>() else {
                return Ok(());
            };
            let number = below.device().number();
            let Some(below) = crate::find(number) else {
                return Ok(());
            };
            if below.index == self.index {
                return Err(Error::BadHandle);
            }
            let next = below.state.lock().as_ref().map(|state| state.file.clone());
            match next.and_then(|next| next.upgrade()) {
                Some(next) => file = next,
                None => return Err(Error::InvalidArgument),
            }
        }
        Err(Error::InvalidArgument)
    }

    /// The cache of the device is as long as the device.
    fn settle_size(&self, sectors: u64) -> Result<()> {
        let cache = BlockCache::of(&self.itself()?)?;
        cache.pages().drop_clean(0, u64::MAX);
        cache
            .pages()
            .truncate(sectors.saturating_mul(SECTOR as u64))
    }

    /// Takes the file away, as soon as nobody uses the device: now, if `users` are all there are.
    pub fn detach(&self, users: u32) -> Result<()> {
        if self.users.load(Ordering::Acquire) > users {
            match &mut *self.state.lock() {
                Some(state) => state.setup.autoclear = true,
                None => return Err(Error::NoSuchDevice),
            }
            return Ok(());
        }
        self.clear()
    }

    fn clear(&self) -> Result<()> {
        let device = self.itself()?;
        let parts = registrar().and_then(|registrar| (registrar.forget_parts)(&device));
        let stored = BlockCache::of(&device).and_then(|cache| cache.settle());
        let stored = parts.and(stored);
        if let Err(error) = stored {
            log::error!("{}: the last write-back failed: {error}", self.name);
        }
        let state = self.state.lock().take().ok_or(Error::NoSuchDevice)?;
        state.attachment.close();
        drop(state);
        self.settle_size(0)
    }

    /// How the file is shown, and what it is; [`Error::NoSuchDevice`] without one.
    pub fn setup(&self) -> Result<(Setup, FileStatus)> {
        let (setup, file) = {
            let state = self.state.lock();
            let state = state.as_ref().ok_or(Error::NoSuchDevice)?;
            (state.setup.clone(), state.file.clone())
        };
        let file = file.upgrade().ok_or(Error::NoSuchDevice)?;
        Ok((setup, file.status()?))
    }

    /// Shows the file in another way: what of it, whether the device clears itself, and whether it is looked through from now
    /// on. Whether it can be written stays.
    pub fn change(&self, setup: Setup) -> Result<()> {
        let device = self.itself()?;
        BlockCache::of(&device)?.settle()?;
        let file = self.file()?;
        let sectors = sectors(&*file, &setup)?;
        let mut starts = false;
        if let Some(state) = &mut *self.state.lock() {
            starts = setup.scanned && !state.setup.scanned;
            state.setup = Setup {
                read_only: state.setup.read_only,
                scanned: setup.scanned || state.setup.scanned,
                ..setup
            };
            state.sectors = sectors;
        }
        self.settle_size(sectors)?;
        match starts {
            true => self.look_for_parts(),
            false => Ok(()),
        }
    }

    /// Looks anew how long the file is.
    pub fn update_size(&self) -> Result<()> {
        let (setup, _) = self.setup()?;
        let sectors = sectors(&*self.file()?, &setup)?;
        if let Some(state) = &mut *self.state.lock() {
            state.sectors = sectors;
        }
        let cache = BlockCache::of(&self.itself()?)?;
        cache
            .pages()
            .truncate(sectors.saturating_mul(SECTOR as u64))
    }

    /// Who takes requests now, and where the disk begins in its file.
    pub(crate) fn holder(&self) -> Option<(Arc<Attachment>, u64)> {
        let state = self.state.lock();
        let state = state.as_ref()?;
        Some((state.attachment.clone(), state.setup.offset))
    }

    /// Hands a request to `holder`, which was looked up a moment ago. Another may have taken its place meanwhile
    /// ([`LoopDevice::replace`]): then it is that one's.
    pub(crate) fn hand(&self, mut holder: Option<(Arc<Attachment>, u64)>, mut request: Request) {
        while let Some((attachment, offset)) = holder {
            match attachment.submit(offset, request) {
                None => return,
                // It is not the holder any more before it closes.
                Some(refused) => request = refused,
            }
            holder = self.holder();
        }
        // Without a file nothing waits for being safe.
        let outcome = match request.operation {
            Operation::Flush => Ok(()),
            _ => Err(Error::InputOutput),
        };
        request.finish(outcome);
    }

    /// The file that is shown; [`Error::NoSuchDevice`] without one.
    pub fn file(&self) -> Result<Arc<dyn File>> {
        let file = self.state.lock().as_ref().map(|state| state.file.clone());
        file.and_then(|file| file.upgrade())
            .ok_or(Error::NoSuchDevice)
    }
}

/// How many sectors a file has, shown like this.
fn sectors(file: &dyn File, setup: &Setup) -> Result<u64> {
    let bytes = match file.downcast::<BlockFile>() {
        Some(below) => below.device().geometry().sectors * SECTOR as u64,
        None => file.status()?.size,
    };
    let left = bytes.saturating_sub(setup.offset);
    let bytes = match setup.limit {
        0 => left,
        limit => left.min(limit),
    };
    Ok(bytes / SECTOR as u64)
}

impl BlockDevice for LoopDevice {
    fn number(&self) -> DeviceNumber {
        DeviceNumber::new(MAJOR, self.index)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn geometry(&self) -> Geometry {
        let state = self.state.lock();
        let shown = state
            .as_ref()
            .map(|state| (state.sectors, state.setup.read_only));
        let (sectors, read_only) = shown.unwrap_or((0, false));
        Geometry {
            sectors,
            block_size: SECTOR,
            segments: 256,
            read_only,
        }
    }

    fn settings(&self) -> Option<&Settings> {
        Some(&self.settings)
    }

    fn counters(&self) -> Option<&Arc<Counters>> {
        Some(&self.counters)
    }

    fn submit(&self, mut request: Request) {
        if let Err(error) = request.check(self) {
            return request.finish(Err(error));
        }
        let holder = self.holder();
        if holder.is_some() {
            request.count(&self.counters);
        }
        self.hand(holder, request);
    }

    /// Loop devices are numbered one by one.
    fn leaves_minors(&self) -> bool {
        false
    }

    fn is_scanned(&self) -> bool {
        let state = self.state.lock();
        state.as_ref().is_some_and(|state| state.setup.scanned)
    }

    fn opened(&self) {
        self.users.fetch_add(1, Ordering::AcqRel);
    }

    fn closed(&self) {
        if self.users.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        let clears = self
            .state
            .lock()
            .as_ref()
            .is_some_and(|state| state.setup.autoclear);
        // Somebody may have done so meanwhile.
        let _ = if clears { self.clear() } else { Ok(()) };
    }
}
