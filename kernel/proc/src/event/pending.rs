//! Events that were sent and not yet seen.
//!
//! A standard event is pending or not: a second one before the first was seen is lost, with its information. A
//! real-time event queues, first in first out, up to a limit. Taking one serves faults first, then
//! the lowest number (signal(7), "Queueing and delivery semantics").

use super::{EventInfo, EventSet};
use alloc::vec::Vec;

/// What is pending for one task, or for a process as a whole.
#[derive(Default)]
pub struct PendingSet {
    set: EventSet,
    queue: Vec<EventInfo>,
}

impl PendingSet {
    /// The events that are pending.
    pub fn set(&self) -> EventSet {
        self.set
    }

    /// How many entries are queued.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Adds an event; `limit` bounds the real-time queue. Returns whether it is pending now: `false` means that the
    /// queue is full and this real-time event was not taken.
    pub fn push(&mut self, info: EventInfo, limit: usize) -> bool {
        if self.set.contains(info.event) {
            if !info.event.is_real_time() {
                return true;
            }
            if self.queue.len() >= limit {
                return false;
            }
        } else if info.event.is_real_time() && self.queue.len() >= limit.max(1) {
            return false;
        }
        self.set.insert(info.event);
        self.queue.push(info);
        true
    }

    /// Takes the next event among `wanted`.
    pub fn take(&mut self, wanted: EventSet) -> Option<EventInfo> {
        let available = self.set.intersection(wanted);
        if available.is_empty() {
            return None;
        }
        let event = available
            .intersection(EventSet::FAULTS)
            .first()
            .or(available.first())?;
        let mut places = self.queue.iter().enumerate();
        let mut next = || places.find(|(_, info)| info.event == event);
        let (first, _) = next()?;
        if next().is_none() {
            self.set.remove(event);
        }
        Some(self.queue.remove(first))
    }

    /// Forgets every pending event of the set.
    pub fn discard(&mut self, set: EventSet) {
        if self.set.intersection(set).is_empty() {
            return;
        }
        self.queue.retain(|info| !set.contains(info.event));
        self.set = self.set.without(set);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Event;
    use super::*;

    fn real_time(offset: usize, value: u64) -> EventInfo {
        EventInfo {
            value,
            ..EventInfo::kernel(Event::new(32 + offset).expect("real-time"))
        }
    }

    #[test]
    fn standard_events_do_not_queue() {
        let mut pending = PendingSet::default();
        assert!(pending.push(EventInfo::from_process(Event::INTERRUPT, 1, 0), 8));
        assert!(pending.push(EventInfo::from_process(Event::INTERRUPT, 2, 0), 8));
        assert_eq!(pending.take(EventSet::ALL).map(|info| info.sender), Some(1));
        assert_eq!(pending.take(EventSet::ALL), None);
        assert!(pending.set().is_empty());
    }

    #[test]
    fn real_time_events_queue_in_order_up_to_the_limit() {
        let mut pending = PendingSet::default();
        for value in 0..4 {
            assert!(pending.push(real_time(2, value), 4));
        }
        assert!(!pending.push(real_time(2, 9), 4));
        for value in 0..4 {
            assert_eq!(
                pending.take(EventSet::ALL).map(|info| info.value),
                Some(value)
            );
        }
        assert!(pending.is_empty());
    }

    #[test]
    fn faults_come_first_then_the_lowest() {
        let mut pending = PendingSet::default();
        for event in [Event::TERMINATE, Event::HANG_UP, Event::SEGMENT_FAULT] {
            pending.push(EventInfo::kernel(event), 8);
        }
        let mut order = Vec::new();
        while let Some(info) = pending.take(EventSet::ALL) {
            order.push(info.event);
        }
        assert_eq!(
            order,
            [Event::SEGMENT_FAULT, Event::HANG_UP, Event::TERMINATE]
        );
    }

    #[test]
    fn take_respects_the_mask_and_discard_forgets() {
        let mut pending = PendingSet::default();
        pending.push(EventInfo::kernel(Event::TERMINAL_STOP), 8);
        pending.push(EventInfo::kernel(Event::INTERRUPT), 8);
        assert_eq!(pending.take(EventSet::of(&[Event::KILL])), None);
        pending.discard(EventSet::STOPS);
        assert_eq!(pending.set(), EventSet::of(&[Event::INTERRUPT]));
    }
}
