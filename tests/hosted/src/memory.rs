//! What every ABI's wrappers need of a program's memory.

use hal::hosted::User;

/// Runs `work`, and gives back what it took of the stack.
pub fn with_stack<R>(user: &mut User, work: impl FnOnce(&mut User) -> R) -> R {
    let before = user.stack_pointer();
    let result = work(user);
    user.set_stack_pointer(before);
    result
}

/// Puts bytes on the stack; gives their address.
pub fn push(user: &mut User, bytes: &[u8]) -> usize {
    let address = user.allocate(bytes.len().max(1));
    user.write(address, bytes);
    address
}

/// Puts a string and its terminator on the stack.
pub fn push_string(user: &mut User, text: &str) -> usize {
    let mut bytes = Vec::from(text);
    bytes.push(0);
    push(user, &bytes)
}

/// Puts words on the stack.
pub fn push_words(user: &mut User, words: &[usize]) -> usize {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    push(user, &bytes)
}

/// Puts strings on the stack, and a null-terminated array of their addresses.
pub fn push_strings(user: &mut User, texts: &[&str]) -> usize {
    let mut addresses: Vec<usize> = texts.iter().map(|text| push_string(user, text)).collect();
    addresses.push(0);
    push_words(user, &addresses)
}

/// Reads bytes.
pub fn bytes(user: &mut User, address: usize, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    user.read(address, &mut bytes);
    bytes
}

/// Reads a 32-bit word.
pub fn word32(user: &mut User, address: usize) -> u32 {
    let mut bytes = [0; 4];
    user.read(address, &mut bytes);
    u32::from_le_bytes(bytes)
}

/// Reads a 64-bit word.
pub fn word64(user: &mut User, address: usize) -> u64 {
    let mut bytes = [0; 8];
    user.read(address, &mut bytes);
    u64::from_le_bytes(bytes)
}

/// Reads a string up to its terminator.
pub fn string(user: &mut User, mut address: usize) -> String {
    let mut text = Vec::new();
    loop {
        let mut byte = [0];
        user.read(address, &mut byte);
        if byte[0] == 0 {
            return String::from_utf8_lossy(&text).into_owned();
        }
        text.push(byte[0]);
        address += 1;
    }
}
