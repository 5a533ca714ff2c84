//! Random bytes: one ChaCha20 generator for the whole kernel.
//!
//! The generator holds a 256-bit key. Each run takes the key stream from counter zero: the first
//! half block becomes the *next* key, what follows is handed out. So the state that made past output
//! no longer exists ("fast key erasure"), and whoever reads kernel memory later learns nothing about
//! it. Small requests (an address, a canary) take from a half block that is kept, and is erased
//! byte by byte as it is handed out.
//!
//! Entropy (the boot seed, the interrupts' timing, a virtio-rng device) is mixed in by running the
//! block function over the key with the new bytes as counter and nonce; it can only add.

mod chacha;

use crate::rank;
use chacha::Key;
use hal::Global;
use hal::sync::SpinLock;

struct Generator {
    key: Key,
    /// Output that has been made and not handed out; what was handed out is zero.
    ready: [u8; READY],
    /// How many bytes at the end of `ready` are left.
    left: usize,
}

/// How much a run for small requests makes.
const READY: usize = 32;

static GENERATOR: Global<SpinLock<Generator>> =
    Global::new(|| SpinLock::new(rank::LEAF, Generator::new(hal::random::jitter())));

impl Generator {
    fn new(seed: u64) -> Generator {
        let mut generator = Generator {
            key: [0; 8],
            ready: [0; READY],
            left: 0,
        };
        generator.mix(&seed.to_le_bytes());
        generator
    }

    /// Replaces the key by the first 32 bytes of `block`.
    fn rekey(&mut self, block: &[u8; 64]) {
        for (word, bytes) in self.key.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
    }

    fn mix(&mut self, entropy: &[u8]) {
        for chunk in entropy.chunks(12) {
            let mut words = [0u32; 3];
            for (index, byte) in chunk.iter().enumerate() {
                words[index / 4] |= u32::from(*byte) << (index % 4 * 8);
            }
            // A counter that output never uses, and the length, so that a trailing zero counts.
            let block = chacha::block(&self.key, u32::MAX - chunk.len() as u32, words);
            self.rekey(&block);
        }
        // What was made before the entropy came is not handed out after it.
        self.ready = [0; READY];
        self.left = 0;
    }

    fn fill(&mut self, into: &mut [u8]) {
        if into.len() <= READY {
            self.fill_small(into);
        } else {
            self.run(into);
        }
    }

    fn fill_small(&mut self, into: &mut [u8]) {
        if self.left < into.len() {
            let mut ready = [0; READY];
            self.run(&mut ready);
            self.ready = ready;
            self.left = READY;
        }
        let start = READY - self.left;
        let taken = &mut self.ready[start..start + into.len()];
        into.copy_from_slice(taken);
        taken.fill(0);
        self.left -= into.len();
    }

    /// One run of the key stream.
    fn run(&mut self, into: &mut [u8]) {
        let first = chacha::block(&self.key, 0, [0; 3]);
        let key = self.key;
        self.rekey(&first);
        let (head, tail) = into.split_at_mut(into.len().min(32));
        head.copy_from_slice(&first[32..][..head.len()]);
        for (index, chunk) in tail.chunks_mut(64).enumerate() {
            let block = chacha::block(&key, index as u32 + 1, [0; 3]);
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// Bytes handed out under one hold of the generator's lock (interrupts are off meanwhile).
const PORTION: usize = 1024;

/// Fills `into` with unpredictable bytes.
pub fn fill(into: &mut [u8]) {
    for portion in into.chunks_mut(PORTION) {
        GENERATOR.lock().fill(portion);
    }
}

/// An unpredictable number.
pub fn number() -> u64 {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// Mixes bytes that an attacker may not know into the generator. Never makes it weaker.
pub fn add_entropy(entropy: &[u8]) {
    for portion in entropy.chunks(PORTION) {
        GENERATOR.lock().mix(portion);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_does_not_repeat_and_depends_on_the_seed() {
        let mut one = Generator::new(1);
        let mut two = Generator::new(2);
        let (mut first, mut second, mut other) = ([0; 100], [0; 100], [0; 100]);
        one.fill(&mut first);
        one.fill(&mut second);
        two.fill(&mut other);
        assert_ne!(first, second);
        assert_ne!(first, other);
    }

    #[test]
    fn small_requests_do_not_repeat_and_leave_nothing_behind() {
        let mut generator = Generator::new(1);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..50 {
            let mut bytes = [0; 12];
            generator.fill(&mut bytes);
            assert!(seen.insert(bytes));
            let used = READY - generator.left;
            assert!(generator.ready[..used].iter().all(|&byte| byte == 0));
        }
        generator.mix(&[1]);
        assert_eq!((generator.left, generator.ready), (0, [0; READY]));
    }

    #[test]
    fn trailing_zero_entropy_counts() {
        let mut one = Generator::new(1);
        let mut two = Generator::new(1);
        one.mix(&[7]);
        two.mix(&[7, 0]);
        assert_ne!(one.key, two.key);
    }
}
