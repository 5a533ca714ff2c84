//! Who runs next: the fair class, as plain functions over plain data.
//!
//! Each runnable thread has a *virtual time* that advances while it runs, slower the heavier its
//! weight. Those behind the weighted average of the queue are owed time: they are *eligible*.
//! Each also has a virtual *deadline*, one slice after its virtual time when it was placed; of
//! the eligible ones the earliest deadline runs (EEVDF: Stoica and Abdel-Wahab, 1995). So long-run
//! shares follow the weights, and a thread that slept gets the CPU soon after it wakes.
//!
//! Who leaves the queue takes along its *lag* (what it was owed or had taken too much), bounded by
//! one slice, and is placed accordingly when it comes back: sleeping neither saves up time nor
//! launders a debt.
//!
//! The queue is an unsorted list: picking looks at every entry. Run queues are short; at a hundred
//! entries it is still less than a microsecond, and there are no nodes to allocate.

use alloc::vec::Vec;

/// Weight of nice 0; virtual time passes at the rate of real time for it.
pub const NICE_0_WEIGHT: u64 = 1024;

/// How long one thread runs while others wait.
pub const SLICE_NS: u64 = 3_000_000;

/// The weight of a nice value (-20..=19): each step is a factor of 5/4.
pub fn weight_of_nice(nice: i8) -> u64 {
    let mut weight = NICE_0_WEIGHT << 10;
    for _ in 0..nice.clamp(-20, 19).unsigned_abs() {
        weight = if nice < 0 {
            weight * 5 / 4
        } else {
            weight * 4 / 5
        };
    }
    (weight >> 10).max(1)
}

/// What the policy knows of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Virtual time consumed, on the scale of the queue it is in.
    pub vruntime: u64,
    /// Virtual time at which its current slice should have been served.
    pub deadline: u64,
    /// Its share.
    pub weight: u64,
    /// Outside a queue: the average minus its virtual time, when it left.
    pub lag: i64,
}

impl Entity {
    /// An entity that was never queued.
    pub const fn new(weight: u64) -> Entity {
        Entity {
            vruntime: 0,
            deadline: 0,
            weight,
            lag: 0,
        }
    }

    fn virtual_time(&self, real_ns: u64) -> u64 {
        if self.weight == NICE_0_WEIGHT {
            return real_ns;
        }
        (real_ns.saturating_mul(NICE_0_WEIGHT) / self.weight).max(u64::from(real_ns > 0))
    }

    fn renew_deadline(&mut self) {
        self.deadline = self.vruntime + self.virtual_time(SLICE_NS);
    }

    /// Real time until the slice is used up.
    pub fn remaining_ns(&self) -> u64 {
        self.deadline
            .saturating_sub(self.vruntime)
            .saturating_mul(self.weight)
            / NICE_0_WEIGHT
    }
}

/// One CPU's runnable entities: those that wait, and the one that runs.
#[derive(Debug)]
pub struct FairQueue<T> {
    waiting: Vec<(Entity, T)>,
    running: Option<Entity>,
    /// The weights of all, and the sum of (virtual time - `zero`) * weight over all: what the
    /// average is made of, kept up to date so that nobody has to look at every entry for it.
    weights: u64,
    sum: i128,
    /// Follows the average, so that `sum` stays small.
    zero: u64,
    /// The furthest that the average ever was. It does not go back when an entity leaves for good
    /// that had more than its share: else short-lived ones, each a little ahead when it ends, would
    /// run for nothing, and whoever waits for its turn just above the average would wait for ever.
    floor: u64,
}

impl<T> Default for FairQueue<T> {
    fn default() -> FairQueue<T> {
        FairQueue::new()
    }
}

impl<T> FairQueue<T> {
    /// An empty queue.
    pub const fn new() -> FairQueue<T> {
        FairQueue {
            waiting: Vec::new(),
            running: None,
            weights: 0,
            sum: 0,
            zero: 0,
            floor: 0,
        }
    }

    /// How many wait for the CPU.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Who runs, if an entity of this class does.
    pub fn running(&self) -> Option<&Entity> {
        self.running.as_ref()
    }

    /// Waiting and running ones.
    pub fn load(&self) -> usize {
        self.waiting.len() + usize::from(self.running.is_some())
    }

    /// The weighted average of all virtual times, or the furthest it ever was.
    pub fn average(&self) -> u64 {
        if self.weights == 0 {
            return self.floor;
        }
        self.floor.max(self.zero.wrapping_add_signed(self.offset()))
    }

    /// How far the average is above `zero`.
    fn offset(&self) -> i64 {
        let weights = self.weights.max(1);
        // Almost always small enough for the machine's own division.
        match i64::try_from(self.sum) {
            Ok(sum) => sum.div_euclid(weights as i64),
            Err(_) => self.sum.div_euclid(i128::from(weights)) as i64,
        }
    }

    /// What an entity adds to `sum`.
    fn moment(&self, entity: &Entity) -> i128 {
        let distance = entity.vruntime.wrapping_sub(self.zero) as i64;
        i128::from(distance) * i128::from(entity.weight)
    }

    fn add(&mut self, entity: &Entity) {
        self.sum += self.moment(entity);
        self.weights += entity.weight;
    }

    fn subtract(&mut self, entity: &Entity) {
        self.sum -= self.moment(entity);
        self.weights -= entity.weight;
    }

    /// Moves `zero` to the average.
    fn follow(&mut self) {
        let offset = self.offset();
        self.zero = self.zero.wrapping_add_signed(offset);
        self.sum -= i128::from(offset) * i128::from(self.weights);
    }

    /// Adds an entity that comes from outside (new, woken, or from another queue). True if it
    /// should preempt who runs.
    pub fn enqueue(&mut self, mut entity: Entity, item: T) -> bool {
        let average = self.average();
        let bound = entity.virtual_time(SLICE_NS) as i64;
        let lag = entity.lag.clamp(-bound, bound);
        entity.vruntime = average.saturating_add_signed(-lag);
        entity.renew_deadline();
        if self.weights == 0 {
            self.zero = entity.vruntime;
        }
        self.add(&entity);
        let preempts = match &self.running {
            None => true,
            Some(running) => lag >= 0 && entity.deadline < running.deadline,
        };
        self.waiting.push((entity, item));
        preempts
    }

    /// Lets time pass for who runs. True if its slice is used up and somebody waits.
    pub fn charge(&mut self, real_ns: u64) -> bool {
        let Some(running) = &mut self.running else {
            return false;
        };
        let passed = running.virtual_time(real_ns);
        running.vruntime += passed;
        let used_up = running.vruntime >= running.deadline;
        if used_up {
            running.renew_deadline();
        }
        self.sum += i128::from(passed) * i128::from(running.weight);
        self.follow();
        self.floor = self.average();
        used_up && !self.waiting.is_empty()
    }

    /// Ends the run of who runs, because it sleeps, ends or moves away; it leaves with its lag.
    pub fn take_running(&mut self) -> Option<Entity> {
        let average = self.average();
        let mut entity = self.running.take()?;
        self.subtract(&entity);
        let bound = entity.virtual_time(SLICE_NS) as i64;
        entity.lag = (average as i64)
            .wrapping_sub(entity.vruntime as i64)
            .clamp(-bound, bound);
        self.floor = self.floor.max(average);
        Some(entity)
    }

    /// Puts who runs back among those that wait.
    pub fn requeue_running(&mut self, item: T) {
        if let Some(entity) = self.running.take() {
            self.waiting.push((entity, item));
        }
    }

    /// Picks who runs next and makes it the running one: the earliest deadline among the eligible
    /// that `allowed` accepts; if none of those is eligible, the one that is furthest behind.
    pub fn pick(&mut self, mut allowed: impl FnMut(&T) -> bool) -> Option<T> {
        let average = self.average();
        let mut best: Option<(usize, (bool, u64))> = None;
        for (index, (entity, item)) in self.waiting.iter().enumerate() {
            let late = entity.vruntime > average;
            let order = (
                late,
                if late {
                    entity.vruntime
                } else {
                    entity.deadline
                },
            );
            if best.is_none_or(|(_, found)| order < found) && allowed(item) {
                best = Some((index, order));
            }
        }
        let (entity, item) = self.waiting.swap_remove(best?.0);
        self.floor = self.floor.max(average);
        self.running = Some(entity);
        Some(item)
    }

    /// Gives away one waiting entity, with its lag, to another CPU: the one that would wait
    /// longest here.
    pub fn give_away(&mut self, mut allowed: impl FnMut(&T) -> bool) -> Option<(Entity, T)> {
        let average = self.average();
        let mut best: Option<(usize, u64)> = None;
        for (index, (entity, item)) in self.waiting.iter().enumerate() {
            if best.is_none_or(|(_, found)| entity.deadline >= found) && allowed(item) {
                best = Some((index, entity.deadline));
            }
        }
        let (mut entity, item) = self.waiting.swap_remove(best?.0);
        self.subtract(&entity);
        entity.lag = (average as i64).wrapping_sub(entity.vruntime as i64);
        Some((entity, item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Runs a queue of never-sleeping threads for a while; gives each one's time.
    fn simulate(weights: &[u64], steps: usize) -> (BTreeMap<usize, u64>, u64) {
        let mut queue = FairQueue::new();
        for (name, weight) in weights.iter().enumerate() {
            queue.enqueue(Entity::new(*weight), name);
        }
        let mut times = BTreeMap::new();
        let mut waited: BTreeMap<usize, u64> = BTreeMap::new();
        let mut longest = 0;
        for _ in 0..steps {
            let name = queue.pick(|_| true).expect("never empty");
            waited.insert(name, 0);
            loop {
                *times.entry(name).or_insert(0) += 500_000;
                for (other, waiting) in &mut waited {
                    if *other != name {
                        *waiting += 500_000;
                        longest = longest.max(*waiting);
                    }
                }
                if queue.charge(500_000) || queue.waiting() == 0 {
                    break;
                }
            }
            queue.requeue_running(name);
        }
        (times, longest)
    }

    #[test]
    fn equal_weights_share_equally() {
        let (times, longest) = simulate(&[1024; 4], 4000);
        let (least, most) = (times.values().min().unwrap(), times.values().max().unwrap());
        assert!(most - least <= 2 * SLICE_NS, "{times:?}");
        assert!(longest <= 5 * SLICE_NS, "waited {longest}");
    }

    #[test]
    fn shares_follow_weights() {
        let (times, _) = simulate(&[1024, 2048, 512], 7000);
        let ratio = times[&1] as f64 / times[&2] as f64;
        assert!((3.6..4.4).contains(&ratio), "{times:?}");
    }

    #[test]
    fn nice_steps_are_a_quarter() {
        assert_eq!(weight_of_nice(0), 1024);
        assert_eq!(weight_of_nice(-1), 1280);
        assert!((14..=16).contains(&weight_of_nice(19)));
        assert!(weight_of_nice(-20) > 80_000);
    }

    #[test]
    fn a_long_sleeper_cannot_save_up_time() {
        let mut queue = FairQueue::new();
        queue.enqueue(Entity::new(1024), "hog");
        queue.pick(|_| true);
        queue.charge(10_000_000_000);
        let mut sleeper = Entity::new(1024);
        sleeper.lag = i64::MAX;
        assert!(queue.enqueue(sleeper, "sleeper"), "a sleeper preempts");
        queue.requeue_running("hog");
        let mut hog_ran = false;
        for _ in 0..4 {
            let name = queue.pick(|_| true).expect("two wait");
            hog_ran |= name == "hog";
            queue.charge(SLICE_NS);
            queue.requeue_running(name);
        }
        assert!(hog_ran, "the hog is not starved by past sleep");
    }

    #[test]
    fn leaving_and_returning_does_not_launder_debt() {
        let mut queue = FairQueue::new();
        queue.enqueue(Entity::new(1024), "worker");
        queue.enqueue(Entity::new(1024), "other");
        let first = queue.pick(|_| true).expect("two wait");
        queue.charge(2_000_000);
        let debtor = queue.take_running().expect("runs");
        assert!(debtor.lag < 0, "it took more than its share");
        assert!(!queue.enqueue(debtor, first) || queue.running().is_none());
        let next = queue.pick(|_| true).expect("two wait");
        assert_ne!(next, first);
    }

    #[test]
    fn short_lived_ones_do_not_starve_who_waits() {
        let mut queue = FairQueue::new();
        queue.enqueue(Entity::new(1024), 0);
        assert_eq!(queue.pick(|_| true), Some(0));
        queue.charge(SLICE_NS);
        queue.requeue_running(0);
        // Two are born for each that ends, up to a hundred; each runs for a moment.
        let mut born = 0;
        for _ in 0..100 {
            born += 1;
            queue.enqueue(Entity::new(1024), born);
        }
        let mut turns = 0;
        while queue.pick(|_| true) != Some(0) {
            queue.charge(SLICE_NS / 3);
            queue.take_running();
            born += 1;
            queue.enqueue(Entity::new(1024), born);
            turns += 1;
            assert!(turns < 2000, "it waits for ever");
        }
    }

    #[test]
    fn the_average_is_that_of_all() {
        let mut queue = FairQueue::new();
        let weights = [15, 1024, 88761, 1024, 300];
        for (name, weight) in weights.iter().enumerate() {
            queue.enqueue(Entity::new(*weight), name);
        }
        for step in 0..5000u64 {
            let Some(name) = queue.pick(|_| true) else {
                break;
            };
            queue.charge(step * 7919 % 5_000_000);
            let all: Vec<Entity> = queue
                .waiting
                .iter()
                .map(|(entity, _)| *entity)
                .chain(queue.running)
                .collect();
            let weights: u128 = all.iter().map(|entity| u128::from(entity.weight)).sum();
            let sum: u128 = all
                .iter()
                .map(|entity| u128::from(entity.weight) * u128::from(entity.vruntime))
                .sum();
            let exact = (sum / weights) as u64;
            assert!(queue.average() >= exact, "step {step}");
            assert!(queue.average().max(queue.floor) <= exact.max(queue.floor) + 1);
            match step % 3 {
                0 => queue.requeue_running(name),
                _ => {
                    let entity = queue.take_running().expect("one runs");
                    queue.enqueue(entity, name);
                }
            }
        }
    }

    #[test]
    fn giving_away_respects_who_may_go() {
        let mut queue = FairQueue::new();
        queue.enqueue(Entity::new(1024), 1);
        queue.enqueue(Entity::new(1024), 2);
        assert_eq!(
            queue.give_away(|item| *item == 1).map(|given| given.1),
            Some(1)
        );
        assert!(queue.give_away(|_| false).is_none());
        assert_eq!(queue.waiting(), 1);
    }
}
