//! Recipes for sockets. What a recipe needs is at [`FREE`] and behind it.

use super::{EINVAL, n};
use crate::FREE;
use hal::hosted::User;
use testkit::Linux;
use testkit::memory::push;
use testkit::pointers::Give::{Both, In, Number, Out, OutSome, Words};
use testkit::pointers::{Give, Recipe, recipe};

const SOCKET: usize = 198;
const SOCKETPAIR: usize = 199;
const BIND: usize = 200;
const LISTEN: usize = 201;
const CONNECT: usize = 203;
const SENDTO: usize = 206;
const STREAM: usize = 1;
const DATAGRAM: usize = 2;
const NONBLOCK: usize = 0o4000;
const DONTWAIT: usize = 0x40;
const ENOTCONN: usize = 107;
const NO_LENGTH: &str = "the length that was read is no length, so the address is not looked at";

/// `struct sockaddr_un` of an abstract name.
const NAME: &[u8] = b"\x01\x00\x00bound";

fn name() -> Give {
    In(NAME.to_vec())
}

/// Room for an address of two bytes: just the family of one without a name.
fn room(bytes: u8) -> Give {
    Both(vec![bytes, 0, 0, 0])
}

/// `struct msghdr` over one piece.
fn message(piece: Give, length: usize, control: Give, control_length: usize) -> Give {
    Words(vec![
        Number(0),
        Number(0),
        Words(vec![piece, Number(length)]),
        Number(1),
        control.or_null(),
        Number(control_length),
        Number(0),
    ])
}

/// A control message with nothing in it: a descriptor list of length zero.
fn control() -> Give {
    In([16usize.to_le_bytes(), 0x1_0000_0001usize.to_le_bytes()].concat())
}

pub(super) fn all() -> Vec<Recipe> {
    let bytes = || In(b"bytes".to_vec());
    vec![
        recipe("bind", [n(FREE), name(), n(NAME.len())]).after(unbound),
        recipe("connect", [n(FREE), name(), n(NAME.len())]).after(reachable),
        recipe("accept", [n(FREE), Out(2).or_null(), room(2)])
            .after(waiting)
            .or(EINVAL, NO_LENGTH),
        recipe("accept4", [n(FREE), Out(2).or_null(), room(2), n(0)])
            .after(waiting)
            .or(EINVAL, NO_LENGTH),
        recipe("getsockname", [n(FREE), Out(2), room(2)])
            .after(pair)
            .or(EINVAL, NO_LENGTH),
        recipe("getpeername", [n(FREE), Out(2), room(2)])
            .after(pair)
            .or(EINVAL, NO_LENGTH),
        recipe(
            "sendto",
            [n(FREE), bytes(), n(5), n(DONTWAIT), name(), n(NAME.len())],
        )
        .after(addressed)
        .or(
            ENOTCONN,
            "a null pointer is no address, and there is no connection",
        ),
        recipe(
            "recvfrom",
            [
                n(FREE),
                OutSome(5),
                n(5),
                n(DONTWAIT),
                Out(8).or_null(),
                room(8),
            ],
        )
        .after(sent)
        .partial(),
        recipe(
            "setsockopt",
            [n(FREE), n(1), n(2), In(vec![1, 0, 0, 0]), n(4)],
        )
        .after(pair),
        recipe("getsockopt", [n(FREE), n(1), n(3), Out(4), room(4)])
            .after(pair)
            .or(EINVAL, NO_LENGTH),
        recipe(
            "sendmsg",
            [n(FREE), message(bytes(), 5, control(), 16), n(DONTWAIT)],
        )
        .after(pair)
        .partial(),
        recipe("recvmsg", [n(FREE), received(), n(DONTWAIT)])
            .after(filled)
            .partial(),
        recipe("sendmmsg", [n(FREE), many(bytes()), n(1), n(DONTWAIT)])
            .after(pair)
            .partial(),
        recipe(
            "recvmmsg",
            [
                n(FREE),
                many(OutSome(5)),
                n(1),
                n(DONTWAIT),
                testkit::pointers::words(&[1, 0]).or_null(),
            ],
        )
        .after(filled)
        .partial(),
    ]
}

fn received() -> Give {
    message(OutSome(5), 5, Number(0), 0)
}

/// `struct mmsghdr`: a message and a word for how much of it went.
fn many(piece: Give) -> Give {
    match message(piece, 5, Number(0), 0) {
        Words(mut words) => {
            words.push(Number(0));
            Words(words)
        }
        other => other,
    }
}

fn clear(linux: &mut Linux<'_>) {
    for descriptor in FREE..FREE + 4 {
        let _ = linux.close(descriptor);
    }
}

fn on_name(linux: &mut Linux<'_>, call: usize, descriptor: usize) {
    linux.scoped(|linux| {
        let address = push(linux.user, NAME);
        linux
            .call(call, &[descriptor, address, NAME.len()])
            .unwrap();
    });
}

fn unbound(user: &mut User) {
    let mut linux = Linux::new(user);
    clear(&mut linux);
    linux.call(SOCKET, &[1, STREAM, 0]).unwrap();
}

fn pair(user: &mut User) {
    let mut linux = Linux::new(user);
    clear(&mut linux);
    linux.scoped(|linux| {
        let place = linux.user.allocate(8);
        linux.call(SOCKETPAIR, &[1, STREAM, 0, place]).unwrap();
    });
}

fn filled(user: &mut User) {
    pair(user);
    let mut linux = Linux::new(user);
    linux.write(FREE + 1, b"bytes").unwrap();
}

/// A socket at [`FREE`], and one that listens behind it.
fn reachable(user: &mut User) {
    unbound(user);
    let mut linux = Linux::new(user);
    linux.call(SOCKET, &[1, STREAM, 0]).unwrap();
    on_name(&mut linux, BIND, FREE + 1);
    linux.call(LISTEN, &[FREE + 1, 4]).unwrap();
}

/// A socket at [`FREE`] that listens, and one that is connected to it and waits.
fn waiting(user: &mut User) {
    let mut linux = Linux::new(user);
    clear(&mut linux);
    linux.call(SOCKET, &[1, STREAM | NONBLOCK, 0]).unwrap();
    on_name(&mut linux, BIND, FREE);
    linux.call(LISTEN, &[FREE, 4]).unwrap();
    linux.call(SOCKET, &[1, STREAM, 0]).unwrap();
    on_name(&mut linux, CONNECT, FREE + 1);
}

/// A socket at [`FREE`] for datagrams, and one with a name.
fn addressed(user: &mut User) {
    let mut linux = Linux::new(user);
    clear(&mut linux);
    linux.call(SOCKET, &[1, DATAGRAM, 0]).unwrap();
    linux.call(SOCKET, &[1, DATAGRAM, 0]).unwrap();
    on_name(&mut linux, BIND, FREE + 1);
}

/// A socket with a name at [`FREE`] that has sent a datagram to itself.
fn sent(user: &mut User) {
    let mut linux = Linux::new(user);
    clear(&mut linux);
    linux.call(SOCKET, &[1, DATAGRAM, 0]).unwrap();
    on_name(&mut linux, BIND, FREE);
    linux.scoped(|linux| {
        let name = push(linux.user, NAME);
        let bytes = push(linux.user, b"bytes");
        linux
            .call(SENDTO, &[FREE, bytes, 5, 0, name, NAME.len()])
            .unwrap();
    });
}
