//! Lists files: name, kind, inode and size.
#![cfg_attr(target_os = "none", no_std, no_main)]
extern crate alloc;
use alloc::vec::Vec;
use xv6::{
    DIRECTORY, READ_ONLY, Status, close, complain, directory_entries, open, println, status, text,
};

xv6::main!(program);

fn program(arguments: &[&[u8]]) -> i32 {
    match arguments.get(1..) {
        None | Some([]) => list(b"."),
        Some(paths) => paths.iter().for_each(|path| list(path)),
    }
    0
}

fn list(path: &[u8]) {
    let Ok(descriptor) = open(path, READ_ONLY) else {
        complain!("ls: cannot open {}", text(path));
        return;
    };
    match status(descriptor) {
        Err(_) => complain!("ls: cannot stat {}", text(path)),
        Ok(found) if found.kind == DIRECTORY => {
            for (_, name) in directory_entries(descriptor) {
                let mut full: Vec<u8> = path.to_vec();
                full.push(b'/');
                full.extend_from_slice(&name);
                match open(&full, READ_ONLY).and_then(|entry| {
                    let found = status(entry);
                    let _ = close(entry);
                    found
                }) {
                    Ok(found) => show(&name, &found),
                    Err(_) => complain!("ls: cannot stat {}", text(&full)),
                }
            }
        }
        Ok(found) => show(
            path.rsplit(|byte| *byte == b'/').next().unwrap_or(path),
            &found,
        ),
    }
    let _ = close(descriptor);
}

fn show(name: &[u8], status: &Status) {
    println!(
        "{:<14} {} {} {}",
        text(name),
        status.kind,
        status.inode,
        status.size
    );
}
