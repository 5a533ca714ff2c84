//! Ring 2: terminals and pseudo-terminals, under many interleavings of readers, writers and typists.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base::thread::{self, Thread};
use base::{Error, Result};
use core::time::Duration;
use device::CharacterOpen;
use mem::transfer::{Sink, Source};
use object::{File, Ready, StatusFlags};
use testkit::bare::kernel;
use tty::settings::{Control, LocalFlags};
use tty::{
    Caller, GroupId, MasterFile, ProcessGroups, SessionId, Terminal, TerminalEvent, TerminalFile,
    When, WindowSize,
};

/// A process table with one caller, whose circumstances a test sets.
#[derive(Default)]
struct Groups {
    caller: Mutex<Option<Caller>>,
    sent: Mutex<Vec<(GroupId, TerminalEvent)>>,
    to_leaders: Mutex<Vec<(SessionId, TerminalEvent)>>,
    terminal: Mutex<Option<Arc<Terminal>>>,
    ignores: AtomicBool,
    orphaned: AtomicBool,
}

impl ProcessGroups for Groups {
    fn caller(&self) -> Option<Caller> {
        *self.caller.lock().unwrap()
    }
    fn caller_ignores(&self, _event: TerminalEvent) -> bool {
        self.ignores.load(Ordering::Relaxed)
    }
    fn signal_group(&self, group: GroupId, event: TerminalEvent) {
        self.sent.lock().unwrap().push((group, event));
    }
    fn signal_leader(&self, session: SessionId, event: TerminalEvent) {
        self.to_leaders.lock().unwrap().push((session, event));
    }
    fn is_orphaned(&self, _group: GroupId) -> bool {
        self.orphaned.load(Ordering::Relaxed)
    }
    fn session_of_group(&self, group: GroupId) -> Option<SessionId> {
        (group < 100).then_some(1)
    }
    fn terminal_of_session(&self, _session: SessionId) -> Option<Arc<Terminal>> {
        self.terminal.lock().unwrap().clone()
    }
    fn set_terminal_of_session(&self, _session: SessionId, terminal: Option<Arc<Terminal>>) {
        *self.terminal.lock().unwrap() = terminal;
    }
}

/// Installs the process table; the caller leads session 1 from group 10.
fn groups() -> Arc<Groups> {
    let groups = Arc::new(Groups::default());
    *groups.caller.lock().unwrap() = Some(Caller {
        group: 10,
        session: 1,
        leads_session: true,
    });
    tty::set_process_groups(groups.clone());
    groups
}

fn pair() -> (Arc<MasterFile>, Arc<TerminalFile>) {
    let master = MasterFile::open(StatusFlags::empty()).unwrap();
    master.set_locked(false);
    let slave = master.open_slave(CharacterOpen::read_write()).unwrap();
    (master, slave)
}

fn read(file: &dyn File, most: usize) -> Result<Vec<u8>> {
    let mut buffer = vec![0; most];
    let count = file.read(&mut Sink::kernel(&mut buffer))?;
    buffer.truncate(count);
    Ok(buffer)
}

fn write(file: &dyn File, bytes: &[u8]) -> Result<usize> {
    file.write(&mut Source::kernel(bytes))
}

/// Reads until `count` bytes came.
fn read_all(file: &dyn File, count: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < count {
        let some = read(file, 100).unwrap();
        assert!(!some.is_empty(), "the end came after {} bytes", all.len());
        all.extend(some);
    }
    all
}

fn spawn(body: impl FnOnce() + Send + 'static) -> Arc<Thread> {
    thread::spawn("test", body).unwrap()
}

fn change(file: &TerminalFile, change: impl FnOnce(&mut tty::Settings)) {
    let mut settings = file.terminal().settings();
    change(&mut settings);
    file.set_settings(settings, When::Now).unwrap();
}

fn make_raw(file: &TerminalFile, minimum: u8, time: u8) {
    change(file, |settings| {
        settings.input = tty::settings::InputFlags::empty();
        settings.output = tty::settings::OutputFlags::empty();
        settings.local = LocalFlags::empty();
        settings.characters[Control::Minimum as usize] = minimum;
        settings.characters[Control::Time as usize] = time;
    });
}

#[test]
fn a_pair_carries_bytes_both_ways() {
    kernel(|| {
        let (master, slave) = pair();
        assert_eq!(write(&*master, b"hello\n"), Ok(6));
        assert_eq!(read(&*slave, 100), Ok(b"hello\n".to_vec()));
        assert_eq!(write(&*slave, b"out\n"), Ok(4));
        assert_eq!(read_all(&*master, 12), b"hello\r\nout\r\n");
    });
}

#[test]
fn a_reader_sleeps_until_the_line_ends() {
    kernel(|| {
        let (master, slave) = pair();
        let reader = spawn(move || assert_eq!(read(&*slave, 100), Ok(b"one\n".to_vec())));
        for byte in b"oxX\x7f\x7fne\n" {
            assert_eq!(write(&*master, &[*byte]), Ok(1));
            thread::yield_now();
        }
        reader.join();
    });
}

#[test]
fn two_readers_share_the_lines() {
    kernel(|| {
        let (master, slave) = pair();
        let seen = Arc::new(AtomicUsize::new(0));
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let (slave, seen) = (slave.clone(), seen.clone());
                spawn(move || {
                    for _ in 0..5 {
                        let line = read(&*slave, 100).unwrap();
                        assert_eq!(line.last(), Some(&b'\n'));
                        seen.fetch_add(line.len(), Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for number in 0..10 {
            assert_eq!(
                write(&*master, format!("line {number}\n").as_bytes()),
                Ok(7)
            );
        }
        readers.iter().for_each(|reader| reader.join());
        assert_eq!(seen.load(Ordering::Relaxed), 70);
    });
}

#[test]
fn output_waits_for_a_slow_master_and_is_whole() {
    kernel(|| {
        let (master, slave) = pair();
        make_raw(&slave, 1, 0);
        let text: Vec<u8> = (0..20_000u32).map(|number| (number >> 3) as u8).collect();
        let expected = text.clone();
        let writer = spawn(move || {
            assert_eq!(write(&*slave, &text), Ok(text.len()));
            slave.drain().unwrap();
        });
        assert_eq!(read_all(&*master, expected.len()), expected);
        writer.join();
    });
}

#[test]
fn input_waits_for_a_slow_reader_and_is_whole() {
    kernel(|| {
        let (master, slave) = pair();
        make_raw(&slave, 1, 0);
        let text: Vec<u8> = (0..20_000u32).map(|number| (number >> 4) as u8).collect();
        let expected = text.clone();
        // The master stays open: closing it hangs up, and drops what nobody has read.
        let hand = master.clone();
        let typist = spawn(move || assert_eq!(write(&*hand, &text), Ok(text.len())));
        assert_eq!(read_all(&*slave, expected.len()), expected);
        typist.join();
    });
}

#[test]
fn writes_stay_in_one_piece() {
    kernel(|| {
        let (master, slave) = pair();
        make_raw(&slave, 1, 0);
        let writers: Vec<_> = (0..3u8)
            .map(|number| {
                let slave = slave.clone();
                spawn(move || assert_eq!(write(&*slave, &[number; 3000]), Ok(3000)))
            })
            .collect();
        let all = read_all(&*master, 9000);
        writers.iter().for_each(|writer| writer.join());
        assert!(
            all.chunks(3000)
                .all(|piece| piece.iter().all(|byte| *byte == piece[0]))
        );
    });
}

#[test]
fn an_interrupted_writer_says_how_much_went() {
    kernel(|| {
        let (master, slave) = pair();
        make_raw(&slave, 1, 0);
        let written = Arc::new(AtomicUsize::new(0));
        let writer = {
            let (slave, written) = (slave.clone(), written.clone());
            spawn(move || {
                written.store(write(&*slave, &[b'x'; 50_000]).unwrap(), Ordering::Relaxed);
            })
        };
        while slave.terminal().output_pending() < 4000 {
            thread::yield_now();
        }
        writer.interrupt();
        writer.join();
        let written = written.load(Ordering::Relaxed);
        assert!(written > 0 && written < 50_000);
        assert_eq!(read_all(&*master, written).len(), written);
        assert!(
            !slave.poll(Ready::WRITE, None).is_empty(),
            "the next writer has its turn"
        );
    });
}

#[test]
fn closing_the_master_hangs_up() {
    kernel(|| {
        let groups = groups();
        let (master, slave) = pair();
        slave.terminal().make_controlling(false).unwrap();
        let reader = {
            let slave = slave.clone();
            spawn(move || assert_eq!(read(&*slave, 10), Ok(vec![])))
        };
        thread::yield_now();
        drop(master);
        reader.join();
        assert_eq!(write(&*slave, b"x"), Err(Error::InputOutput));
        assert!(
            slave
                .poll(Ready::READ, None)
                .contains(Ready::HANG_UP | Ready::READ)
        );
        assert!(slave.terminal().session().is_none());
        assert!(groups.terminal.lock().unwrap().is_none());
        let leaders = groups.to_leaders.lock().unwrap().clone();
        assert_eq!(
            leaders,
            [(1, TerminalEvent::HangUp), (1, TerminalEvent::Continue)]
        );
        assert_eq!(*groups.sent.lock().unwrap(), [(10, TerminalEvent::HangUp)]);
    });
}

#[test]
fn a_master_without_slaves_reads_the_rest_and_then_an_error() {
    kernel(|| {
        let (master, slave) = pair();
        assert_eq!(write(&*slave, b"last words"), Ok(10));
        drop(slave);
        assert_eq!(read(&*master, 100), Ok(b"last words".to_vec()));
        assert_eq!(read(&*master, 100), Err(Error::InputOutput));
        assert!(master.poll(Ready::READ, None).contains(Ready::HANG_UP));
        let again = master.open_slave(CharacterOpen::read_write()).unwrap();
        assert!(!master.poll(Ready::READ, None).contains(Ready::HANG_UP));
        assert_eq!(write(&*again, b"x"), Ok(1));
        assert_eq!(read(&*master, 100), Ok(b"x".to_vec()));
    });
}

#[test]
fn a_master_whose_slave_closes_wakes_up() {
    kernel(|| {
        let (master, slave) = pair();
        let reader = spawn(move || assert_eq!(read(&*master, 10), Err(Error::InputOutput)));
        thread::yield_now();
        drop(slave);
        reader.join();
    });
}

#[test]
fn pairs_come_and_go_with_their_numbers() {
    kernel(|| {
        let first = MasterFile::open(StatusFlags::empty()).unwrap();
        let second = MasterFile::open(StatusFlags::empty()).unwrap();
        assert_eq!((first.index(), second.index()), (0, 1));
        assert!(matches!(
            first.open_slave(CharacterOpen::read_write()),
            Err(Error::InputOutput)
        ));
        drop(first);
        let third = MasterFile::open(StatusFlags::empty()).unwrap();
        assert_eq!(third.index(), 0);
    });
}

#[test]
fn raw_reads_wait_for_minimum_and_timer() {
    kernel(|| {
        let (master, slave) = pair();
        make_raw(&slave, 0, 0);
        assert_eq!(read(&*slave, 10), Ok(vec![]));
        make_raw(&slave, 0, 2);
        let before = base::time::now();
        assert_eq!(read(&*slave, 10), Ok(vec![]));
        assert!(base::time::now().since(before) >= Duration::from_millis(200));
        make_raw(&slave, 3, 0);
        let reader = {
            let slave = slave.clone();
            spawn(move || assert_eq!(read(&*slave, 10).unwrap().len(), 3))
        };
        for byte in b"abc" {
            assert_eq!(write(&*master, &[*byte]), Ok(1));
            thread::yield_now();
        }
        reader.join();
        make_raw(&slave, 5, 1);
        assert_eq!(write(&*master, b"xy"), Ok(2));
        assert_eq!(
            read(&*slave, 10),
            Ok(b"xy".to_vec()),
            "the timer ends it after a byte"
        );
    });
}

#[test]
fn nothing_waits_that_must_not() {
    kernel(|| {
        let (master, slave) = pair();
        slave.set_status_flags(StatusFlags::NONBLOCK).unwrap();
        master.set_status_flags(StatusFlags::NONBLOCK).unwrap();
        assert_eq!(read(&*slave, 10), Err(Error::WouldBlock));
        assert_eq!(read(&*master, 10), Err(Error::WouldBlock));
        make_raw(&slave, 1, 0);
        let taken = write(&*slave, &[0; 50_000]).unwrap();
        assert!(taken < 50_000);
        assert_eq!(write(&*slave, b"x"), Err(Error::WouldBlock));
        assert!(!slave.poll(Ready::WRITE, None).contains(Ready::WRITE));
        assert_eq!(read_all(&*master, taken).len(), taken);
        assert!(slave.poll(Ready::WRITE, None).contains(Ready::WRITE));
        assert!(slave.set_status_flags(StatusFlags::DIRECT).is_err());
    });
}

#[test]
fn event_characters_reach_the_foreground() {
    kernel(|| {
        let groups = groups();
        let (master, slave) = pair();
        slave.terminal().make_controlling(false).unwrap();
        assert_eq!(slave.foreground_group(), Ok(Some(10)));
        assert_eq!(slave.set_foreground_group(111), Err(Error::NoSuchProcess));
        *groups.caller.lock().unwrap() = None;
        write(&*master, b"abc\x03").unwrap();
        write(&*master, b"\x1a\x1c").unwrap();
        let sent = groups.sent.lock().unwrap().clone();
        let events = [
            TerminalEvent::Interrupt,
            TerminalEvent::Suspend,
            TerminalEvent::Quit,
        ];
        assert_eq!(sent, events.map(|event| (10, event)));
        assert_eq!(slave.terminal().input_available(), 0);
        slave.terminal().set_window_size(WindowSize {
            rows: 24,
            columns: 80,
            ..Default::default()
        });
        slave.terminal().set_window_size(WindowSize {
            rows: 24,
            columns: 80,
            ..Default::default()
        });
        assert_eq!(
            groups.sent.lock().unwrap()[3..],
            [(10, TerminalEvent::WindowChange)]
        );
    });
}

#[test]
fn the_background_is_kept_away() {
    kernel(|| {
        let groups = groups();
        let (master, slave) = pair();
        slave.terminal().make_controlling(false).unwrap();
        slave.set_foreground_group(20).unwrap();
        write(&*master, b"typed\n").unwrap();
        // The caller's group is 10, in the background now.
        assert_eq!(read(&*slave, 10), Err(Error::Interrupted));
        assert_eq!(
            *groups.sent.lock().unwrap(),
            [(10, TerminalEvent::TerminalInput)]
        );
        groups.ignores.store(true, Ordering::Relaxed);
        assert_eq!(read(&*slave, 10), Err(Error::InputOutput));
        groups.ignores.store(false, Ordering::Relaxed);
        groups.orphaned.store(true, Ordering::Relaxed);
        assert_eq!(read(&*slave, 10), Err(Error::InputOutput));
        groups.orphaned.store(false, Ordering::Relaxed);
        // Writing is free until TOSTOP; changing the terminal is not.
        assert_eq!(write(&*slave, b"x"), Ok(1));
        let mut settings = slave.terminal().settings();
        settings.local |= LocalFlags::TOSTOP;
        assert_eq!(
            slave.set_settings(settings, When::Now),
            Err(Error::Interrupted)
        );
        groups.ignores.store(true, Ordering::Relaxed);
        slave.set_settings(settings, When::Now).unwrap();
        groups.ignores.store(false, Ordering::Relaxed);
        assert_eq!(write(&*slave, b"x"), Err(Error::Interrupted));
        let last = *groups.sent.lock().unwrap().last().unwrap();
        assert_eq!(last, (10, TerminalEvent::TerminalOutput));
        // The line is still there for the foreground.
        groups.caller.lock().unwrap().as_mut().unwrap().group = 20;
        assert_eq!(read(&*slave, 10), Ok(b"typed\n".to_vec()));
    });
}

#[test]
fn a_session_takes_one_terminal_and_gives_it_up() {
    kernel(|| {
        let groups = groups();
        let (_first_master, first) = pair();
        let (_second_master, second) = pair();
        // A leader's open took the first, and only that.
        assert_eq!(first.terminal().session(), Some(1));
        assert_eq!(second.terminal().session(), None);
        assert_eq!(second.session(), Err(Error::NotTerminal));
        assert_eq!(
            second.terminal().make_controlling(false),
            Err(Error::NotPermitted)
        );
        first.terminal().leave().unwrap();
        assert!(groups.terminal.lock().unwrap().is_none());
        second.terminal().make_controlling(false).unwrap();
        second.terminal().session_ended(1);
        assert!(second.is_hung_up());
        assert_eq!(read(&*second, 10), Ok(vec![]));
        // Opened anew it works.
        let again = TerminalFile::open(second.terminal(), CharacterOpen::read_write()).unwrap();
        assert!(!again.is_hung_up());
    });
}
