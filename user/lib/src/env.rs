//! The program's arguments, environment and working directory.

use crate::io;
use crate::sync::Mutex;
use crate::sys;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

struct State {
    arguments: Vec<Vec<u8>>,
    variables: Vec<Vec<u8>>,
}

static STATE: Mutex<State> = Mutex::new(State {
    arguments: Vec::new(),
    variables: Vec::new(),
});

pub(crate) fn initialise(arguments: Vec<Vec<u8>>, variables: Vec<Vec<u8>>) {
    *STATE.lock() = State {
        arguments,
        variables,
    };
}

/// The arguments as text, the program's name first; what is not UTF-8 is shown with replacement
/// characters.
pub fn args() -> alloc::vec::IntoIter<String> {
    let texts: Vec<String> = args_bytes().iter().map(|raw| text(raw)).collect();
    texts.into_iter()
}

/// The arguments as the bytes that they are.
pub fn args_bytes() -> Vec<Vec<u8>> {
    STATE.lock().arguments.clone()
}

/// The last component of the program's name: what stands before its error messages.
pub fn program_name() -> String {
    match STATE.lock().arguments.first() {
        Some(name) => text(crate::path::file_name(name)),
        None => "program".to_owned(),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A variable of the environment, as text.
pub fn var(name: impl AsRef<[u8]>) -> Option<String> {
    var_bytes(name).map(|value| text(&value))
}

/// A variable of the environment.
pub fn var_bytes(name: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    let name = name.as_ref();
    STATE
        .lock()
        .variables
        .iter()
        .find_map(|entry| value_of(entry, name).map(<[u8]>::to_vec))
}

/// The value in `NAME=value` if the name is this one.
fn value_of<'a>(entry: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    entry.strip_prefix(name)?.strip_prefix(b"=")
}

/// All variables, each `NAME=value`.
pub fn vars_bytes() -> Vec<Vec<u8>> {
    STATE.lock().variables.clone()
}

/// All variables as text.
pub fn vars() -> alloc::vec::IntoIter<(String, String)> {
    let pairs: Vec<(String, String)> = vars_bytes()
        .iter()
        .filter_map(|entry| {
            let equals = entry.iter().position(|&byte| byte == b'=')?;
            Some((text(&entry[..equals]), text(&entry[equals + 1..])))
        })
        .collect();
    pairs.into_iter()
}

/// Sets a variable for this program and those it starts.
pub fn set_var(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
    remove_var(name.as_ref());
    let mut entry = name.as_ref().to_vec();
    entry.push(b'=');
    entry.extend_from_slice(value.as_ref());
    STATE.lock().variables.push(entry);
}

/// Removes a variable.
pub fn remove_var(name: impl AsRef<[u8]>) {
    let name = name.as_ref();
    STATE
        .lock()
        .variables
        .retain(|entry| value_of(entry, name).is_none());
}

/// The working directory's path.
pub fn current_dir() -> io::Result<Vec<u8>> {
    let mut buffer = alloc::vec![0; crate::contract::PATH_MAX];
    let length = sys::current_directory(&mut buffer)?;
    buffer.truncate(length);
    Ok(buffer)
}

/// Moves to another working directory.
pub fn set_current_dir(path: impl AsRef<[u8]>) -> io::Result<()> {
    sys::change_directory(path.as_ref())?;
    Ok(())
}
