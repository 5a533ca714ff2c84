//! virtio queues, with the test as the device.

use alloc::vec::Vec;

use super::{Outcome, Test, ensure};
use crate::virtio::queue::{Part, Queue};

pub(super) const TESTS: &[Test] = &[
    ("a queue shows its requests and takes answers", requests),
    ("a queue tells the device when it wants to be told", telling),
    ("a queue believes no impossible answer", nonsense),
];

fn parts(count: usize) -> Vec<Part> {
    (0..count)
        .map(|index| Part {
            address: 0x1000 * (index + 1),
            length: 512 * (index + 1),
            written: index > count / 2,
        })
        .collect()
}

fn requests() -> Outcome {
    for indirect in [true, false] {
        let mut queue = Queue::new(128, indirect, false).map_err(|_| "no queue")?;
        let slots = queue.slot_count();
        ensure!(slots, if indirect { 64 } else { 16 });
        let most = queue.most_parts();
        let (mut seen, mut answers) = (0, 0);
        // Far around the ring, and around its counters.
        for round in 0..2500u16 {
            let begun: Vec<u16> = (0..slots).step_by(1 + usize::from(round % 5)).collect();
            let most = if round < 20 { most } else { 3 };
            for slot in &begun {
                queue.add(*slot, parts(1 + usize::from(*slot) % most).into_iter());
            }
            let found = queue.device_sees(seen);
            ensure!(found.len(), begun.len());
            seen = seen.wrapping_add(begun.len() as u16);
            for ((_, shown), slot) in found.iter().zip(&begun) {
                ensure!(*shown == parts(1 + usize::from(*slot) % most));
            }
            // Answered in another order.
            for (head, _) in found.iter().rev() {
                answers += 1;
                queue.device_answers((*head).into(), (answers & 0xffff) as u16);
            }
            for slot in begun.iter().rev() {
                ensure!(queue.take(), Some(Ok(*slot)));
            }
            ensure!(queue.take(), None);
        }
        ensure!(answers > 0x1_0000 || !indirect);
    }
    Ok(())
}

fn telling() -> Outcome {
    let mut queue = Queue::new(8, true, true).map_err(|_| "no queue")?;
    ensure!(!queue.should_notify());
    queue.add(0, parts(2).into_iter());
    ensure!(queue.should_notify());
    ensure!(!queue.should_notify());
    // The device still has work and says so.
    queue.add(1, parts(2).into_iter());
    ensure!(!queue.should_notify());
    queue.device_waits_for(2);
    queue.add(2, parts(2).into_iter());
    ensure!(queue.should_notify());
    queue.device_waits_for(3);
    for slot in 3..6 {
        queue.add(slot, parts(2).into_iter());
    }
    ensure!(queue.should_notify());
    ensure!(!queue.want_interrupt());
    queue.device_answers(0, 1);
    ensure!(queue.want_interrupt());
    Ok(())
}

fn nonsense() -> Outcome {
    let mut queue = Queue::new(64, false, false).map_err(|_| "no queue")?;
    // In the middle of a slot; no descriptor at all; more answers than there are descriptors.
    queue.device_answers(3, 1);
    ensure!(matches!(queue.take(), Some(Err(_))));
    queue.device_answers(u32::MAX, 2);
    ensure!(matches!(queue.take(), Some(Err(_))));
    queue.device_answers(0, 1000);
    ensure!(matches!(queue.take(), Some(Err(_))));
    ensure!(Queue::new(0, true, true).is_err());
    ensure!(Queue::new(7, false, true).is_err());
    ensure!(Queue::new(100, true, false).is_ok_and(|queue| queue.size() == 64));
    Ok(())
}
