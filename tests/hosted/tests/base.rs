//! Ring 2, the ground: threads, wait queues, locks and timers on simulated CPUs.

use base::sync::{Mutex, Rank, RwLock, SpinLock};
use base::thread;
use base::time::{self, Duration, Timer};
use base::wait::{WaitQueue, Waiter};
use base::{Error, sched, work};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use testkit::bare::{kernel, kernel_on};

const OUTER: Rank = Rank(300);
const INNER: Rank = Rank(400);

#[test]
fn a_thread_runs_and_is_joined() {
    kernel(|| {
        let ran = Arc::new(AtomicBool::new(false));
        let flag = ran.clone();
        let child = thread::spawn("child", move || flag.store(true, Ordering::SeqCst)).unwrap();
        child.join();
        assert!(ran.load(Ordering::SeqCst) && child.has_ended());
    });
}

#[test]
fn threads_end_by_exit_too() {
    kernel(|| {
        let child = thread::spawn("child", || thread::exit()).unwrap();
        child.join();
        assert_eq!(
            sched::threads()
                .iter()
                .filter(|thread| thread.name() == "child")
                .count(),
            0
        );
    });
}

#[test]
fn many_threads_on_few_cpus() {
    kernel_on(4, || {
        let count = Arc::new(AtomicUsize::new(0));
        let children: Vec<_> = (0..40)
            .map(|number| {
                let count = count.clone();
                thread::spawn(&format!("child {number}"), move || {
                    for _ in 0..5 {
                        thread::yield_now();
                    }
                    count.fetch_add(1, Ordering::SeqCst);
                })
                .unwrap()
            })
            .collect();
        for child in children {
            child.join();
        }
        assert_eq!(count.load(Ordering::SeqCst), 40);
    });
}

#[test]
fn a_queue_hands_every_item_to_somebody() {
    kernel_on(3, || {
        struct Channel {
            items: SpinLock<VecDeque<usize>>,
            filled: WaitQueue,
        }
        let channel = Arc::new(Channel {
            items: SpinLock::new(OUTER, VecDeque::new()),
            filled: WaitQueue::new(),
        });
        let sum = Arc::new(AtomicUsize::new(0));
        let takers: Vec<_> = (0..3)
            .map(|_| {
                let (channel, sum) = (channel.clone(), sum.clone());
                thread::spawn("taker", move || {
                    loop {
                        let item = channel
                            .filled
                            .wait_until(|| channel.items.lock().pop_front());
                        if item == 0 {
                            return;
                        }
                        sum.fetch_add(item, Ordering::SeqCst);
                    }
                })
                .unwrap()
            })
            .collect();
        for item in (1..=30).chain([0, 0, 0]) {
            channel.items.lock().push_back(item);
            assert!(channel.filled.wake_one() <= 1);
            if item % 7 == 0 {
                thread::yield_now();
            }
        }
        for taker in takers {
            taker.join();
        }
        assert_eq!(sum.load(Ordering::SeqCst), 465);
    });
}

#[test]
fn a_mutex_excludes_and_sleeps() {
    kernel_on(4, || {
        let shared = Arc::new(Mutex::new(OUTER, 0usize));
        let children: Vec<_> = (0..6)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn("adder", move || {
                    for _ in 0..10 {
                        let mut value = shared.lock();
                        let seen = *value;
                        thread::yield_now();
                        *value = seen + 1;
                    }
                })
                .unwrap()
            })
            .collect();
        for child in children {
            child.join();
        }
        assert_eq!(*shared.lock(), 60);
    });
}

#[test]
fn readers_share_and_writers_do_not_starve() {
    kernel_on(3, || {
        let shared = Arc::new(RwLock::new(OUTER, (0usize, 0usize)));
        let mut children = Vec::new();
        for _ in 0..4 {
            let shared = shared.clone();
            children.push(
                thread::spawn("reader", move || {
                    for _ in 0..10 {
                        let value = shared.read();
                        let first = value.0;
                        thread::yield_now();
                        assert_eq!(first, value.1);
                    }
                })
                .unwrap(),
            );
        }
        for _ in 0..2 {
            let shared = shared.clone();
            children.push(
                thread::spawn("writer", move || {
                    for _ in 0..5 {
                        let mut value = shared.write();
                        value.0 += 1;
                        thread::yield_now();
                        value.1 += 1;
                    }
                })
                .unwrap(),
            );
        }
        for child in children {
            child.join();
        }
        assert_eq!(*shared.read(), (10, 10));
    });
}

#[test]
fn sleeping_takes_the_time_asked_for() {
    kernel(|| {
        let before = time::now();
        thread::sleep_until(before + Duration::from_millis(50)).unwrap();
        let slept = time::now() - before;
        assert!(slept >= Duration::from_millis(50) && slept < Duration::from_millis(60));
    });
}

#[test]
fn a_deadline_ends_a_wait() {
    kernel(|| {
        let never = WaitQueue::new();
        let deadline = time::now() + Duration::from_millis(5);
        let outcome = never.wait_interruptible(Some(deadline), || None::<()>);
        assert_eq!(outcome, Err(Error::TimedOut));
        assert!(time::now() >= deadline && never.is_empty());
    });
}

#[test]
fn an_interruption_ends_a_sleep_whenever_it_comes() {
    kernel(|| {
        let seen = Arc::new(AtomicBool::new(false));
        let flag = seen.clone();
        let sleeper = thread::spawn("sleeper", move || {
            let never = WaitQueue::new();
            let outcome = never.wait_interruptible(None, || None::<()>);
            assert_eq!(outcome, Err(Error::Interrupted));
            assert!(thread::clear_interrupt() && !thread::is_interrupted());
            flag.store(true, Ordering::SeqCst);
        })
        .unwrap();
        sleeper.interrupt();
        sleeper.join();
        assert!(seen.load(Ordering::SeqCst));
    });
}

#[test]
fn an_interruption_does_not_end_an_uninterruptible_sleep() {
    kernel(|| {
        let gate = Arc::new((AtomicBool::new(false), WaitQueue::new()));
        let inner = gate.clone();
        let sleeper = thread::spawn("sleeper", move || {
            inner
                .1
                .wait_until(|| inner.0.load(Ordering::SeqCst).then_some(()));
            assert!(inner.0.load(Ordering::SeqCst));
        })
        .unwrap();
        for _ in 0..5 {
            sleeper.interrupt();
            thread::yield_now();
        }
        assert!(!sleeper.has_ended());
        gate.0.store(true, Ordering::SeqCst);
        gate.1.wake_all();
        sleeper.join();
    });
}

#[test]
fn one_waiter_on_many_queues() {
    kernel_on(3, || {
        let queues: Arc<Vec<(AtomicBool, WaitQueue)>> = Arc::new(
            (0..4)
                .map(|_| (AtomicBool::new(false), WaitQueue::new()))
                .collect(),
        );
        for chosen in 0..4 {
            let shared = queues.clone();
            let waker = thread::spawn("waker", move || {
                shared[chosen].0.store(true, Ordering::SeqCst);
                shared[chosen].1.wake_one();
            })
            .unwrap();
            let waiter = Waiter::new();
            let registrations: Vec<_> = queues
                .iter()
                .map(|queue| queue.1.register(&waiter))
                .collect();
            while !queues[chosen].0.load(Ordering::SeqCst) {
                waiter.wait(None, true).unwrap();
            }
            drop(registrations);
            assert!(queues.iter().all(|queue| queue.1.is_empty()));
            waker.join();
        }
    });
}

#[test]
fn a_waiter_that_only_looks_does_not_use_up_a_wake_up() {
    kernel_on(2, || {
        let queue = Arc::new((SpinLock::new(OUTER, 0usize), WaitQueue::new()));
        let onlooker = Waiter::new();
        let _registration = queue.1.register(&onlooker);
        let shared = queue.clone();
        let taker = thread::spawn("taker", move || {
            shared.1.wait_until(|| {
                let mut count = shared.0.lock();
                let has = *count > 0;
                *count -= usize::from(has);
                has.then_some(())
            });
        })
        .unwrap();
        *queue.0.lock() += 1;
        queue.1.wake_one();
        taker.join();
        onlooker.wait(None, false).unwrap();
    });
}

#[test]
fn timers_run_in_order_and_can_be_cancelled() {
    kernel(|| {
        let order = Arc::new(SpinLock::new(INNER, Vec::new()));
        let timers: Vec<_> = [30u64, 10, 20, 40]
            .into_iter()
            .map(|milliseconds| {
                let order = order.clone();
                let timer = Timer::new(Arc::new(move || order.lock().push(milliseconds)));
                timer.arm(time::now() + Duration::from_millis(milliseconds));
                timer
            })
            .collect();
        assert!(timers[3].cancel() && !timers[3].cancel());
        thread::sleep_until(time::now() + Duration::from_millis(60)).unwrap();
        assert_eq!(*order.lock(), [10, 20, 30]);
        timers[0].arm(time::now() + Duration::from_millis(5));
        timers[0].arm(time::now() + Duration::from_millis(15));
        thread::sleep_until(time::now() + Duration::from_millis(30)).unwrap();
        assert_eq!(*order.lock(), [10, 20, 30, 30]);
    });
}

#[test]
fn a_timer_cancelled_from_another_cpu_runs_at_most_once() {
    kernel_on(3, || {
        let count = Arc::new(AtomicUsize::new(0));
        let inner = count.clone();
        let timer = Arc::new(Timer::new(Arc::new(move || {
            inner.fetch_add(1, Ordering::SeqCst);
        })));
        let other = timer.clone();
        timer.arm(time::now() + Duration::from_micros(3));
        let canceller = thread::spawn("canceller", move || {
            assert!(other.cancel() || !other.cancel())
        })
        .map(|thread| thread.join());
        canceller.unwrap();
        thread::sleep_until(time::now() + Duration::from_millis(1)).unwrap();
        assert!(count.load(Ordering::SeqCst) <= 1);
    });
}

#[test]
fn deferred_work_runs_in_order() {
    kernel(|| {
        let order = Arc::new(SpinLock::new(INNER, Vec::new()));
        let done = Arc::new(WaitQueue::new());
        for number in 0..10 {
            let (order, done) = (order.clone(), done.clone());
            work::defer(move || {
                order.lock().push(number);
                done.wake_all();
            });
        }
        done.wait_until(|| (order.lock().len() == 10).then_some(()));
        assert!(order.lock().is_sorted());
    });
}

#[test]
fn repeated_work_is_never_missed() {
    kernel_on(2, || {
        let wanted = Arc::new(AtomicUsize::new(0));
        let seen = Arc::new((AtomicUsize::new(0), WaitQueue::new()));
        let (source, target) = (wanted.clone(), seen.clone());
        let item = work::Work::new(move || {
            target
                .0
                .store(source.load(Ordering::SeqCst), Ordering::SeqCst);
            target.1.wake_all();
        });
        for number in 1..=10 {
            wanted.store(number, Ordering::SeqCst);
            item.queue();
        }
        seen.1
            .wait_until(|| (seen.0.load(Ordering::SeqCst) == 10).then_some(()));
    });
}

#[test]
fn affinity_is_kept() {
    kernel_on(4, || {
        let children: Vec<_> = (0..4usize)
            .map(|cpu| {
                thread::spawn("bound", move || {
                    let me = thread::current();
                    assert!(me.set_affinity(1 << cpu));
                    for _ in 0..10 {
                        assert_eq!(hal::cpu::id(), cpu);
                        thread::yield_now();
                        thread::sleep_until(time::now() + Duration::from_micros(20)).unwrap();
                    }
                })
                .unwrap()
            })
            .collect();
        for child in children {
            child.join();
        }
        assert!(!thread::current().set_affinity(1 << 60));
    });
}

#[test]
fn work_spreads_over_idle_cpus() {
    kernel_on(4, || {
        let used = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new((AtomicUsize::new(0), WaitQueue::new()));
        let children: Vec<_> = (0..4)
            .map(|_| {
                let (used, gate) = (used.clone(), gate.clone());
                thread::spawn("busy", move || {
                    gate.0.fetch_add(1, Ordering::SeqCst);
                    while gate.0.load(Ordering::SeqCst) < 4 {
                        thread::yield_now();
                    }
                    used.fetch_or(1 << hal::cpu::id(), Ordering::SeqCst);
                })
                .unwrap()
            })
            .collect();
        for child in children {
            child.join();
        }
        assert!(used.load(Ordering::SeqCst).count_ones() >= 2);
    });
}

/// Uses up time as a program would, for so long; whether it was on another CPU than the first.
fn compute(how_long: Duration) -> bool {
    let begin = time::now();
    let mut elsewhere = false;
    while time::now() - begin < how_long {
        hal::cpu::relax();
        thread::yield_if_needed();
        elsewhere |= hal::cpu::id() != 0;
    }
    elsewhere
}

#[test]
fn computing_threads_do_not_share_a_cpu_beside_an_idle_one() {
    kernel_on(2, || {
        let all = Arc::new(OnceLock::<Vec<Arc<thread::Thread>>>::new());
        let moved = Arc::new(AtomicUsize::new(0));
        let children: Vec<_> = (0..2)
            .map(|_| {
                let (all, moved) = (all.clone(), moved.clone());
                let bound = |child: &Arc<thread::Thread>| {
                    child.set_affinity(1);
                };
                let main = move || {
                    // Long enough for the parent to sleep and the other CPU to halt; nobody calls
                    // it when both may run there.
                    assert!(!compute(Duration::from_micros(200)));
                    for child in all.get().expect("set before the parent sleeps") {
                        child.set_affinity(u64::MAX);
                    }
                    let elsewhere = compute(Duration::from_millis(7));
                    moved.fetch_add(usize::from(elsewhere), Ordering::SeqCst);
                };
                thread::spawn_with("computes", bound, main).unwrap()
            })
            .collect();
        assert!(all.set(children.clone()).is_ok());
        for child in children {
            child.join();
        }
        assert!(moved.load(Ordering::SeqCst) > 0, "both stayed");
    });
}

#[test]
fn run_time_is_counted() {
    kernel(|| {
        let child = thread::spawn("busy", || {
            let begin = time::now();
            while time::now() - begin < Duration::from_micros(200) {
                thread::yield_now();
            }
        })
        .unwrap();
        child.join();
        let times = child.times();
        assert_eq!(times.user, Duration::ZERO);
        assert!(times.system >= Duration::from_micros(100), "{times:?}");
        assert!(sched::statistics().context_switches > 0);
    });
}

#[test]
fn random_bytes_differ() {
    kernel(|| {
        let (mut first, mut second) = ([0; 64], [0; 64]);
        base::random::fill(&mut first);
        base::random::fill(&mut second);
        assert_ne!(first, second);
    });
}

#[test]
fn the_log_is_a_ring_with_numbers() {
    kernel(|| {
        base::log::set_console_level(None);
        for number in 0..2000 {
            base::info!("{number} {}", "x".repeat(100));
        }
        let oldest = base::log::read_from(0).unwrap();
        assert!(oldest.sequence > 0);
        let newest = base::log::read_from(1999).unwrap();
        assert!(newest.text.starts_with("1999 "));
        assert!(base::log::read_from(2000).is_none());
    });
}
