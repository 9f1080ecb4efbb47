//! The threadsafe function: the only way into Node's loop. It carries nothing; it means "look".

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::*;
use napi::{check_status, sys};

use crate::wake;

/// Wakes the JS thread at most once until it has looked.
pub(super) struct Bell {
    due: wake::Bell,
    /// How often the function was called.
    calls: AtomicU64,
    // Taken only when the JS thread is to be woken from outside, never for data; `None` once the environment goes down.
    function: Mutex<Option<Function>>,
}

#[derive(Clone, Copy)]
struct Function(sys::napi_threadsafe_function);

// SAFETY: Node-API allows a threadsafe function to be called on any thread; the mutex above keeps it alive for the call.
unsafe impl Send for Function {}

impl Bell {
    /// Makes the threadsafe function around the JS dispatcher, not keeping the loop alive yet. `resource` is what async hooks
    /// are shown for it.
    pub(super) fn new(
        env: &Env,
        dispatch: &napi::bindgen_prelude::Function<'_, (), ()>,
        resource: &Object<'_>,
    ) -> Result<Arc<Self>> {
        let name = env.create_string("bun-sockets")?;
        let mut function = ptr::null_mut();
        // SAFETY: every handle belongs to `env` and is alive in this call; null stands for "none" where it is allowed.
        check_status!(unsafe {
            sys::napi_create_threadsafe_function(
                env.raw(),
                dispatch.raw(),
                resource.raw(),
                name.raw(),
                0,
                1,
                ptr::null_mut(),
                None,
                ptr::null_mut(),
                Some(look),
                &raw mut function,
            )
        })?;
        // SAFETY: the function was made above, on this thread.
        check_status!(unsafe { sys::napi_unref_threadsafe_function(env.raw(), function) })?;
        Ok(Arc::new(Self {
            due: wake::Bell::new(),
            calls: AtomicU64::new(0),
            function: Mutex::new(Some(Function(function))),
        }))
    }

    /// Makes the JS thread look, unless it is going to anyway. From any thread.
    pub(super) fn ring(&self) {
        self.due.ring(|| self.call());
    }

    /// Calls the function, whether or not a look is due.
    pub(super) fn call(&self) {
        let function = self.function.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Function(function)) = *function {
            self.calls.fetch_add(1, Ordering::Relaxed);
            // SAFETY: the lock keeps the function from being given up meanwhile.
            let status = unsafe {
                sys::napi_call_threadsafe_function(
                    function,
                    ptr::null_mut(),
                    sys::ThreadsafeFunctionCallMode::nonblocking,
                )
            };
            // The queue has no limit, so only an environment that is going down refuses.
            debug_assert!(status == sys::Status::napi_ok || status == sys::Status::napi_closing);
        }
    }

    /// How often the function was called so far.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// A look is due even though nobody rang: the loop comes back by itself.
    pub(super) fn expect_look(&self) {
        self.due.expect_look();
    }

    /// The JS thread has looked at everything: [`wake::Bell::rest`].
    pub(super) fn rest<R>(&self, found: impl FnOnce() -> bool, sleep: impl FnOnce() -> R) -> Option<R> {
        self.due.rest(found, sleep)
    }

    /// Lets the threadsafe function keep the loop alive, or not. On the JS thread only.
    pub(super) fn keep_alive(&self, env: sys::napi_env, on: bool) {
        let function = self.function.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Function(function)) = *function {
            let status = if on {
                // SAFETY: this is the thread of `env`, and the function is alive under the lock.
                unsafe { sys::napi_ref_threadsafe_function(env, function) }
            } else {
                // SAFETY: as above.
                unsafe { sys::napi_unref_threadsafe_function(env, function) }
            };
            debug_assert_eq!(status, sys::Status::napi_ok);
        }
    }

    /// The environment goes down: nobody rings any more.
    pub(super) fn silence(&self) {
        self.function.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Runs on the JS thread: one call of the dispatcher, which handles everything that is ready.
unsafe extern "C" fn look(env: sys::napi_env, dispatch: sys::napi_value, _context: *mut c_void, _data: *mut c_void) {
    if env.is_null() || dispatch.is_null() {
        return;
    }
    let mut this = ptr::null_mut();
    // SAFETY: `env` is alive in this callback.
    if unsafe { sys::napi_get_undefined(env, &raw mut this) } != sys::Status::napi_ok {
        return;
    }
    // The dispatcher contains every exception of a handler; what is pending after it can only be the end of a worker,
    // which Node deals with.
    // SAFETY: both handles belong to `env`; a null result is allowed, and so are no arguments.
    let status = unsafe { sys::napi_call_function(env, this, dispatch, 0, ptr::null(), ptr::null_mut()) };
    debug_assert!(status == sys::Status::napi_ok || status == sys::Status::napi_pending_exception);
}
