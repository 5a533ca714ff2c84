//! getrandom.

use base::Result;
use mem::user::UserSlice;

use crate::arguments::flags_argument;
use crate::call::Call;
use crate::files::read_write::MOST;

flags_argument! {
    /// `GRND_*`.
    pub struct RandomFlags: u32 {
        /// Do not wait for the generator to be seeded; it is, from the start.
        const NONBLOCK = 1;
        /// From the blocking pool, of old.
        const RANDOM = 2;
        /// Even if the generator is not seeded.
        const INSECURE = 4;
    }
}

/// getrandom(2).
pub(crate) fn getrandom(
    _call: &mut Call<'_>,
    buffer: UserSlice,
    flags: RandomFlags,
) -> Result<usize> {
    if flags.contains(RandomFlags::RANDOM | RandomFlags::INSECURE) {
        return Err(base::Error::InvalidArgument);
    }
    let length = buffer.length.min(MOST);
    let mut bytes = [0; 256];
    let mut done = 0;
    while done < length {
        let part = bytes.len().min(length - done);
        base::random::fill(&mut bytes[..part]);
        match mem::user::write_bytes(buffer.address.saturating_add(done), &bytes[..part]) {
            Ok(()) => done += part,
            Err(_) if done > 0 => break,
            Err(error) => return Err(error),
        }
        base::thread::yield_if_needed();
    }
    Ok(done)
}
