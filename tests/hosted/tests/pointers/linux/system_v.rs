//! Recipes for System V's communication. The first object of each kind has the identifier 0.

use hal::hosted::User;
use testkit::Linux;
use testkit::pointers::Give::{Out, Unread};
use testkit::pointers::{Recipe, recipe, words, zeros};

use super::{EINVAL, RANGE, n};

const KEY: usize = 77;
const IPC_CREAT: usize = 0o1000;
const IPC_NOWAIT: usize = 0o4000;
const MSG_NOERROR: usize = 0o10000;

pub fn all() -> Vec<Recipe> {
    // Whose it is, and from the twelfth word on the most bytes.
    let mut queue = [0; 15];
    queue[11] = 16_384;
    let segment =
        |command: usize, give| recipe("shmctl", [n(0), n(command), give]).after(make_segment);
    let set =
        |command: usize, give| recipe("semctl", [n(0), n(0), n(command), give]).after(make_set);
    let queue_of =
        |command: usize, give| recipe("msgctl", [n(0), n(command), give]).after(make_queue);
    vec![
        recipe("shmget", [n(KEY), n(4096), n(IPC_CREAT | 0o600)]),
        recipe("shmat", [n(0), Unread(0, RANGE), n(0)]).after(make_segment),
        recipe("shmdt", [Unread(1 << 30, RANGE)]).fails(EINVAL, "nothing is attached there"),
        segment(1, zeros(112)),
        segment(2, Out(112)),
        segment(3, Out(72)),
        segment(13, Out(112)),
        segment(14, Out(48)),
        recipe("semop", [n(0), zeros(6), n(1)]).after(make_set),
        recipe(
            "semtimedop",
            [n(0), zeros(6), n(1), words(&[0, 0]).or_null()],
        )
        .after(make_set),
        set(1, zeros(88)),
        set(2, Out(88)),
        set(3, Out(40)),
        set(13, Out(2)),
        set(17, zeros(2)),
        set(18, Out(88)),
        recipe("msgsnd", [n(0), words(&[1, 2]), n(8), n(0)]).after(make_queue),
        recipe("msgrcv", [n(0), Out(16), n(8), n(0), n(0)]).after(send_message),
        queue_of(1, words(&queue)),
        queue_of(2, Out(120)),
        queue_of(3, Out(32)),
        queue_of(11, Out(120)),
    ]
}

fn make_segment(user: &mut User) {
    let made = Linux::new(user).call(194, &[KEY, 4096, IPC_CREAT | 0o600]);
    assert_eq!(made, Ok(0));
}

fn make_set(user: &mut User) {
    let made = Linux::new(user).call(190, &[KEY, 1, IPC_CREAT | 0o600]);
    assert_eq!(made, Ok(0));
}

/// A queue with nothing in it.
fn make_queue(user: &mut User) {
    let mut linux = Linux::new(user);
    assert_eq!(linux.call(186, &[KEY, IPC_CREAT | 0o600]), Ok(0));
    linux.scoped(|linux| {
        let place = linux.user.allocate(64);
        let flags = IPC_NOWAIT | MSG_NOERROR;
        while linux.call(188, &[0, place, 8, 0, flags]).is_ok() {}
    });
}

fn send_message(user: &mut User) {
    make_queue(user);
    Linux::new(user).scoped(|linux| {
        let message = testkit::memory::push_words(linux.user, &[1, 2]);
        linux.call(189, &[0, message, 8, 0]).unwrap();
    });
}
