//! Local sockets: streams, messages, listening, what travels along, and waiting under many seeds.

use super::{in_machine, start};
use crate::local::{
    Address, Ancillary, Kind, LocalSocket, PeerCredentials, ShutDown, find_abstract,
};
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Error, Result};
use mem::transfer::{Sink, Source};
use object::{File, Handle, Ready, StatusFlags};

fn owner(uid: u32) -> PeerCredentials {
    PeerCredentials {
        process: Arc::new(()),
        uid,
        gid: 0,
    }
}

fn send(socket: &LocalSocket, bytes: &[u8]) -> Result<usize> {
    socket.send(
        &mut Source::kernel(bytes),
        None,
        Ancillary::default(),
        false,
    )
}

fn receive(socket: &LocalSocket, most: usize) -> Result<Vec<u8>> {
    let mut bytes = alloc::vec![0; most];
    let received = socket.receive(&mut Sink::kernel(&mut bytes), false, false)?;
    bytes.truncate(received.count);
    Ok(bytes)
}

#[test]
fn a_stream_has_two_directions() {
    in_machine(4, 1, || {
        let (one, two) = LocalSocket::pair(Kind::Stream, StatusFlags::NONBLOCK, &owner(0));
        assert_eq!(send(&one, b"ping"), Ok(4));
        assert_eq!(send(&two, b"pong"), Ok(4));
        assert_eq!(receive(&two, 9), Ok(b"ping".to_vec()));
        assert_eq!(receive(&one, 9), Ok(b"pong".to_vec()));
        assert_eq!(one.shut_down(ShutDown::Writing), Ok(()));
        assert_eq!(receive(&two, 9), Ok(alloc::vec![]));
        assert_eq!(send(&one, b"x"), Err(Error::BrokenPipe));
        assert_eq!(send(&two, b"still"), Ok(5));
        assert_eq!(receive(&one, 9), Ok(b"still".to_vec()));
        drop(one);
        assert_eq!(send(&two, b"x"), Err(Error::BrokenPipe));
        assert!(two.poll(Ready::all(), None).contains(Ready::HANG_UP));
    });
}

#[test]
fn many_connect_while_one_accepts() {
    for seed in 0..40 {
        in_machine(seed, 2, || {
            let listener = LocalSocket::new(Kind::Stream, StatusFlags::empty());
            assert_eq!(listener.bind_abstract(Some(b"name")), Ok(()));
            assert_eq!(listener.listen(1, owner(7)), Ok(()));
            let clients: Vec<_> = (0..6u8)
                .map(|number| {
                    start(move || {
                        let socket = LocalSocket::new(Kind::Stream, StatusFlags::empty());
                        let Ok(target) = find_abstract(b"name") else {
                            panic!("nobody has the name");
                        };
                        assert_eq!(socket.connect(Some(&target), owner(0)), Ok(()));
                        assert_eq!(socket.peer_credentials().map(|peer| peer.uid), Some(7));
                        assert_eq!(send(&socket, &[number]), Ok(1));
                        assert_eq!(receive(&socket, 9), Ok(alloc::vec![number + 100]));
                    })
                })
                .collect();
            for _ in 0..6 {
                let Ok(server) = listener.accept(StatusFlags::empty()) else {
                    panic!("nothing to accept");
                };
                let Ok(bytes) = receive(&server, 1) else {
                    panic!("nothing to read");
                };
                assert_eq!(send(&server, &[bytes[0] + 100]), Ok(1));
            }
            for client in clients {
                client.join();
            }
            drop(listener);
            assert!(find_abstract(b"name").is_err());
        });
    }
}

#[test]
fn messages_keep_their_bounds_and_wait_for_room() {
    for seed in 0..40 {
        in_machine(seed, 2, || {
            let receiver = LocalSocket::new(Kind::Datagram, StatusFlags::empty());
            assert_eq!(receiver.bind_abstract(Some(b"log")), Ok(()));
            let senders: Vec<_> = (0..3u8)
                .map(|number| {
                    let receiver = receiver.clone();
                    start(move || {
                        let socket = LocalSocket::new(Kind::Datagram, StatusFlags::empty());
                        assert_eq!(socket.connect(Some(&receiver), owner(0)), Ok(()));
                        for length in 1..20 {
                            let bytes = alloc::vec![number; length];
                            assert_eq!(send(&socket, &bytes), Ok(length));
                        }
                    })
                })
                .collect();
            let mut lengths = [0; 3];
            for _ in 0..3 * 19 {
                let Ok(bytes) = receive(&receiver, 64) else {
                    panic!("nothing came");
                };
                let from = usize::from(bytes[0]);
                // One sender's messages come in order, whole.
                assert_eq!(bytes.len(), lengths[from] + 1);
                lengths[from] += 1;
            }
            for sender in senders {
                sender.join();
            }
        });
    }
}

#[test]
fn handles_travel_with_their_bytes_and_no_deeper_than_allowed() {
    in_machine(1, 1, || {
        let (one, two) = LocalSocket::pair(Kind::Stream, StatusFlags::NONBLOCK, &owner(0));
        let (reader, writer) = crate::pipe::pipe(StatusFlags::NONBLOCK);
        let along = Ancillary {
            handles: alloc::vec![Handle::from_file(writer)],
            credentials: None,
        };
        assert_eq!(send(&one, b"before"), Ok(6));
        assert_eq!(
            one.send(&mut Source::kernel(b"with"), None, along, false),
            Ok(4)
        );
        assert_eq!(send(&one, b"after"), Ok(5));
        let mut bytes = [0; 99];
        let Ok(received) = two.receive(&mut Sink::kernel(&mut bytes), false, false) else {
            panic!("nothing came");
        };
        // What was sent before comes along, what was sent after does not.
        assert_eq!((received.count, received.ancillary.handles.len()), (10, 1));
        assert_eq!(receive(&two, 99), Ok(b"after".to_vec()));
        let mut byte = [0; 1];
        let mut read = || reader.read(&mut Sink::kernel(&mut byte));
        assert_eq!(read(), Err(Error::WouldBlock));
        drop(received);
        // That was the last writer.
        assert_eq!(read(), Ok(0));
        let mut inside = one;
        let depth = (0..10)
            .take_while(|_| {
                let (outer, other) =
                    LocalSocket::pair(Kind::Datagram, StatusFlags::NONBLOCK, &owner(0));
                let along = Ancillary {
                    handles: alloc::vec![Handle::from_file(inside.clone())],
                    credentials: None,
                };
                let sent = outer.send(&mut Source::kernel(b"x"), None, along, false);
                inside = other;
                sent == Ok(1)
            })
            .count();
        assert_eq!(depth, 4);
    });
}

#[test]
fn a_socket_keeps_what_its_name_leads_to() {
    in_machine(3, 1, || {
        let socket = LocalSocket::new(Kind::Stream, StatusFlags::NONBLOCK);
        let (place, other) = (Arc::new(1), Arc::new(2));
        let bound = socket.bind_path(b"/a".to_vec(), Box::new(place.clone()));
        assert_eq!((bound, Arc::strong_count(&place)), (Ok(()), 2));
        let again = socket.bind_path(b"/b".to_vec(), Box::new(other.clone()));
        assert_eq!(
            (again, Arc::strong_count(&other)),
            (Err(Error::InvalidArgument), 1)
        );
        assert_eq!(socket.address(), Address::Path(b"/a".to_vec()));
        drop(socket);
        assert_eq!(Arc::strong_count(&place), 1);
    });
}

#[test]
fn an_address_names_one_living_socket() {
    in_machine(2, 1, || {
        let one = LocalSocket::new(Kind::Datagram, StatusFlags::NONBLOCK);
        let two = LocalSocket::new(Kind::Datagram, StatusFlags::NONBLOCK);
        assert_eq!(one.bind_abstract(Some(b"a")), Ok(()));
        assert_eq!(one.bind_abstract(Some(b"b")), Err(Error::InvalidArgument));
        assert_eq!(two.bind_abstract(Some(b"a")), Err(Error::AddressInUse));
        assert_eq!(two.bind_abstract(None), Ok(()));
        assert_eq!(two.address(), Address::Abstract(b"00000".to_vec()));
        drop(one);
        assert!(find_abstract(b"a").is_err());
    });
}
