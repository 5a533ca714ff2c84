//! Buses made of words: what a walk finds, numbers and gives addresses.

use alloc::rc::Rc;
use alloc::vec;
use core::cell::RefCell;

use super::*;

/// A function: its registers, and which bits of each can be written.
#[derive(Clone)]
struct Model {
    /// The number of the bus of the host, or of the bridge (by index) that it stands behind.
    behind: Option<usize>,
    device: u8,
    function: u8,
    words: [u32; 64],
    writable: [u32; 64],
}

impl Model {
    fn new(behind: Option<usize>, device: u8) -> Model {
        let mut model = Model {
            behind,
            device,
            function: 0,
            words: [0; 64],
            writable: [0; 64],
        };
        model.words[0] = 0x1042_1af4;
        model.writable[1] = 0xffff;
        model
    }

    /// A memory register of this size: of 64 bits, or of 32.
    fn register(mut self, index: usize, size: u32, wide: bool) -> Model {
        self.words[4 + index] = if wide { 0b1100 } else { 0 };
        self.writable[4 + index] = !(size - 1);
        if wide {
            self.writable[5 + index] = u32::MAX;
        }
        self
    }

    fn io(mut self, index: usize) -> Model {
        self.words[4 + index] = 1;
        self.writable[4 + index] = !0x7f;
        self
    }

    fn pin(mut self, pin: u32) -> Model {
        self.words[15] = pin << 8;
        self
    }

    fn bridge(mut self) -> Model {
        self.words[3] = 1 << 16;
        for word in 6..=11 {
            self.writable[word] = u32::MAX;
        }
        self
    }
}

#[derive(Clone)]
struct Machine(Rc<RefCell<Vec<Model>>>);

impl Machine {
    fn find(&self, place: DeviceFunction) -> Option<usize> {
        let models = self.0.borrow();
        let bus_of = |behind: Option<usize>| match behind {
            None => Some(0),
            Some(bridge) => match models[bridge].words[6] >> 8 & 0xff {
                0 => None,
                number => Some(number as u8),
            },
        };
        models.iter().position(|model| {
            bus_of(model.behind) == Some(place.bus)
                && (model.device, model.function) == (place.device, place.function)
        })
    }

    fn word(&self, model: usize, word: usize) -> u32 {
        self.0.borrow()[model].words[word]
    }
}

impl ConfigurationAccess for Machine {
    fn read_word(&self, place: DeviceFunction, register: u8) -> u32 {
        match self.find(place) {
            Some(model) => self.word(model, usize::from(register / 4)),
            None => u32::MAX,
        }
    }

    fn write_word(&mut self, place: DeviceFunction, register: u8, data: u32) {
        if let Some(found) = self.find(place) {
            let model = &mut self.0.borrow_mut()[found];
            let word = usize::from(register / 4);
            let mask = model.writable[word];
            model.words[word] = model.words[word] & !mask | data & mask;
        }
    }

    unsafe fn unsafe_clone(&self) -> Machine {
        self.clone()
    }
}

const WINDOW: Window = Window {
    physical: 0x9_4000_0000,
    bus: 0x4000_0000,
    length: 0x1000_0000,
};

fn walk(models: Vec<Model>, window: Window, last_bus: u8) -> (Machine, Numbered) {
    let machine = Machine(Rc::new(RefCell::new(models)));
    let found = number(machine.clone(), 0..=last_bus, window);
    (machine, found)
}

#[test]
fn registers_get_addresses_at_multiples_of_their_sizes() {
    let device = Model::new(None, 3)
        .io(0)
        .register(1, 0x1000, false)
        .register(4, 0x4000, true)
        .pin(1);
    let (machine, found) = walk(vec![device], WINDOW, 255);
    assert_eq!(found.gaps, []);
    let [function] = &found.functions[..] else {
        panic!("one function");
    };
    let bar = |physical, length| Some(Bar { physical, length });
    assert_eq!(
        function.bars,
        [
            None,
            bar(0x9_4000_0000, 0x1000),
            None,
            None,
            bar(0x9_4000_4000, 0x4000),
            None
        ]
    );
    assert_eq!(machine.word(0, 5), 0x4000_0000);
    assert_eq!(machine.word(0, 8), 0x4000_400c);
    assert_eq!(machine.word(0, 9), 0);
    // Nothing is decoded before a driver asks for it.
    assert_eq!(machine.word(0, 1), 0);
    assert_eq!(function.line, Some(Line { device: 3, pin: 1 }));
}

#[test]
fn what_stands_behind_bridges_is_numbered_and_handed_on() {
    let (machine, found) = walk(
        vec![
            Model::new(None, 1).register(0, 0x1000, false).bridge(),
            Model::new(None, 2).bridge(),
            Model::new(Some(0), 0).register(4, 0x4000, true).pin(1),
            Model::new(Some(1), 5).bridge(),
            Model::new(Some(3), 6).register(1, 0x1000, false).pin(3),
            Model::new(None, 4).register(1, 0x1000, false),
        ],
        WINDOW,
        255,
    );
    assert_eq!(found.gaps, []);
    let places: Vec<_> = found
        .functions
        .iter()
        .map(|found| (found.place.bus, found.place.device))
        .collect();
    assert_eq!(places, [(0, 4), (1, 0), (3, 6)]);
    // Primary, secondary, and the last bus behind it.
    assert_eq!(machine.word(0, 6), 0x01_01_00);
    assert_eq!(machine.word(1, 6), 0x03_02_00);
    assert_eq!(machine.word(3, 6), 0x03_03_02);
    // The first and the last MiB that goes there.
    assert_eq!(machine.word(0, 8), 0x4010_4010);
    assert_eq!(machine.word(1, 8), 0x4020_4020);
    assert_eq!(machine.word(3, 8), 0x4020_4020);
    assert_eq!(machine.word(2, 8), 0x4010_000c);
    assert_eq!(machine.word(1, 1), 0b110);
    // INTC of device 6 is INTA of the bus above (3 - 1 + 6 is a multiple of four), device 5, which is
    // INTB of the first one, device 2.
    assert_eq!(found.functions[2].line, Some(Line { device: 2, pin: 2 }));
    assert_eq!(found.functions[1].line, Some(Line { device: 1, pin: 1 }));
    assert_eq!(found.functions[0].line, None);
}

#[test]
fn a_bridge_with_nothing_behind_it_hands_on_nothing() {
    let (machine, found) = walk(vec![Model::new(None, 1).bridge()], WINDOW, 255);
    assert!(found.functions.is_empty() && found.gaps.is_empty());
    assert_eq!(machine.word(0, 8), NO_MEMORY);
}

#[test]
fn what_does_not_fit_is_a_gap() {
    let place = |bus, device| Place {
        bus,
        device,
        function: 0,
    };
    let small = Window {
        length: 0x2000,
        ..WINDOW
    };
    let device = Model::new(None, 0)
        .register(0, 0x4000, false)
        .register(1, 0x1000, false);
    let (_, found) = walk(vec![device], small, 255);
    assert_eq!(found.gaps, [(place(0, 0), Gap::Memory)]);
    assert!(found.functions[0].bars[0].is_none() && found.functions[0].bars[1].is_some());
    let (_, found) = walk(
        vec![
            Model::new(None, 0).bridge(),
            Model::new(Some(0), 0).bridge(),
        ],
        WINDOW,
        1,
    );
    assert_eq!(found.gaps, [(place(1, 0), Gap::Buses)]);
    let mut odd = Model::new(None, 7);
    odd.words[3] = 2 << 16;
    let (_, found) = walk(vec![odd], WINDOW, 255);
    assert_eq!(found.gaps, [(place(0, 7), Gap::Header)]);
}

#[test]
fn windows_that_cannot_be_are_no_windows() {
    let device = || Model::new(None, 0).register(0, 0x1000, false);
    for (physical, bus, length) in [
        (0, 1 << 32, 0x1000),
        (u64::MAX - 0xfff, 0x1000, 0x2000),
        (0, u64::MAX, u64::MAX),
        (0, 0, 0),
    ] {
        let window = Window {
            physical,
            bus,
            length,
        };
        let (_, found) = walk(vec![device()], window, 255);
        assert_eq!(found.functions[0].bars[0], None, "{window:?}");
    }
    let all = Window {
        physical: 0,
        bus: 0,
        length: u64::MAX,
    };
    let (_, found) = walk(vec![device()], all, 255);
    // Not at zero, which means none.
    assert_eq!(
        found.functions[0].bars[0].map(|bar| bar.physical),
        Some(0x1000)
    );
}

#[test]
fn only_a_device_that_says_so_has_further_functions() {
    let second = |device| Model {
        function: 1,
        ..Model::new(None, device)
    };
    let mut many = Model::new(None, 2);
    many.words[3] = 1 << 23;
    let (_, found) = walk(
        vec![Model::new(None, 1), second(1), many, second(2)],
        WINDOW,
        255,
    );
    let places: Vec<_> = found
        .functions
        .iter()
        .map(|found| (found.place.device, found.place.function))
        .collect();
    assert_eq!(places, [(1, 0), (2, 0), (2, 1)]);
}
