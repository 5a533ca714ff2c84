//! The xv6 job and the native one.

use scarlet_abi::file::OpenFlags;
use scarlet_abi::{CURRENT_DIRECTORY, Call};
use testkit::memory::{push, push_words};
use testkit::xv6::{O_CREATE, O_RDWR};
use testkit::{Scarlet, Xv6};

const PAGE: usize = 4096;

/// What xv6 programs do; each part gives up when something is refused.
pub fn xv6(xv6: &mut Xv6<'_>) {
    let files = files(xv6);
    let processes = processes(xv6);
    while xv6.wait().is_some() {}
    xv6.exit(files.and(processes).is_none().into());
}

fn files(xv6: &mut Xv6<'_>) -> Option<()> {
    let file = xv6.open("/tmp/x", O_CREATE | O_RDWR)?;
    xv6.write(file, &[b'x'; 3000])?;
    xv6.fstat(file)?;
    xv6.link("/tmp/x", "/tmp/y")?;
    xv6.mkdir("/tmp/directory")?;
    xv6.chdir("/tmp/directory")?;
    xv6.chdir("/")?;
    let directory = xv6.open("/tmp", 0)?;
    xv6.read(directory, 512)?;
    xv6.dup(file).map(drop)
}

fn processes(xv6: &mut Xv6<'_>) -> Option<()> {
    let heap = xv6.sbrk(5 * PAGE as isize)?;
    xv6.user.write(heap + 3 * PAGE, &[1]);
    let (read, write) = xv6.pipe()?;
    xv6.fork(move |child| {
        child.user.write(heap + 3 * PAGE, &[2]);
        let _ = child.write(write, b"hello");
    })?;
    xv6.close(write)?;
    // The child writes, or ends, which the pipe shows as its end.
    let _ = xv6.read(read, 5);
    xv6.wait()?;
    xv6.sbrk(-(2 * PAGE as isize)).map(drop)
}

/// What native programs do.
pub fn native(scarlet: &mut Scarlet<'_>) {
    let streams = streams(scarlet);
    let programs = programs(scarlet);
    while scarlet.wait().is_ok() {}
    let views = views(scarlet);
    scarlet.exit(streams.and(programs).and(views).is_err().into());
}

fn streams(scarlet: &mut Scarlet<'_>) -> Result<(), i32> {
    let flags = OpenFlags::READ | OpenFlags::WRITE | OpenFlags::CREATE;
    let file = scarlet.open("/tmp/n", flags)?;
    scarlet.write(file, &[b'n'; 5000])?;
    scarlet.scoped(|scarlet| {
        let record = push_words(scarlet.user, &[48 | 1 << 32, 0, 2 * PAGE, 3, file, 0]);
        let place = scarlet.call(Call::Map, &[record])?;
        scarlet.user.write(place, &[1]);
        scarlet.call(Call::Unmap, &[place, 2 * PAGE])
    })?;
    let (read, write) = scarlet.pipe()?;
    scarlet.write(write, b"through")?;
    scarlet.read(read, 7)?;
    let events = scarlet.call(Call::OpenEvents, &[0])?;
    scarlet.scoped(|scarlet| {
        let entries = [read as u32, 1, 0, 0, events as u32, 1, 0, 0];
        let entries: Vec<u8> = entries.iter().flat_map(|word| word.to_le_bytes()).collect();
        let entries = push(scarlet.user, &entries);
        scarlet.call(Call::Poll, &[entries, 2, 0])
    })?;
    Ok(())
}

fn views(scarlet: &mut Scarlet<'_>) -> Result<(), i32> {
    let view = scarlet.call_path(Call::CreateView, &[], "/", &[])?;
    scarlet.scoped(|scarlet| {
        let from = push(scarlet.user, b"/dev");
        let to = push(scarlet.user, b"/tmp");
        let pair = [56, CURRENT_DIRECTORY, from, 4, view, to, 4];
        let pair = push_words(scarlet.user, &pair);
        scarlet.call(Call::Bind, &[pair])
    })?;
    scarlet.call(Call::EnterView, &[view])?;
    let file = scarlet.open("/tmp/zero", OpenFlags::READ)?;
    scarlet.read(file, 100).map(drop)
}

fn programs(scarlet: &mut Scarlet<'_>) -> Result<(), i32> {
    scarlet.scoped(|scarlet| {
        let path = push(scarlet.user, b"/true");
        let name = push(scarlet.user, b"true");
        let arguments = push_words(scarlet.user, &[name, 4]);
        let request = [
            112,
            CURRENT_DIRECTORY,
            path,
            5,
            arguments,
            1,
            0,
            0,
            0,
            0,
            CURRENT_DIRECTORY,
            0,
            0,
            0,
        ];
        let request = push_words(scarlet.user, &request);
        scarlet.call(Call::Spawn, &[request])
    })?;
    scarlet.fork(|child| {
        let place = child.user.stack_pointer() - 3 * PAGE;
        child.user.write(place, &[1]);
    })?;
    Ok(())
}
