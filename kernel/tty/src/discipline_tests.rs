//! The line discipline, byte by byte: what is read, what is shown, what is raised.

use crate::discipline::{Discipline, Effects, OUTPUT_LIMIT};
use crate::input::INPUT_LIMIT;
use crate::settings::{Control, InputFlags, LocalFlags, OutputFlags, Settings};

/// A line with `change` applied to Linux's standard settings.
fn line(change: impl FnOnce(&mut Settings)) -> Discipline {
    let mut settings = Settings::new();
    change(&mut settings);
    Discipline::new(settings)
}

fn raw() -> Discipline {
    line(|settings| {
        settings.input = InputFlags::empty();
        settings.output = OutputFlags::empty();
        settings.local = LocalFlags::empty();
    })
}

fn shown(line: &mut Discipline) -> Vec<u8> {
    let mut all = Vec::new();
    while !line.output_front().is_empty() {
        let front = line.output_front().to_vec();
        line.output_sent(front.len());
        all.extend(front);
    }
    all
}

fn typed(line: &mut Discipline, bytes: &[u8]) -> Effects {
    let (mut done, mut all) = (0, Effects::empty());
    while done < bytes.len() {
        let (taken, effects) = line.receive(&bytes[done..]);
        assert!(taken > 0);
        (done, all) = (done + taken, all | effects);
    }
    all
}

fn read(line: &mut Discipline) -> Vec<u8> {
    line.read(usize::MAX).bytes
}

#[test]
fn a_line_is_read_when_it_ends() {
    let mut line = line(|_| ());
    assert!(!typed(&mut line, b"hello").contains(Effects::READABLE));
    assert!(!line.is_readable(1));
    assert!(typed(&mut line, b"\r").contains(Effects::READABLE));
    assert_eq!(line.readable(), 6);
    assert_eq!(read(&mut line), b"hello\n");
    assert_eq!(shown(&mut line), b"hello\r\n");
}

#[test]
fn carriage_return_flags() {
    let mut ignoring = line(|settings| settings.input |= InputFlags::IGNCR);
    typed(&mut ignoring, b"a\rb\n");
    assert_eq!(read(&mut ignoring), b"ab\n");
    let mut swapping = line(|settings| settings.input |= InputFlags::INLCR);
    typed(&mut swapping, b"a\nb\r");
    assert_eq!(read(&mut swapping), b"a\rb\n");
}

#[test]
fn erase_wipes_what_it_erases() {
    let mut line = line(|_| ());
    typed(&mut line, b"ab\x7f");
    assert_eq!(shown(&mut line), b"ab\x08 \x08");
    typed(&mut line, b"\x7f\x7f\x7fc\n");
    assert_eq!(read(&mut line), b"c\n");
    assert_eq!(shown(&mut line), b"\x08 \x08c\r\n");
}

#[test]
fn erase_takes_control_characters_whole() {
    let mut line = line(|_| ());
    typed(&mut line, b"\x01\x7f\n");
    assert_eq!(shown(&mut line), b"^A\x08 \x08\x08 \x08\r\n");
    assert_eq!(read(&mut line), b"\n");
}

#[test]
fn erase_takes_a_tab_back_to_where_it_began() {
    let mut line = line(|_| ());
    line.write(b"$ ");
    typed(&mut line, b"abc\t");
    shown(&mut line);
    // Column 5 to the stop at 8.
    typed(&mut line, b"\x7f");
    assert_eq!(shown(&mut line), b"\x08\x08\x08");
    typed(&mut line, b"\x01\t\x7f");
    assert_eq!(shown(&mut line), b"^A\t\x08");
}

#[test]
fn erase_takes_utf8_characters_whole_when_told_so() {
    let mut wise = line(|settings| settings.input |= InputFlags::IUTF8);
    typed(&mut wise, "a€\u{7f}\n".as_bytes());
    assert_eq!(read(&mut wise), b"a\n");
    assert_eq!(shown(&mut wise), "a€\u{8} \u{8}\r\n".as_bytes());
    let mut plain = line(|_| ());
    typed(&mut plain, "a€\u{7f}\n".as_bytes());
    assert_eq!(read(&mut plain), b"a\xe2\x82\n");
}

#[test]
fn word_erase_takes_separators_then_the_word() {
    let mut line = line(|_| ());
    typed(&mut line, b"one two  \x17\n");
    assert_eq!(read(&mut line), b"one \n");
    typed(&mut line, b"a.b_c-\x17\n");
    assert_eq!(read(&mut line), b"a.\n");
}

#[test]
fn kill_in_its_three_ways() {
    let mut wiping = line(|_| ());
    typed(&mut wiping, b"ab\x15c\n");
    assert_eq!(shown(&mut wiping), b"ab\x08 \x08\x08 \x08c\r\n");
    assert_eq!(read(&mut wiping), b"c\n");
    let mut newline = line(|settings| settings.local -= LocalFlags::ECHOKE);
    typed(&mut newline, b"ab\x15c\n");
    assert_eq!(shown(&mut newline), b"ab^U\r\nc\r\n");
    let mut silent = line(|settings| settings.local -= LocalFlags::ECHO);
    typed(&mut silent, b"ab\x15c\n");
    assert_eq!(shown(&mut silent), b"");
    assert_eq!(read(&mut silent), b"c\n");
}

#[test]
fn paper_terminals_see_what_was_erased() {
    let mut line = line(|settings| settings.local |= LocalFlags::ECHOPRT);
    typed(&mut line, b"abc\x7f\x7fd\n");
    assert_eq!(shown(&mut line), b"abc\\cb/d\r\n");
    assert_eq!(read(&mut line), b"ad\n");
}

#[test]
fn erase_without_echoe_shows_the_character() {
    let mut line = line(|settings| settings.local -= LocalFlags::ECHOE);
    typed(&mut line, b"ab\x7f\n");
    assert_eq!(shown(&mut line), b"ab^?\r\n");
}

#[test]
fn literal_next_takes_anything() {
    let mut line = line(|_| ());
    let effects = typed(&mut line, b"a\x16\x03b\x16\x7f\x16\x16\n");
    assert!(!effects.contains(Effects::INTERRUPT));
    assert_eq!(read(&mut line), b"a\x03b\x7f\x16\n");
    assert_eq!(shown(&mut line), b"a^\x08^Cb^\x08^?^\x08^V\r\n");
}

#[test]
fn reprint_shows_the_line_again() {
    let mut line = line(|_| ());
    typed(&mut line, b"ab\x12c\n");
    assert_eq!(shown(&mut line), b"ab^R\r\nabc\r\n");
    assert_eq!(read(&mut line), b"abc\n");
}

#[test]
fn end_of_file_pushes_and_ends() {
    let mut line = line(|_| ());
    typed(&mut line, b"ab\x04");
    assert!(line.is_readable(1));
    assert_eq!(read(&mut line), b"ab");
    typed(&mut line, b"\x04");
    assert!(line.is_readable(1));
    assert_eq!(line.readable(), 0);
    assert_eq!(read(&mut line), b"");
    assert!(!line.is_readable(1));
    assert_eq!(shown(&mut line), b"ab");
}

#[test]
fn further_ends_of_line() {
    let mut line = line(|settings| {
        settings.characters[Control::EndOfLine as usize] = b';';
        settings.characters[Control::EndOfLine2 as usize] = b'!';
    });
    typed(&mut line, b"a;b!c\n");
    assert_eq!(read(&mut line), b"a;");
    assert_eq!(read(&mut line), b"b!");
    assert_eq!(read(&mut line), b"c\n");
}

#[test]
fn events_flush_and_echo() {
    let mut line = line(|_| ());
    line.write(b"output that waits");
    typed(&mut line, b"half a line");
    let effects = typed(&mut line, b"\x03");
    assert!(effects.contains(Effects::INTERRUPT | Effects::FLUSHED));
    assert_eq!(shown(&mut line), b"^C");
    typed(&mut line, b"x\n");
    assert_eq!(read(&mut line), b"x\n");
    assert!(typed(&mut line, b"\x1c").contains(Effects::QUIT));
    assert!(typed(&mut line, b"\x1a").contains(Effects::SUSPEND));
}

#[test]
fn noflsh_keeps_the_queues() {
    let mut line = line(|settings| settings.local |= LocalFlags::NOFLSH);
    typed(&mut line, b"one\ntw");
    let effects = typed(&mut line, b"\x03o\n");
    assert!(!effects.contains(Effects::FLUSHED));
    assert_eq!(read(&mut line), b"one\n");
    assert_eq!(read(&mut line), b"two\n");
}

#[test]
fn without_isig_event_characters_are_text() {
    let mut line = line(|settings| settings.local -= LocalFlags::ISIG);
    assert!(!typed(&mut line, b"\x03\n").contains(Effects::INTERRUPT));
    assert_eq!(read(&mut line), b"\x03\n");
}

#[test]
fn flow_control_stops_and_starts() {
    let mut line = line(|_| ());
    typed(&mut line, b"\x13");
    line.write(b"wait");
    assert_eq!(line.output_front(), b"");
    assert_eq!(line.output_pending(), 4);
    // Other input does not start it, but is taken, and echoed in its turn.
    typed(&mut line, b"a\n");
    assert_eq!(line.output_front(), b"");
    typed(&mut line, b"\x11");
    assert_eq!(shown(&mut line), b"waita\r\n");
    assert_eq!(read(&mut line), b"a\n");
}

#[test]
fn any_character_starts_with_ixany_but_not_what_a_program_stopped() {
    let mut line = line(|settings| settings.input |= InputFlags::IXANY);
    typed(&mut line, b"\x13");
    line.write(b"x");
    typed(&mut line, b"a");
    assert_eq!(shown(&mut line), b"xa");
    line.set_stopped(true);
    typed(&mut line, b"b\x11");
    assert_eq!(line.output_front(), b"");
    line.set_stopped(false);
    assert_eq!(shown(&mut line), b"b");
}

#[test]
fn an_interrupt_starts_stopped_output() {
    let mut line = line(|_| ());
    typed(&mut line, b"\x13\x03");
    assert_eq!(shown(&mut line), b"^C");
}

#[test]
fn turning_flow_control_off_starts_the_output() {
    let mut line = line(|_| ());
    typed(&mut line, b"\x13");
    line.write(b"x");
    let mut settings = *line.settings();
    settings.input -= InputFlags::IXON;
    assert!(line.set_settings(settings).contains(Effects::OUTPUT));
    assert_eq!(shown(&mut line), b"x");
}

#[test]
fn raw_bytes_are_read_as_they_come() {
    let mut line = raw();
    assert!(typed(&mut line, b"\x03\r\n\x7f\x00").contains(Effects::READABLE));
    assert!(line.is_readable(5) && !line.is_readable(6));
    assert_eq!(read(&mut line), b"\x03\r\n\x7f\x00");
    assert_eq!(shown(&mut line), b"");
}

#[test]
fn changing_the_mode_keeps_what_was_typed() {
    let mut line = line(|_| ());
    typed(&mut line, b"one\ntw");
    let canonical = *line.settings();
    let mut raw = canonical;
    raw.local -= LocalFlags::ICANON;
    assert!(line.set_settings(raw).contains(Effects::READABLE));
    assert_eq!(line.readable(), 6);
    line.set_settings(canonical);
    assert_eq!(read(&mut line), b"one\ntw");
}

#[test]
fn a_newline_is_echoed_alone_with_echonl() {
    let mut line = line(|settings| {
        settings.local -= LocalFlags::ECHO;
        settings.local |= LocalFlags::ECHONL;
    });
    typed(&mut line, b"secret\n");
    assert_eq!(shown(&mut line), b"\r\n");
    assert_eq!(read(&mut line), b"secret\n");
}

#[test]
fn a_line_too_long_can_still_be_ended_and_edited() {
    let mut line = line(|settings| settings.input |= InputFlags::IMAXBEL);
    typed(&mut line, &[b'x'; INPUT_LIMIT + 100]);
    assert!(shown(&mut line).ends_with(b"\x07"));
    typed(&mut line, b"\x7f\n");
    assert_eq!(read(&mut line).len(), INPUT_LIMIT - 1);
}

#[test]
fn full_lines_are_not_lost_but_refused() {
    let mut line = line(|settings| settings.local -= LocalFlags::ECHO);
    let text: Vec<u8> = (0..1000)
        .flat_map(|number| format!("line {number}\n").into_bytes())
        .collect();
    let (mut given, mut got) = (0, Vec::new());
    while got.len() < text.len() {
        given += line.receive(&text[given..]).0;
        got.extend(read(&mut line));
    }
    assert_eq!(got, text);
}

#[test]
fn events_and_flow_control_reach_a_line_whose_reader_is_stuck() {
    let mut line = raw();
    let mut settings = *line.settings();
    settings.local |= LocalFlags::ISIG | LocalFlags::NOFLSH;
    settings.input |= InputFlags::IXON;
    line.set_settings(settings);
    assert_eq!(line.receive(&[b'x'; 5000]).0, INPUT_LIMIT - 1);
    assert_eq!(line.receive(b"x").0, 0);
    let (taken, effects) = line.receive(b"\x03");
    assert!(taken == 1 && effects.contains(Effects::INTERRUPT));
    assert_eq!(line.receive(b"\x13").0, 1);
    assert!(line.is_stopped());
}

#[test]
fn output_is_bounded_and_never_cut() {
    let mut line = line(|_| ());
    let text = [b'\n'; 3 * OUTPUT_LIMIT];
    let (mut given, mut sent) = (0, 0);
    while given < text.len() {
        let taken = line.write(&text[given..]);
        assert!(taken > 0 && line.output_pending() <= OUTPUT_LIMIT);
        given += taken;
        let out = shown(&mut line);
        assert!(out.chunks(2).all(|pair| pair == b"\r\n"));
        sent += out.len();
    }
    assert_eq!(sent, 2 * text.len());
}

/// Whatever is typed under whatever settings: nothing grows without bound, nothing panics, and in
/// raw mode without processing every byte comes out as it went in.
#[test]
fn random_input_under_random_settings() {
    let mut random = 0x1234_5678_9abc_def0u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for _ in 0..300 {
        let mut line = line(|settings| {
            settings.input = InputFlags::from_bits_retain(next() as u32);
            settings.output = OutputFlags::from_bits_retain(next() as u32);
            settings.local = LocalFlags::from_bits_retain(next() as u32);
            if next() % 4 == 0 {
                settings
                    .characters
                    .iter_mut()
                    .for_each(|byte| *byte = next() as u8);
            }
        });
        for _ in 0..200 {
            let bytes: Vec<u8> = (0..next() % 64)
                .map(|_| {
                    if next() % 2 == 0 {
                        next() as u8 & 0x1f
                    } else {
                        next() as u8
                    }
                })
                .collect();
            line.receive(&bytes);
            line.write(&bytes);
            if next() % 3 == 0 {
                line.read((next() % 100) as usize);
            }
            if next() % 3 == 0 {
                let count = line.output_front().len();
                line.output_sent(count);
            }
            if next() % 50 == 0 {
                let mut settings = *line.settings();
                settings.local ^= LocalFlags::ICANON;
                line.set_settings(settings);
            }
            assert!(line.output_pending() <= 2 * OUTPUT_LIMIT);
            assert!(line.input.len() <= INPUT_LIMIT);
            assert!(line.readable() <= line.input.len());
        }
    }
}

#[test]
fn raw_mode_is_transparent() {
    let mut line = raw();
    let text: Vec<u8> = (0..20_000u32)
        .map(|number| ((number * 7919) >> 3) as u8)
        .collect();
    let (mut given, mut got) = (0, Vec::new());
    while got.len() < text.len() {
        given += line.receive(&text[given..]).0;
        got.extend(line.read(777).bytes);
    }
    assert_eq!(got, text);
    assert_eq!(shown(&mut line), b"");
}
