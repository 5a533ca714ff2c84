//! Directories and names.

use crate::{Check, Outcome, child, collect, expect, works};
use alloc::{format, vec};
use xv6::{
    CREATE, DIRECTORY, READ_ONLY, READ_WRITE, TRUNCATE, WRITE_ONLY, change_directory, close,
    directory_entries, link, make_directory, open, read, status, unlink, write,
};

pub(crate) const CHECKS: &[Check] = &[
    ("make_and_remove", make_and_remove),
    ("paths", paths),
    ("dots_stay", dots_stay),
    ("names_of_fourteen_bytes", names_of_fourteen_bytes),
    ("a_file_is_no_directory", a_file_is_no_directory),
    ("a_directory_is_no_file", a_directory_is_no_file),
    ("a_removed_place", a_removed_place),
    ("empty_names", empty_names),
    ("many_names", many_names),
    ("made_at_the_same_time", made_at_the_same_time),
    ("deep", deep),
];

const ALL: i32 = CREATE | READ_WRITE;

fn make_and_remove() -> Outcome {
    for _ in 0..20 {
        works!(make_directory(b"dir"));
        expect!(make_directory(b"dir").is_err());
        works!(make_directory(b"dir/in"));
        expect!(unlink(b"dir").is_err());
        works!(close(works!(open(b"dir/in/file", ALL))));
        expect!(unlink(b"dir/in").is_err());
        works!(unlink(b"dir/in/file"));
        works!(unlink(b"dir/in"));
        works!(unlink(b"dir"));
        expect!(change_directory(b"dir").is_err());
    }
    expect!(make_directory(b"no/such/place").is_err());
    expect!(unlink(b"/").is_err());
    Ok(())
}

fn paths() -> Outcome {
    works!(make_directory(b"top"));
    works!(make_directory(b"/top/./mid"));
    works!(change_directory(b"top//mid/"));
    let file = works!(open(b"../mid/../../top/mid/f", ALL));
    expect!(write(file, b"f") == Ok(1));
    works!(link(b"f", b"../g"));
    expect!(open(b"/top/g", READ_ONLY).is_ok());
    works!(unlink(b"/../../top/mid/f"));
    works!(unlink(b"./../g"));
    works!(change_directory(b"../.."));
    works!(unlink(b"top/mid"));
    works!(unlink(b"top/"));
    Ok(())
}

fn dots_stay() -> Outcome {
    works!(make_directory(b"dots"));
    works!(change_directory(b"dots"));
    for name in [&b"."[..], b"..", b"../dots/.", b"/dots/.."] {
        expect!(unlink(name).is_err());
    }
    let own = works!(open(b".", READ_ONLY));
    let inode = works!(status(own)).inode;
    let entries = directory_entries(own);
    expect!(entries.len() == 2);
    expect!(entries[0].1 == b"." && entries[0].0 == inode as u16);
    expect!(entries[1].1 == b"..");
    works!(change_directory(b"/"));
    works!(unlink(b"dots"));
    Ok(())
}

/// Of a name fourteen bytes count.
fn names_of_fourteen_bytes() -> Outcome {
    works!(make_directory(b"fourteen"));
    works!(close(works!(open(b"fourteen/abcdefghijklmn", ALL))));
    let file = works!(open(b"fourteen/abcdefghijklmnopq", READ_WRITE));
    expect!(write(file, b"same") == Ok(4));
    expect!(open(b"fourteen/abcdefghijklm", READ_ONLY).is_err());
    expect!(make_directory(b"fourteen/abcdefghijklmnx").is_err());
    let entries = directory_entries(works!(open(b"fourteen", READ_ONLY)));
    expect!(entries.len() == 3 && entries[2].1 == b"abcdefghijklmn");
    works!(unlink(b"fourteen/abcdefghijklmnzzzz"));
    works!(unlink(b"fourteen"));
    Ok(())
}

fn a_file_is_no_directory() -> Outcome {
    works!(close(works!(open(b"plain", ALL))));
    expect!(change_directory(b"plain").is_err());
    expect!(open(b"plain/x", READ_ONLY).is_err());
    expect!(open(b"plain/x", ALL).is_err());
    expect!(make_directory(b"plain/x").is_err());
    expect!(unlink(b"plain/x").is_err());
    expect!(link(b"README", b"plain/x").is_err());
    works!(unlink(b"plain"));
    Ok(())
}

fn a_directory_is_no_file() -> Outcome {
    for mode in [WRITE_ONLY, READ_WRITE, CREATE, TRUNCATE, ALL] {
        expect!(open(b".", mode).is_err());
    }
    let own = works!(open(b".", READ_ONLY));
    expect!(works!(status(own)).kind == DIRECTORY);
    expect!(write(own, b"x").is_err());
    let mut record = [0; 16];
    expect!(read(own, &mut record) == Ok(16) && record[2..4] == *b".\0");
    Ok(())
}

/// What a process whose directory was removed can still do: leave.
fn a_removed_place() -> Outcome {
    works!(make_directory(b"place"));
    works!(change_directory(b"place"));
    works!(unlink(b"../place"));
    expect!(open(b"file", ALL).is_err());
    expect!(make_directory(b"inner").is_err());
    expect!(link(b"/README", b"copy").is_err());
    works!(child(|| {
        expect!(open(b"other", READ_ONLY).is_err());
        works!(change_directory(b"/"));
        works!(close(works!(open(b"README", READ_ONLY))));
        Ok(())
    }));
    collect(1)?;
    works!(change_directory(b"/"));
    expect!(change_directory(b"place").is_err());
    Ok(())
}

fn empty_names() -> Outcome {
    expect!(make_directory(b"").is_err());
    expect!(open(b"", CREATE).is_err());
    expect!(link(b"README", b"").is_err());
    expect!(unlink(b"").is_err());
    // Looked up, no name at all is the working directory.
    works!(change_directory(b""));
    works!(close(works!(open(b"", READ_ONLY))));
    Ok(())
}

fn many_names() -> Outcome {
    const NAMES: usize = 500;
    let name = |number: usize| format!("many/x{number}");
    works!(make_directory(b"many"));
    works!(close(works!(open(b"many/first", ALL))));
    for number in 0..NAMES {
        works!(link(b"many/first", name(number).as_bytes()));
    }
    let list = works!(open(b"many", READ_ONLY));
    expect!(works!(status(list)).size as usize == (NAMES + 3) * 16);
    let mut record = [0; 16];
    let mut seen = vec![false; NAMES];
    while read(list, &mut record) == Ok(16) {
        if record[2] == b'x' {
            let number = xv6::number(&record[3..]) as usize;
            expect!(number < NAMES && !seen[number]);
            seen[number] = true;
        }
    }
    expect!(seen.iter().all(|seen| *seen));
    for number in 0..NAMES {
        works!(unlink(name(number).as_bytes()));
    }
    works!(unlink(b"many/first"));
    works!(unlink(b"many"));
    Ok(())
}

/// Several processes fill one directory; all of it is there afterwards.
fn made_at_the_same_time() -> Outcome {
    works!(make_directory(b"together"));
    let name = |own: usize, number: usize| format!("together/{own}-{number}");
    for own in 0..4 {
        works!(child(|| {
            for number in 0..20 {
                works!(close(works!(open(name(own, number).as_bytes(), ALL))));
                if number % 4 == 3 {
                    works!(unlink(name(own, number).as_bytes()));
                }
            }
            Ok(())
        }));
    }
    collect(4)?;
    for own in 0..4 {
        for number in 0..20 {
            expect!(unlink(name(own, number).as_bytes()).is_ok() == (number % 4 != 3));
        }
    }
    works!(unlink(b"together"));
    Ok(())
}

fn deep() -> Outcome {
    for _ in 0..30 {
        works!(make_directory(b"down"));
        works!(change_directory(b"down"));
    }
    works!(close(works!(open(b"bottom", ALL))));
    works!(unlink(b"bottom"));
    for _ in 0..30 {
        works!(change_directory(b".."));
        works!(unlink(b"down"));
    }
    Ok(())
}
