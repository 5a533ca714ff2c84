//! The shell's commands on a disk, with e2fsck as the judge.

use super::{commands::Session, words};
use crate::image::disk::{
    ext2,
    tests::{Folder, layers},
};
use std::{fs, os::unix::fs::PermissionsExt};

#[test]
fn commands_do_what_their_names_say() {
    let folder = Folder::new("shell");
    let disk = folder.disk(&layers());
    let image = disk.path.clone();
    let mut session = Session::new(&folder.0, disk);
    let mut run = |line: &str| {
        let words = words::split(line).unwrap();
        session
            .carry_out(&words)
            .map_err(|error| format!("{error:#}"))
    };
    let host = folder.path("my file");
    fs::write(&host, b"mine").unwrap();
    fs::set_permissions(&host, fs::Permissions::from_mode(0o750)).unwrap();
    let host = host.display().to_string();
    for line in [
        "mkdir /new",
        "cd new",
        &format!("put '{host}'"),
        &format!("put '{host}' ../etc/empty"),
        "mkdir sub",
        "mv 'my file' sub",
        "mv sub/'my file' renamed",
        "chmod 4711 renamed",
        "chown 1000:7 renamed",
        "ln -s /new/renamed sub/link",
        "chmod 700 /",
        &format!("get sub/link '{host}.back'"),
        "ls",
        "ls sub/link",
        "df",
        "pwd",
        "help",
        "rm /bin/program",
        "rm -r /home",
    ] {
        run(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    assert_eq!(fs::read(format!("{host}.back")).unwrap(), b"mine");
    for (line, reason) in [
        ("rm /new", "rm -r"),
        ("rm nothing", "no such file"),
        ("rm -r /", "root stays"),
        ("cd renamed", "no such directory"),
        ("mkdir sub", "already"),
        ("mkdir a/b", "no such directory"),
        ("cat sub", "no file to read"),
        ("put /no/such/file", "cannot be read"),
        ("mv sub other", "directories are not moved"),
        ("chmod 9 renamed", "octal"),
        ("chown me renamed", "numbers"),
        ("chmod 1", "usage: chmod"),
        ("frobnicate", "no such command"),
    ] {
        let error = run(line).unwrap_err();
        assert!(error.contains(reason), "{line}: {error}");
    }
    ext2::check(&image).unwrap();
    let paths = [
        "new/renamed",
        "etc/empty",
        "new/sub/link",
        "bin/program",
        "home",
        ".",
    ];
    let stats = ext2::stat(&image, &paths).unwrap();
    let renamed = stats[0].as_ref().unwrap();
    assert_eq!(
        (renamed.mode, renamed.owner, renamed.size),
        (0o4711, (1000, 7), 4)
    );
    // What is replaced keeps its mode.
    let empty = stats[1].as_ref().unwrap();
    assert_eq!((empty.mode, empty.size), (0o600, 4));
    assert_eq!(stats[2].as_ref().unwrap().detail, "/new/renamed");
    assert!(stats[3].is_none() && stats[4].is_none());
    assert_eq!(stats[5].as_ref().unwrap().mode, 0o700);
}
