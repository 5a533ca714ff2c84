//! The entropy device as a source of randomness.

use alloc::sync::Arc;

use base::sync::Mutex;
use base::{Error, Result, rank};
use device::{RandomSource, registry};
use hal::virtio::{Channel, Entropy};

/// How many bytes the kernel's generator gets at the start.
const SEED: usize = 64;

/// The device; one request at a time.
struct VirtioEntropy {
    device: Mutex<Entropy>,
}

impl RandomSource for VirtioEntropy {
    fn name(&self) -> &str {
        "virtio-rng"
    }

    fn read_random(&self, into: &mut [u8]) -> Result<usize> {
        self.device
            .lock()
            .fill(into)
            .map_err(|_| Error::InputOutput)
    }
}

/// Starts the device, seeds the kernel's generator from it, and registers it.
pub(crate) fn start(channel: Channel) -> Result<()> {
    let device = Entropy::new(channel).map_err(|_| Error::InputOutput)?;
    let source = Arc::new(VirtioEntropy {
        device: Mutex::new(rank::DEVICE, device),
    });
    let mut seed = [0; SEED];
    let count = source.read_random(&mut seed)?;
    base::random::add_entropy(&seed[..count]);
    base::info!("virtio-rng: {count} bytes for the random generator");
    registry().add_random(source);
    Ok(())
}
