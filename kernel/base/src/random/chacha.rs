//! The ChaCha20 block function (RFC 8439, section 2.3), as a plain function over words.
//!
//! It is all the random generator needs: a key, a counter, a nonce in; 64 unpredictable bytes out.
//! There are no tables and no branches on secret data, so it runs in the same time for every key.

/// Words of key.
pub(super) type Key = [u32; 8];

/// "expand 32-byte k", the constant of RFC 8439.
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

fn quarter_round(state: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    state[a] = state[a].wrapping_add(state[b]);
    state[d] = (state[d] ^ state[a]).rotate_left(16);
    state[c] = state[c].wrapping_add(state[d]);
    state[b] = (state[b] ^ state[c]).rotate_left(12);
    state[a] = state[a].wrapping_add(state[b]);
    state[d] = (state[d] ^ state[a]).rotate_left(8);
    state[c] = state[c].wrapping_add(state[d]);
    state[b] = (state[b] ^ state[c]).rotate_left(7);
}

/// One block of key stream.
pub(super) fn block(key: &Key, counter: u32, nonce: [u32; 3]) -> [u8; 64] {
    let mut initial = [0u32; 16];
    initial[..4].copy_from_slice(&CONSTANTS);
    initial[4..12].copy_from_slice(key);
    initial[12] = counter;
    initial[13..].copy_from_slice(&nonce);
    let mut state = initial;
    for _ in 0..10 {
        quarter_round(&mut state, 0, 4, 8, 12);
        quarter_round(&mut state, 1, 5, 9, 13);
        quarter_round(&mut state, 2, 6, 10, 14);
        quarter_round(&mut state, 3, 7, 11, 15);
        quarter_round(&mut state, 0, 5, 10, 15);
        quarter_round(&mut state, 1, 6, 11, 12);
        quarter_round(&mut state, 2, 7, 8, 13);
        quarter_round(&mut state, 3, 4, 9, 14);
    }
    let mut output = [0u8; 64];
    for (chunk, (word, start)) in output.chunks_exact_mut(4).zip(state.iter().zip(initial)) {
        chunk.copy_from_slice(&word.wrapping_add(start).to_le_bytes());
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of RFC 8439, section 2.3.2.
    #[test]
    fn matches_the_example_of_rfc_8439() {
        let mut key = [0u32; 8];
        for (index, word) in key.iter_mut().enumerate() {
            let first = index as u8 * 4;
            *word = u32::from_le_bytes([first, first + 1, first + 2, first + 3]);
        }
        let output = block(&key, 1, [0x0900_0000, 0x4a00_0000, 0]);
        assert_eq!(
            output[..8],
            [0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15]
        );
        assert_eq!(
            output[56..],
            [0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e]
        );
    }
}
