//! Images of disks: made, judged and repaired by the host's own programs.

use crate::host::{Scratch, tool};

/// What `program` of `package` makes when it is called with `arguments`, a path and `last`.
///
/// # Panics
/// If it does not.
pub fn made_by(package: &str, program: &str, arguments: &[&str], last: &str) -> Vec<u8> {
    let scratch = Scratch::new("image");
    let path = scratch.0.to_str().expect("a plain path");
    let made = tool(package, program, &[arguments, &[path, last]].concat());
    assert!(
        made.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    std::fs::read(path).expect("the image")
}

/// What `program` of `package` says about an image: its exit code and its words; and the image as it leaves it.
///
/// # Panics
/// If the image cannot be shown to it.
pub fn judged_by(
    package: &str,
    program: &str,
    arguments: &[&str],
    image: &[u8],
) -> (i32, String, Vec<u8>) {
    let scratch = Scratch::new("check");
    std::fs::write(&scratch.0, image).expect("room for the image");
    let path = scratch.0.to_str().expect("a plain path");
    let output = tool(package, program, &[arguments, &[path]].concat());
    let words = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let repaired = std::fs::read(path).expect("the image");
    (output.status.code().unwrap_or(-1), words, repaired)
}
