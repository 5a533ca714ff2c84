//! Address spaces, as user copies see them.

use super::{Outcome, Test, ensure};
use crate::frame::{self, Frame};
use crate::paging::{self, PageFlags, PageTable};
use crate::user::{self, Access, UserFault};
use crate::{PAGE_SIZE, USER_END, arch};

pub(super) const TESTS: &[Test] = &[
    ("mapped pages are seen, unmapped ones fault", map_unmap),
    ("protection is kept", protection),
    ("mappings own their frames", ownership),
    ("a space that is given up keeps nothing", given_up),
    ("holes are skipped", holes),
    ("spaces do not see each other", separation),
    ("more spaces than identifiers", identifiers),
    ("user words are loaded and exchanged", words),
    ("kernel addresses are refused", kernel_addresses),
];

#[cfg(target_os = "none")]
pub(super) const BARE_TESTS: &[Test] = &[
    (
        "nothing of the kernel is writable and executable",
        write_xor_execute,
    ),
    ("stacks have guards", guards),
];

pub(super) const BASE: usize = 0x1234_5000;
pub(super) const READ_WRITE: PageFlags = PageFlags::READ.union(PageFlags::WRITE);

/// A space with `count` pages at [`BASE`], active.
pub(super) fn space_with(count: usize, flags: PageFlags) -> Result<PageTable, &'static str> {
    let mut table = PageTable::new().map_err(|_| "out of memory")?;
    {
        let mut cursor = table.cursor(BASE..BASE + count * PAGE_SIZE);
        for _ in 0..count {
            let frame = Frame::allocate().map_err(|_| "out of memory")?;
            cursor.map(frame, flags).map_err(|_| "out of memory")?;
        }
    }
    table.space().activate();
    Ok(table)
}

fn fault(address: usize, done: usize, access: Access) -> Result<(), UserFault> {
    Err(UserFault {
        address,
        done,
        access,
    })
}

fn map_unmap() -> Outcome {
    let mut table = space_with(2, READ_WRITE)?;
    ensure!(user::copy_to_user(BASE + 4000, &[7; 200]), Ok(()));
    let mut back = [0; 200];
    ensure!(user::copy_from_user(BASE + 4000, &mut back), Ok(()));
    ensure!(back, [7; 200]);
    ensure!(table.cursor(BASE + PAGE_SIZE..BASE + 2 * PAGE_SIZE).unmap());
    let end = BASE + PAGE_SIZE;
    ensure!(
        user::copy_from_user(BASE + 4000, &mut back),
        fault(end, 96, Access::Read)
    );
    ensure!(
        user::copy_to_user(BASE + 4000, &back),
        fault(end, 96, Access::Write)
    );
    ensure!(
        user::zero_user(BASE + 4000, 200),
        fault(end, 96, Access::Write)
    );
    let frame = Frame::allocate().map_err(|_| "out of memory")?;
    frame.fill(0, PAGE_SIZE, 9);
    ensure!(
        table
            .cursor(end..end + PAGE_SIZE)
            .map(frame, READ_WRITE)
            .is_ok()
    );
    ensure!(user::copy_from_user(BASE + 4000, &mut back), Ok(()));
    ensure!(back[95] == 0 && back[96] == 9);
    paging::deactivate();
    ensure!(
        user::copy_from_user(BASE, &mut back),
        fault(BASE, 0, Access::Read)
    );
    Ok(())
}

fn protection() -> Outcome {
    let mut table = space_with(1, READ_WRITE)?;
    let page = BASE..BASE + PAGE_SIZE;
    ensure!(user::copy_to_user(BASE, &[1, 2, 3]), Ok(()));
    ensure!(table.cursor(page.clone()).protect(PageFlags::READ));
    ensure!(
        user::copy_to_user(BASE, &[4]),
        fault(BASE, 0, Access::Write)
    );
    let mut byte = [0];
    ensure!(user::copy_from_user(BASE + 1, &mut byte), Ok(()));
    ensure!(byte, [2]);
    ensure!(table.cursor(page.clone()).protect(PageFlags::empty()));
    ensure!(
        user::copy_from_user(BASE, &mut byte),
        fault(BASE, 0, Access::Read)
    );
    let mapping = table.cursor(page.clone()).query();
    ensure!(mapping.is_some_and(|mapping| !mapping.flags.intersects(PageFlags::ACCESS)));
    ensure!(table.cursor(page.clone()).protect(READ_WRITE));
    ensure!(user::copy_to_user(BASE, &[4]), Ok(()));
    let flags = table.cursor(page).flags();
    ensure!(flags.is_some_and(|flags| flags.contains(READ_WRITE)));
    paging::deactivate();
    Ok(())
}

fn ownership() -> Outcome {
    let before = frame::statistics().free;
    let frame = Frame::allocate().map_err(|_| "out of memory")?;
    let mut table = space_with(3, READ_WRITE)?;
    let mut cursor = table.cursor(BASE..BASE + 3 * PAGE_SIZE);
    for _ in 0..3 {
        ensure!(cursor.map(frame.clone(), READ_WRITE).is_ok());
    }
    ensure!(frame.reference_count(), 4);
    drop(cursor);
    ensure!(frame.reference_count(), 4);
    table.cursor(BASE..BASE + PAGE_SIZE).unmap();
    ensure!(frame.reference_count(), 3);
    let space = table.space().clone();
    // This CPU still uses the space, and there is another share of it.
    drop(table);
    ensure!(frame.reference_count(), 1);
    paging::deactivate();
    drop(space);
    ensure!(frame.reference_count(), 1);
    drop(frame);
    ensure!(frame::statistics().free, before);
    Ok(())
}

fn given_up() -> Outcome {
    let table = space_with(1, READ_WRITE)?;
    ensure!(user::copy_to_user(BASE, &[7; 4]), Ok(()));
    let mut table = table;
    let frame = table
        .cursor(BASE..BASE + PAGE_SIZE)
        .query()
        .map(|mapping| mapping.frame)
        .ok_or("nothing is mapped")?;
    ensure!(frame.reference_count(), 2);
    // This CPU goes on using the space.
    drop(table);
    ensure!(frame.reference_count(), 1);
    ensure!(
        user::copy_from_user(BASE, &mut [0; 4]),
        fault(BASE, 0, Access::Read)
    );
    paging::deactivate();
    Ok(())
}

fn holes() -> Outcome {
    let mut table = PageTable::new().map_err(|_| "out of memory")?;
    let places = [
        0x1000,
        0x20_0000,
        0x4000_0000,
        0x4000_1000,
        USER_END - PAGE_SIZE,
    ];
    for place in places {
        let frame = Frame::allocate().map_err(|_| "out of memory")?;
        ensure!(
            table
                .cursor(place..place + PAGE_SIZE)
                .map(frame, READ_WRITE)
                .is_ok()
        );
    }
    let mut cursor = table.cursor(0..USER_END);
    for place in places {
        ensure!(cursor.next_mapped(), Some(place));
        ensure!(cursor.query().is_some());
    }
    ensure!(cursor.next_mapped(), None);
    Ok(())
}

fn separation() -> Outcome {
    let one = space_with(1, READ_WRITE)?;
    ensure!(user::copy_to_user(BASE, &[1]), Ok(()));
    let two = space_with(1, READ_WRITE)?;
    ensure!(user::copy_to_user(BASE, &[2]), Ok(()));
    for _ in 0..3 {
        for (table, value) in [(&one, 1), (&two, 2)] {
            table.space().activate();
            let mut byte = [0];
            ensure!(user::copy_from_user(BASE, &mut byte), Ok(()));
            ensure!(byte, [value]);
        }
    }
    paging::deactivate();
    Ok(())
}

fn identifiers() -> Outcome {
    let kept = space_with(1, READ_WRITE)?;
    ensure!(user::copy_to_user(BASE, &[77]), Ok(()));
    // Enough to begin a new generation at least once.
    for index in 0..arch::asid_limit() + 100 {
        let mut table = PageTable::new().map_err(|_| "out of memory")?;
        let frame = Frame::allocate().map_err(|_| "out of memory")?;
        frame.store_u32(0, index as u32);
        ensure!(
            table
                .cursor(BASE..BASE + PAGE_SIZE)
                .map(frame, READ_WRITE)
                .is_ok()
        );
        table.space().activate();
        ensure!(user::load_u32(BASE), Ok(index as u32));
    }
    kept.space().activate();
    ensure!(user::load_u32(BASE), Ok(77));
    paging::deactivate();
    Ok(())
}

fn words() -> Outcome {
    let mut table = space_with(1, READ_WRITE)?;
    ensure!(user::store_u32(BASE + 8, 0x8000_0001), Ok(()));
    ensure!(user::load_u32(BASE + 8), Ok(0x8000_0001));
    ensure!(
        user::compare_exchange_u32(BASE + 8, 0x8000_0001, 5),
        Ok(Ok(0x8000_0001))
    );
    ensure!(user::compare_exchange_u32(BASE + 8, 6, 7), Ok(Err(5)));
    ensure!(user::load_u32(BASE + 8), Ok(5));
    ensure!(user::load_u32(BASE + 2).is_err());
    let page = BASE..BASE + PAGE_SIZE;
    table.cursor(page.clone()).protect(PageFlags::READ);
    let refused = user::compare_exchange_u32(BASE + 8, 5, 6);
    ensure!(refused.is_err_and(|fault| fault.address == BASE + 8 && fault.access == Access::Write));
    table.cursor(page).unmap();
    ensure!(user::load_u32(BASE + 8).is_err());
    ensure!(user::compare_exchange_u32(BASE + 8, 5, 6).is_err());
    paging::deactivate();
    Ok(())
}

fn kernel_addresses() -> Outcome {
    let table = space_with(1, READ_WRITE)?;
    let mut bytes = [0; 16];
    let frame = Frame::allocate().map_err(|_| "out of memory")?;
    for address in [USER_END, frame.pointer().addr(), usize::MAX - 7, usize::MAX] {
        ensure!(
            user::copy_from_user(address, &mut bytes),
            fault(address, 0, Access::Read)
        );
        ensure!(
            user::copy_to_user(address, &bytes),
            fault(address, 0, Access::Write)
        );
    }
    drop(table);
    paging::deactivate();
    Ok(())
}

#[cfg(target_os = "none")]
fn write_xor_execute() -> Outcome {
    ensure!(arch::writable_and_executable(), None);
    Ok(())
}

#[cfg(target_os = "none")]
fn guards() -> Outcome {
    let stack = arch::Stack::new().map_err(|_| "out of memory")?;
    ensure!(arch::bare::kernel_map::is_mapped(stack.bottom()));
    ensure!(arch::bare::kernel_map::is_mapped(stack.top() - 1));
    ensure!(!arch::bare::kernel_map::is_mapped(stack.bottom() - 1));
    ensure!(!arch::bare::kernel_map::is_mapped(stack.top()));
    Ok(())
}
