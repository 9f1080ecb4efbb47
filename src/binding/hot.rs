//! The functions that run for every message.
//!
//! They take small integers and leave their results in the shared record: no value is made, no argument is converted.

use std::cell::RefCell;
use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use napi::bindgen_prelude::*;
use napi::{check_status, sys};

use super::datagram;
use super::engine::Core;
use crate::reactor::{Event, Next};
use crate::stream::{Ended, StreamEvent, Written};
use crate::sys::{PREFETCHES, expect_foreign_frees, prefetch_behind};
use crate::tls::Session;
use crate::udp::{Found, UdpEvent};

/// How many numbers the record has.
pub(super) const RECORD: usize = 16;
/// The number that says which socket a [`SocketHandle`](super::socket::SocketHandle) stands for; `lib/connection.js` knows it, too.
const SELECTED: usize = 15;

// What a record's first number can be; `lib/engine.js` has the same list.
const NOTHING: i32 = 0;
const ACCEPTED: i32 = 1;
const EXHAUSTED: i32 = 2;
const CONNECTED: i32 = 3;
const CONNECT_FAILED: i32 = 4;
const DATA: i32 = 5;
const BULK: i32 = 6;
const END: i32 = 7;
const DRAIN: i32 = 8;
const CLOSED: i32 = 9;
const HANDSHAKEN: i32 = 10;
const HANDSHAKE_FAILED: i32 = 11;
const RAW: i32 = 12;
const BROKEN: i32 = 13;
const HELLO: i32 = 14;
const DATAGRAM: i32 = 20;
const FAILED: i32 = 21;

// What a `HANDSHAKEN` says of the handshake; `lib/tls-state.js` has the same bits. The length of the name that the client has announced
// follows, and the name is in the scratch memory.
const AUTHORIZED: i32 = 1;
const REFUSED: i32 = 2;
const NAME_MATCHES: i32 = 4;
const HAS_PROBLEM: i32 = 8;
const HAS_PROTOCOL: i32 = 16;

/// Bytes of an event up to which V8 needs no memory from the allocator.
const ON_HEAP: usize = 64;

// Where the error of a `FAILED` was found; `lib/udp.js` has the same list.
const PENDING: i32 = 0;
const QUEUED: i32 = 1;
const SENDING: i32 = 2;

type Arguments<const N: usize> = [sys::napi_value; N];

/// Makes the functions, bound to one engine.
pub(super) fn functions<'a>(env: &Env, core: &Rc<Core>) -> Result<Object<'a>> {
    let all = Object::new(env)?;
    let list: [(&CStr, sys::napi_callback); 13] = [
        (c"begin", Some(begin)),
        (c"next", Some(next)),
        (c"write", Some(write)),
        (c"writeBytes", Some(write_bytes)),
        (c"end", Some(end)),
        (c"endBytes", Some(end_bytes)),
        (c"receive", Some(receive)),
        (c"close", Some(close)),
        (c"terminate", Some(terminate)),
        (c"raise", Some(raise)),
        (c"sendDatagram", Some(datagram::send)),
        (c"sendDatagramBytes", Some(datagram::send_bytes)),
        (c"sendDatagrams", Some(datagram::send_many)),
    ];
    let prefetch: (&CStr, sys::napi_callback) = (c"prefetchBehind", Some(prefetch_behind_event));
    for (name, callback) in list.into_iter().chain(PREFETCHES.then_some(prefetch)) {
        // The environment's cleanup hook holds the core until no JavaScript can run any more.
        let data = Rc::as_ptr(core).cast_mut().cast();
        let mut function = ptr::null_mut();
        // SAFETY: the name is NUL-terminated, and `data` is what the callbacks below expect.
        check_status!(unsafe {
            sys::napi_create_function(
                env.raw(),
                name.as_ptr(),
                name.count_bytes().cast_signed(),
                callback,
                data,
                &raw mut function,
            )
        })?;
        // SAFETY: object, name and function belong to `env`.
        check_status!(unsafe { sys::napi_set_named_property(env.raw(), all.raw(), name.as_ptr(), function) })?;
    }
    Ok(all)
}

/// Runs `work` with the engine and the arguments; a panic becomes an exception.
///
/// # Safety
///
/// `env` and `info` are those of a running callback of a function that [`functions`] made.
pub(super) unsafe fn enter<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    work: impl FnOnce(&Core, Arguments<N>),
) -> sys::napi_value {
    let mut arguments: Arguments<N> = [ptr::null_mut(); N];
    let (mut count, mut data) = (N, ptr::null_mut::<c_void>());
    // SAFETY: the caller's promise; `arguments` has room for `count` values.
    let status = unsafe {
        sys::napi_get_cb_info(env, info, &raw mut count, arguments.as_mut_ptr(), ptr::null_mut(), &raw mut data)
    };
    if status != sys::Status::napi_ok || data.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: `functions` took `data` from the `Rc<Core>` that the cleanup hook holds while JavaScript can run.
    let core = unsafe { &*data.cast_const().cast::<Core>() };
    if catch_unwind(AssertUnwindSafe(|| work(core, arguments))).is_err() {
        // SAFETY: the texts are NUL-terminated; a null code is allowed.
        unsafe { sys::napi_throw_error(env, ptr::null(), c"internal error in bun-sockets: please report it".as_ptr()) };
    }
    ptr::null_mut()
}

pub(super) fn integer(env: sys::napi_env, value: sys::napi_value) -> u32 {
    let mut number = 0;
    // SAFETY: `value` belongs to the running callback of `env`; what is no number leaves 0.
    unsafe { sys::napi_get_value_uint32(env, value, &raw mut number) };
    number
}

/// The bytes of a typed array, for the time of the running callback.
pub(super) fn bytes<'a>(env: sys::napi_env, value: sys::napi_value) -> &'a mut [u8] {
    let (mut length, mut start, mut kind) = (0, ptr::null_mut(), 0);
    // SAFETY: `value` belongs to the running callback; the outputs that aren't wanted may be null.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            env,
            value,
            &raw mut kind,
            &raw mut length,
            &raw mut start,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    if status != sys::Status::napi_ok || start.is_null() {
        return &mut [];
    }
    // SAFETY: the JS half passes arrays of bytes only; JS does not run while the slice is in use.
    unsafe { std::slice::from_raw_parts_mut(start.cast(), length) }
}

/// JavaScript is going to make memory for so many bytes.
pub(super) fn expect_memory(length: usize) {
    if length > ON_HEAP {
        expect_foreign_frees();
    }
}

impl Core {
    pub(super) fn tell(&self, numbers: &[i32]) {
        // SAFETY: no other slice of the record is alive, and JS does not run.
        let record = unsafe { self.record.slice() };
        record[..numbers.len()].copy_from_slice(numbers);
    }

    /// The slot of the socket that the JS half means, unless it means none.
    pub(super) fn selected(&self) -> Option<u32> {
        // SAFETY: no other slice of the record is alive, and JS does not run.
        u32::try_from(unsafe { self.record.slice() }[SELECTED]).ok()
    }

    /// The slot and the length that the JS half has left in the record.
    fn told(&self) -> (u32, usize) {
        // SAFETY: no other slice of the record is alive, and JS does not run.
        let record = unsafe { self.record.slice() };
        (record[0].cast_unsigned(), record[1].cast_unsigned() as usize)
    }

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "after a system call each return to a caller from before it is mispredicted"
    )]
    fn send(&self, slot: u32, bytes: &[u8]) {
        let written = self.with(|reactor| reactor.write(slot, bytes)).flatten();
        self.tell(&[match written {
            Some(Written::Taken(count)) => {
                self.counters.sent.add(count);
                i32::try_from(count).unwrap_or(i32::MAX)
            }
            Some(Written::Refused) | None => -1,
        }]);
    }

    /// Tells 1 if the socket is closed with it, 0 if it closes later, -1 if nothing could be sent.
    fn finish(&self, slot: u32, bytes: &[u8]) {
        let told = self.with(|reactor| {
            let ended = reactor.with_stream(slot, |stream| stream.end(bytes));
            if matches!(ended, Some(Ended::Close | Ended::Later)) {
                self.counters.sent.add(bytes.len());
            }
            match ended {
                Some(Ended::Later) => 0,
                Some(Ended::Refused) => -1,
                Some(Ended::Close) | None => {
                    reactor.close(slot);
                    1
                }
            }
        });
        self.tell(&[told.unwrap_or(1)]);
    }

    #[inline]
    fn stream_event(&self, slot: u32, event: StreamEvent) {
        let (kind, detail) = match event {
            StreamEvent::Data(count) => {
                self.counters.received.add(count);
                expect_memory(count);
                (DATA, i32::try_from(count).unwrap_or(i32::MAX))
            }
            StreamEvent::Bulk(count) => (BULK, i32::try_from(count).unwrap_or(i32::MAX)),
            StreamEvent::End => (END, i32::from(self.stays_half_open(slot))),
            StreamEvent::Drain => (DRAIN, 0),
            StreamEvent::Hello => (HELLO, 0),
            StreamEvent::Raw(count) => (RAW, i32::try_from(count).unwrap_or(i32::MAX)),
            StreamEvent::Broken(failure) => {
                self.broken.set(Some(failure));
                (BROKEN, 0)
            }
            StreamEvent::Closed(failure) => (CLOSED, failure.map_or(0, crate::failure::Failure::number)),
        };
        self.tell(&[kind, slot.cast_signed(), detail]);
    }

    fn stays_half_open(&self, slot: u32) -> bool {
        self.with(|reactor| reactor.stream(slot).is_some_and(|stream| stream.stays_half_open())).unwrap_or(false)
    }

    fn event(&self, event: Event) {
        self.counters.events.add(1);
        match event {
            Event::Stream(slot, event) => self.stream_event(slot, event),
            Event::Accepted { listener, socket } => {
                self.tell(&[ACCEPTED, socket.cast_signed(), listener.cast_signed()]);
            }
            Event::Exhausted(listener) => self.tell(&[EXHAUSTED, listener.cast_signed()]),
            Event::Connected { socket, followed } => self.tell(&[CONNECTED, socket.cast_signed(), followed.into()]),
            Event::ConnectFailed(slot, lost) => {
                self.tell(&[CONNECT_FAILED, slot.cast_signed(), lost.failure.number()]);
                *self.lost.borrow_mut() = Some(lost);
            }
            Event::Handshaken(slot) => {
                // SAFETY: no other slice of the scratch memory is alive, and JS does not run.
                let scratch = unsafe { self.scratch.slice() };
                let settled = self.with(|reactor| {
                    let session = reactor.stream(slot)?.session()?;
                    let name = session.server_name().unwrap_or_default().as_bytes();
                    let length = name.len().min(scratch.len());
                    scratch[..length].copy_from_slice(&name[..length]);
                    Some((settled(session), i32::try_from(length).unwrap_or(0)))
                });
                let (bits, name_length) = settled.flatten().unwrap_or_default();
                self.tell(&[HANDSHAKEN, slot.cast_signed(), bits, name_length]);
            }
            Event::HandshakeFailed(slot, failed) => {
                *self.failed.borrow_mut() = Some(failed);
                self.tell(&[HANDSHAKE_FAILED, slot.cast_signed()]);
            }
            Event::Udp(slot, event) => match event {
                UdpEvent::Datagram(arrived) => self.tell_datagram(DATAGRAM, slot, &arrived),
                UdpEvent::Drain => self.tell(&[DRAIN, slot.cast_signed()]),
                UdpEvent::Failed { failure, found } => {
                    let found = match found {
                        Found::Pending => PENDING,
                        Found::Queued => QUEUED,
                        Found::Sending => SENDING,
                    };
                    self.tell(&[FAILED, slot.cast_signed(), failure.number(), found]);
                }
            },
        }
    }
}

fn settled(session: &Session) -> i32 {
    let said = [
        (AUTHORIZED, session.authorized()),
        (REFUSED, session.is_refused()),
        (NAME_MATCHES, session.name_matches()),
        (HAS_PROBLEM, session.authorization_problem().is_some()),
        (HAS_PROTOCOL, session.alpn_protocol().is_some()),
    ];
    said.into_iter().filter(|(_, holds)| *holds).fold(0, |bits, (bit, _)| bits | bit)
}

unsafe extern "C" fn begin(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: `functions` made the function that runs.
    unsafe {
        enter::<1>(env, info, |core, [early]| {
            core.bell.expect_look();
            let early = integer(env, early) != 0;
            core.with(|reactor| reactor.begin(early));
        })
    }
}

/// The next event's record. `NOTHING` is followed by 1 if the loop must come back by itself.
unsafe extern "C" fn next(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: `functions` made the function that runs.
    unsafe {
        enter::<0>(env, info, |core, []| {
            // SAFETY: no other slice of the scratch memory is alive, and JS does not run.
            let scratch = core.scratch.slice();
            if let Some((slot, event)) = core.with(|reactor| reactor.next_bytes(scratch)).flatten() {
                core.counters.events.add(1);
                core.stream_event(slot, event);
                return;
            }
            let next = core.with(|reactor| {
                let next = reactor.next(scratch)?;
                if !matches!(next, Next::Event(_)) && reactor.has_told() {
                    core.counters.batches.add(1);
                }
                if !matches!(next, Next::Idle) {
                    return Ok(next);
                }
                // The reactor is needed for two things, one after the other.
                let reactor = RefCell::new(reactor);
                match core.bell.rest(|| reactor.borrow_mut().take_finished(), || reactor.borrow_mut().sleep()) {
                    Some(slept) => slept.map(|()| Next::Idle),
                    None => Ok(Next::Yield),
                }
            });
            match next {
                Some(Ok(Next::Event(event))) => core.event(event),
                Some(Ok(Next::Idle)) | None => core.tell(&[NOTHING, 0]),
                // A poll that fails is not known to occur; trying again in the next turn is all that can be done.
                Some(Ok(Next::Yield) | Err(_)) => core.tell(&[NOTHING, 1]),
            }
        })
    }
}

/// Writes from the scratch memory. Slot and length are in the record: an argument costs 5 ns. The result is the count, or -1.
unsafe extern "C" fn write(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: `functions` made the function that runs.
    unsafe {
        enter::<0>(env, info, |core, []| {
            let (slot, length) = core.told();
            // SAFETY: no other slice of the scratch memory is alive, and JS does not run.
            let scratch = core.scratch.slice();
            core.send(slot, &scratch[..length.min(scratch.len())]);
        })
    }
}

/// `(slot, bytes)`: the result is the count, or -1.
unsafe extern "C" fn write_bytes(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: `functions` made the function that runs.
    unsafe { enter::<2>(env, info, |core, [slot, data]| core.send(integer(env, slot), bytes(env, data))) }
}

/// `(slot, length)`: sends from the scratch memory and ends; the result is 1 if the socket is closed with it, 0 if later.
unsafe extern "C" fn end(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: `functions` made the function that runs.
    unsafe {
        enter::<2>(env, info, |core, [slot, length]| {
            let length = integer(env, length) as usize;
            // SAFETY: no other slice of the scratch memory is alive, and JS does not run.
            let scratch = core.scratch.slice();
            core.finish(integer(env, slot), &scratch[..length.min(scratch.len())]);
        })
    }
}

/// `(slot, bytes)`: the result is 1 if the socket is closed with it, 0 if later, -1 if nothing could be sent.
unsafe extern "C" fn end_bytes(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: `functions` made the function that runs.
    unsafe { enter::<2>(env, info, |core, [slot, data]| core.finish(integer(env, slot), bytes(env, data))) }
}

/// `(slot, bytes)`: fills the bytes; the result is the count.
unsafe extern "C" fn receive(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: `functions` made the function that runs.
    unsafe {
        enter::<2>(env, info, |core, [slot, into]| {
            let count = core.with(|reactor| reactor.receive(integer(env, slot), bytes(env, into)));
            let count = count.unwrap_or(0);
            core.counters.received.add(count);
            core.tell(&[i32::try_from(count).unwrap_or(i32::MAX)]);
        })
    }
}

/// `(bytes)`, those of an event: the memory of the next one will probably follow.
unsafe extern "C" fn prefetch_behind_event(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: `functions` made the function that runs.
    unsafe { enter::<1>(env, info, |_, [made]| prefetch_behind(bytes(env, made))) }
}

/// `(slot)`
unsafe extern "C" fn close(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: `functions` made the function that runs.
    unsafe {
        enter::<1>(env, info, |core, [slot]| {
            core.with(|reactor| reactor.close(integer(env, slot)));
        })
    }
}

/// `(slot)`: closes with RST.
unsafe extern "C" fn terminate(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: `functions` made the function that runs.
    unsafe {
        enter::<1>(env, info, |core, [slot]| {
            core.with(|reactor| {
                let slot = integer(env, slot);
                if let Some(stream) = reactor.stream(slot) {
                    // A socket that has failed can't be reset, and needs not be.
                    drop(stream.io().reset_on_close());
                }
                reactor.discard(slot);
            });
        })
    }
}

/// `(error)`: an uncaught exception, as if nobody had caught it.
unsafe extern "C" fn raise(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut error = ptr::null_mut();
    // SAFETY: the callback runs.
    unsafe {
        enter::<1>(env, info, |_, [value]| error = value);
    }
    if !error.is_null() {
        // SAFETY: the value belongs to the running callback, and no exception is pending.
        unsafe { sys::napi_fatal_exception(env, error) };
    }
    ptr::null_mut()
}
