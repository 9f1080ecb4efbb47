//! The agreement between the JS thread, which sleeps, and the threads that wake it.
//!
//! Two flags, each of which saves a system call, and each of which could lose a wake-up: [`Bell`] says that a look is due
//! anyway, [`OneShot`] that the watcher is waiting already. They are generic over their flag so that the tests can go through
//! every interleaving with loom's.

use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that several threads set and clear.
pub trait Flag {
    /// A lowered flag.
    fn lowered() -> Self;
    /// Raises it; whether it was raised before.
    fn raise(&self) -> bool;
    /// Lowers it.
    fn lower(&self);
}

/// The same operations with the same orderings for the real flag and for loom's.
macro_rules! flag {
    ($type:ty) => {
        impl Flag for $type {
            fn lowered() -> Self {
                Self::new(false)
            }

            fn raise(&self) -> bool {
                self.swap(true, Ordering::AcqRel)
            }

            fn lower(&self) {
                // A swap, though nobody wants the old value: whoever raised the flag before is thereby ahead of all that
                // follows here. With a mere store both sides could miss each other, the watcher ringing a bell that was
                // still rung, and the JS thread finding the watcher still armed.
                self.swap(false, Ordering::AcqRel);
            }
        }
    };
}

flag!(AtomicBool);

/// Wakes the JS thread at most once until it has looked.
#[derive(Debug)]
pub struct Bell<F = AtomicBool> {
    /// A look is due: nobody needs to ring again.
    rung: F,
}

impl<F: Flag> Bell<F> {
    /// A bell that nobody has rung.
    #[must_use]
    pub fn new() -> Self {
        Self { rung: F::lowered() }
    }

    /// Calls `wake`, unless a look is due anyway. From any thread, after whatever is to be seen was made.
    pub fn ring(&self, wake: impl FnOnce()) {
        if !self.rung.raise() {
            wake();
        }
    }

    /// A look is due even though nobody rang: from here on to the next [`Bell::rest`] nobody needs to.
    pub fn expect_look(&self) {
        self.rung.raise();
    }

    /// The JS thread has looked at everything and is about to rest: `sleep` asks for the wake-up. `None` if `found` says that
    /// there is something after all; a look is then still due.
    ///
    /// The order is the point: from the lowering on whoever rings is heard; what was finished before, with a bell that was
    /// still rung, is found by looking once more; and the watcher, which may fire before `sleep` returns, finds the bell
    /// silent.
    pub fn rest<R>(&self, found: impl FnOnce() -> bool, sleep: impl FnOnce() -> R) -> Option<R> {
        self.rung.lower();
        if found() {
            self.expect_look();
            return None;
        }
        Some(sleep())
    }
}

impl<F: Flag> Default for Bell<F> {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a one-shot wait is under way, so that it need not be asked for again.
#[derive(Debug)]
pub struct OneShot<F = AtomicBool> {
    armed: F,
}

impl<F: Flag> OneShot<F> {
    /// One that is not armed.
    #[must_use]
    pub fn new() -> Self {
        Self { armed: F::lowered() }
    }

    /// Calls `arm`, unless the wait is under way. On the JS thread.
    pub fn arm<R>(&self, arm: impl FnOnce() -> R) -> Option<R> {
        (!self.armed.raise()).then(arm)
    }

    /// The wait is over, and `wake` says so. On the watcher's thread.
    pub fn fired(&self, wake: impl FnOnce()) {
        self.armed.lower();
        wake();
    }
}

impl<F: Flag> Default for OneShot<F> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    //! A model of everything that takes part. loom runs it with every interleaving of the threads, up to a number of
    //! preemptions, and calls it a deadlock when the JS thread sleeps for ever.

    use loom::sync::atomic::AtomicBool;
    use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
    use loom::thread;

    use super::*;

    flag!(AtomicBool);

    /// Enough to find the lost wake-ups that are known, few enough to end within seconds.
    const PREEMPTIONS: usize = 2;

    /// The poll as the watcher sees it: ready until the JS thread has polled, and told of once for each arming.
    #[derive(Default)]
    struct Epoll {
        ready: bool,
        armed: bool,
        stop: bool,
    }

    struct Model {
        bell: Bell<AtomicBool>,
        one_shot: OneShot<AtomicBool>,
        epoll: Mutex<Epoll>,
        watched: Condvar,
        jobs: Mutex<u32>,
        /// Calls of the threadsafe function that the loop has not made yet.
        calls: Mutex<u32>,
        called: Condvar,
    }

    impl Model {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                bell: Bell::new(),
                one_shot: OneShot::new(),
                epoll: Mutex::new(Epoll::default()),
                watched: Condvar::new(),
                jobs: Mutex::new(0),
                calls: Mutex::new(0),
                called: Condvar::new(),
            })
        }

        fn epoll(&self) -> MutexGuard<'_, Epoll> {
            self.epoll.lock().expect("no panic")
        }

        fn ring(&self) {
            self.bell.ring(|| {
                *self.calls.lock().expect("no panic") += 1;
                self.called.notify_one();
            });
        }

        /// A tokio thread finishes something.
        fn finish(&self) {
            *self.jobs.lock().expect("no panic") += 1;
            self.ring();
        }

        /// The network has something for a socket.
        fn arrive(&self) {
            self.epoll().ready = true;
            self.watched.notify_one();
        }

        fn arm(&self) {
            self.one_shot.arm(|| {
                self.epoll().armed = true;
                self.watched.notify_one();
            });
        }

        /// The watcher thread.
        fn watch(&self) {
            loop {
                let mut epoll = self.epoll();
                while !(epoll.stop || (epoll.armed && epoll.ready)) {
                    epoll = self.watched.wait(epoll).expect("no panic");
                }
                if epoll.stop {
                    return;
                }
                epoll.armed = false;
                drop(epoll);
                self.one_shot.fired(|| self.ring());
            }
        }

        /// The JS thread: looks when it is called, until it has seen everything.
        fn look_until(&self, all: u32, rest: impl Fn(&Self, &mut u32) -> bool) {
            let mut seen = 0;
            self.arm();
            loop {
                let mut calls = self.calls.lock().expect("no panic");
                while *calls == 0 {
                    calls = self.called.wait(calls).expect("no panic");
                }
                *calls -= 1;
                drop(calls);
                loop {
                    self.bell.expect_look();
                    seen += u32::from(std::mem::take(&mut self.epoll().ready));
                    seen += self.take_jobs();
                    if rest(self, &mut seen) {
                        break;
                    }
                }
                if seen == all {
                    self.epoll().stop = true;
                    self.watched.notify_one();
                    return;
                }
            }
        }

        fn take_jobs(&self) -> u32 {
            std::mem::take(&mut *self.jobs.lock().expect("no panic"))
        }
    }

    /// One finished job and one readiness, in any order, at any moment.
    fn run(rest: impl Fn(&Model, &mut u32) -> bool + Copy + Send + Sync + 'static) {
        let mut model = loom::model::Builder::new();
        // `npm run torture` asks for more.
        model.preemption_bound = model.preemption_bound.or(Some(PREEMPTIONS));
        model.check(move || {
            let model = Model::new();
            let spawn = |work: fn(&Model)| {
                let model = Arc::clone(&model);
                thread::spawn(move || work(&model))
            };
            let threads = [spawn(Model::watch), spawn(Model::finish), spawn(Model::arrive)];
            model.look_until(2, rest);
            for thread in threads {
                thread.join().expect("no panic");
            }
        });
    }

    #[test]
    fn no_wake_up_is_lost() {
        run(|model, seen| {
            let found = || {
                let jobs = model.take_jobs();
                *seen += jobs;
                jobs > 0
            };
            model.bell.rest(found, || model.arm()).is_some()
        });
    }

    // loom cannot unwind out of a deadlock, so these two take their process with them: the test below runs them in others.

    #[test]
    #[ignore = "must fail; `the_model_finds_lost_wake_ups` runs it"]
    fn wrong_arming_before_the_bell_is_lowered() {
        run(|model, _| {
            model.arm();
            model.bell.rest(|| false, || ());
            true
        });
    }

    #[test]
    #[ignore = "must fail; `the_model_finds_lost_wake_ups` runs it"]
    fn wrong_rest_without_a_last_look() {
        run(|model, _| model.bell.rest(|| false, || model.arm()).is_some());
    }

    #[test]
    fn the_model_finds_lost_wake_ups() {
        for wrong in ["wrong_arming_before_the_bell_is_lowered", "wrong_rest_without_a_last_look"] {
            let name = format!("wake::tests::{wrong}");
            let run = std::process::Command::new(std::env::current_exe().expect("this test"))
                .args(["--ignored", "--exact", &name, "--nocapture"])
                .env("RUST_BACKTRACE", "0")
                .output()
                .expect("a process");
            assert!(!run.status.success(), "{wrong}");
            let said = String::from_utf8_lossy(&run.stderr);
            assert!(said.contains("deadlock"), "{wrong}: {said}");
        }
    }
}
