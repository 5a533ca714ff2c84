//! All loop devices, and `/dev/loop-control`.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use core::any::Any;

use base::sync::SpinLock;
use base::{Error, Result, rank};
use device::block::BlockDevice;
use device::{CharacterDevice, CharacterOpen, DeviceNumber};
use hal::Global;
use hal::sync::Rank;
use object::{File, FileKind, FileStatus};

use crate::LoopDevice;

/// Linux's number of the control device (devices.txt: misc, `loop-control`).
const CONTROL: DeviceNumber = DeviceNumber::new(10, 237);

/// How many devices there are from the start, as on Debian.
const FIRST: u32 = 8;

/// The most devices.
const MOST: u32 = 256;

/// The table of devices is asked about each of them.
const TABLE: Rank = Rank(rank::DEVICE.0 - 1);

static DEVICES: Global<SpinLock<BTreeMap<u32, Arc<LoopDevice>>>> =
    Global::new(|| SpinLock::new(TABLE, BTreeMap::new()));

/// What makes a device known to the machine, and takes it away again.
pub struct Registrar {
    /// Registers it, and shows it in `/dev`.
    pub register: fn(Arc<dyn BlockDevice>) -> Result<()>,
    /// The reverse.
    pub remove: fn(&Arc<dyn BlockDevice>) -> Result<()>,
    /// Looks through its table for parts, and makes them known.
    pub scan: fn(&Arc<dyn BlockDevice>) -> Result<()>,
    /// Takes its parts away.
    pub forget_parts: fn(&Arc<dyn BlockDevice>) -> Result<()>,
}

static REGISTRAR: Global<SpinLock<Option<&'static Registrar>>> =
    Global::new(|| SpinLock::new(rank::LEAF, None));

/// Makes the first devices, and gives the control device, to be registered. Called once.
pub fn start(registrar: &'static Registrar) -> Result<Arc<dyn CharacterDevice>> {
    *REGISTRAR.lock() = Some(registrar);
    for index in 0..FIRST {
        add(index)?;
    }
    Ok(Arc::new(Control))
}

pub(crate) fn registrar() -> Result<&'static Registrar> {
    let registrar = *REGISTRAR.lock();
    registrar.ok_or(Error::NoSuchDevice)
}

/// The loop device with a device number.
pub fn find(number: DeviceNumber) -> Option<Arc<LoopDevice>> {
    let device = DEVICES.lock().get(&number.minor).cloned();
    device.filter(|device| device.number() == number)
}

/// Makes a device; [`Error::Exists`] if there is one with this index.
pub fn add(index: u32) -> Result<u32> {
    if index >= MOST {
        return Err(Error::InvalidArgument);
    }
    let made = LoopDevice::new(index);
    {
        let mut devices = DEVICES.lock();
        if devices.contains_key(&index) {
            return Err(Error::Exists);
        }
        devices.insert(index, made.clone());
    }
    let registered = registrar().and_then(|registrar| (registrar.register)(made));
    if registered.is_err() {
        let gone = DEVICES.lock().remove(&index);
        drop(gone);
    }
    registered.map(|()| index)
}

/// Takes a device away; [`Error::Busy`] if it has a file or a user.
pub fn remove(index: u32) -> Result<u32> {
    let device = {
        let mut devices = DEVICES.lock();
        let device = devices.get(&index).ok_or(Error::NotSupportedByDevice)?;
        if device.is_attached() || device.is_in_use() {
            return Err(Error::Busy);
        }
        devices.remove(&index)
    };
    if let Some(device) = device {
        let device: Arc<dyn BlockDevice> = device;
        (registrar()?.remove)(&device)?;
    }
    Ok(index)
}

/// The first device without a file, which is made if there is none.
pub fn free() -> Result<u32> {
    let index = {
        let devices = DEVICES.lock();
        let unused = devices.values().find(|device| !device.is_attached());
        unused.map(|device| device.index())
    };
    index.map_or_else(add_any, Ok)
}

/// Makes a device with the first index that is free.
pub fn add_any() -> Result<u32> {
    let index = {
        let devices = DEVICES.lock();
        (0..MOST).find(|index| !devices.contains_key(index))
    };
    add(index.ok_or(Error::NoSpace)?)
}

struct Control;

impl CharacterDevice for Control {
    fn name(&self) -> String {
        String::from("loop-control")
    }

    fn number(&self) -> DeviceNumber {
        CONTROL
    }

    fn open(&self, _options: CharacterOpen) -> Result<Arc<dyn File>> {
        Ok(Arc::new(LoopControl))
    }
}

/// What `/dev/loop-control` opens: nothing to read or write, but requests to be made on it.
pub struct LoopControl;

impl File for LoopControl {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(FileStatus {
            kind: FileKind::CharacterDevice,
            mode: 0o600,
            device_major: CONTROL.major,
            device_minor: CONTROL.minor,
            links: 1,
            block_size: hal::PAGE_SIZE as u32,
            ..FileStatus::default()
        })
    }
}
