//! The reactor of one environment, reachable from JS.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi::{check_status, sys};
use napi_derive::napi;

use super::counters::{Counted, Counters};
use super::tls::{HandshakeReport, ProtocolReport};
use super::wake::Bell;
use super::{datagram, hot};
use crate::address::{self, Literal};
use crate::aligned;
use crate::connect::RaceLost;
use crate::failure::Failure;
use crate::lookup::{addresses_to_bind, first_that_works};
use crate::reactor::{Reactor, Target, Wake};
use crate::stream::READ_LIMIT;
use crate::sys::{ALREADY_THERE, DatagramIo, DatagramSharing, ListenerIo, Sharing};
use crate::tls::{Failed, ProtocolFailure};

thread_local! {
    /// The engines of this thread: one for each copy of the JS half that was loaded.
    static ENGINES: RefCell<Vec<Weak<Core>>> = const { RefCell::new(Vec::new()) };
}

/// What the functions of one environment share. Never held across a call into JS.
pub(super) struct Core {
    pub(super) env: sys::napi_env,
    pub(super) reactor: RefCell<Option<Reactor>>,
    pub(super) bell: Arc<Bell>,
    pub(super) record: Memory<i32>,
    pub(super) scratch: Memory<u8>,
    pub(super) lost: RefCell<Option<Box<RaceLost>>>,
    pub(super) failed: RefCell<Option<Box<Failed<()>>>>,
    pub(super) broken: Cell<Option<ProtocolFailure>>,
    /// Who sent the datagram that the record has.
    pub(super) sender: Cell<Option<SocketAddr>>,
    pub(super) counters: Counters,
    kept_alive: Cell<bool>,
}

/// Memory of a typed array that the JS half and this one share, kept alive by a reference until the environment ends.
pub(super) struct Memory<T> {
    start: *mut T,
    length: usize,
    reference: sys::napi_ref,
}

impl<T> Memory<T> {
    /// The memory.
    ///
    /// # Safety
    ///
    /// Only one slice at a time, on the JS thread, and not across a call into JS.
    #[expect(clippy::mut_from_ref, reason = "the memory is V8's; the caller promises to be alone")]
    pub(super) unsafe fn slice(&self) -> &mut [T] {
        // SAFETY: V8 never moves the backing store of an array that is not detached, and nothing detaches these two: no
        // program can reach them.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.length) }
    }

    fn of(env: &Env, array: sys::napi_value, at_least: usize) -> Result<Self> {
        let (mut length, mut start) = (0, std::ptr::null_mut());
        // SAFETY: `array` belongs to `env`; the outputs that aren't wanted may be null.
        check_status!(unsafe {
            sys::napi_get_typedarray_info(
                env.raw(),
                array,
                std::ptr::null_mut(),
                &raw mut length,
                &raw mut start,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
            )
        })?;
        if length < at_least || start.is_null() {
            return Err(Error::new(Status::InvalidArg, "the shared memory is too small"));
        }
        let mut reference = std::ptr::null_mut();
        // SAFETY: `array` is an object of `env`.
        check_status!(unsafe { sys::napi_create_reference(env.raw(), array, 1, &raw mut reference) })?;
        Ok(Self { start: start.cast(), length, reference })
    }

    /// Gives the reference back, which does not end with the environment by itself.
    ///
    /// # Safety
    ///
    /// Only once, on the JS thread, in the environment's cleanup: no slice may be taken afterwards.
    unsafe fn release(&self, env: sys::napi_env) {
        // SAFETY: the reference is of this environment, as the caller promises still alive, and not deleted yet.
        unsafe { sys::napi_delete_reference(env, self.reference) };
    }
}

impl Core {
    /// The engine of this thread with this number, unless its environment is gone.
    pub(super) fn numbered(id: u32) -> Option<Rc<Self>> {
        ENGINES.with_borrow(|engines| engines.get(id as usize)?.upgrade())
    }

    /// Works with the reactor, and lets the loop live as long as it has something that keeps it alive.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Reactor) -> T) -> Option<T> {
        let (result, alive) = {
            let mut reactor = self.reactor.borrow_mut();
            let reactor = reactor.as_mut()?;
            let result = work(reactor);
            (result, reactor.is_referenced())
        };
        if self.kept_alive.replace(alive) != alive {
            self.bell.keep_alive(self.env, alive);
        }
        Some(result)
    }
}

/// The number of the error "bad file descriptor", as Node's table of system errors has it on this platform, positive.
#[napi]
pub const BAD_DESCRIPTOR: i32 = crate::sys::BAD_DESCRIPTOR;

/// The number of the error "invalid argument", likewise.
#[napi]
pub const INVALID: i32 = crate::sys::INVALID;

/// Bytes in a page: with so many more than are needed, the needed ones can begin at one.
#[napi]
pub const PAGE: u32 = aligned::PAGE;

/// At which of its bytes the first page in some memory begins.
#[napi]
#[must_use]
pub fn page_start(memory: &[u8]) -> u32 {
    u32::try_from(aligned::page_start(memory)).unwrap_or(0)
}

/// The engine: every socket of the JS thread, and the functions that make and drive them.
#[napi]
pub struct Engine {
    core: Rc<Core>,
    id: u32,
}

/// An address that a connect was tried with, and the error number it failed with.
#[napi(object)]
pub struct Attempt {
    /// The IP address.
    pub address: String,
    /// The port.
    pub port: u32,
    /// The positive error number, 0 for a name that does not resolve.
    pub errno: i32,
}

/// How a TCP listener binds.
#[napi(object)]
pub struct BindOptions {
    /// An IP address or a host name.
    pub hostname: String,
    /// 0 for any free one.
    pub port: u16,
    /// `SO_REUSEPORT`.
    pub reuse_port: bool,
    /// `IPV6_V6ONLY`.
    pub ipv6_only: bool,
    /// Whether accepted sockets stay open after the peer's FIN.
    pub allow_half_open: bool,
}

/// How a UDP socket binds.
#[napi(object)]
pub struct UdpOptions {
    /// An IP address or a host name.
    pub hostname: String,
    /// 0 for any free one.
    pub port: u16,
    /// `SO_REUSEPORT`.
    pub reuse_port: bool,
    /// `SO_REUSEADDR`.
    pub reuse_address: bool,
    /// `IPV6_V6ONLY`.
    pub ipv6_only: bool,
}

#[napi]
impl Engine {
    /// Makes an engine whose threadsafe function calls `dispatch`. `record` and `scratch` are shared memory: the first
    /// takes what an event is, the second its bytes. `resource` is what async hooks are shown.
    ///
    /// # Errors
    ///
    /// Node-API's, and the system's when it has no descriptor or thread left.
    #[napi(constructor)]
    pub fn new(
        env: Env,
        dispatch: Function<'_, (), ()>,
        record: Int32Array,
        scratch: Uint8Array,
        resource: Object<'_>,
    ) -> Result<Self> {
        crate::log::start();
        let record = raw_value(&env, record)?;
        let scratch = raw_value(&env, scratch)?;
        let bell = Bell::new(&env, &dispatch, &resource)?;
        let rings = Arc::clone(&bell);
        let reactor = Reactor::new(Wake::new(move || rings.ring()))
            .map_err(|error| Error::from_reason(format!("the socket engine could not start: {error}")))?;
        let core = Rc::new(Core {
            env: env.raw(),
            reactor: RefCell::new(Some(reactor)),
            bell,
            record: Memory::of(&env, record, hot::RECORD)?,
            scratch: Memory::of(&env, scratch, READ_LIMIT)?,
            lost: RefCell::new(None),
            failed: RefCell::new(None),
            broken: Cell::new(None),
            sender: Cell::new(None),
            counters: Counters::default(),
            kept_alive: Cell::new(false),
        });
        let hook = Rc::into_raw(Rc::clone(&core)).cast_mut().cast();
        // SAFETY: the hook takes the reference that `into_raw` gave. Hooks run in reverse order, so this one runs before the
        // threadsafe function, made earlier, is given up.
        check_status!(unsafe { sys::napi_add_env_cleanup_hook(env.raw(), Some(tear_down), hook) })?;
        let id = ENGINES.with_borrow_mut(|engines| {
            engines.push(Rc::downgrade(&core));
            u32::try_from(engines.len() - 1).unwrap_or(u32::MAX)
        });
        Ok(Self { core, id })
    }

    /// The number that handles are made with.
    #[napi(getter)]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Has the dispatcher called in a turn of the loop to come.
    #[napi]
    pub fn call_back(&self) {
        self.core.bell.call();
    }

    /// Whether anything of it keeps the process alive.
    #[napi(getter)]
    pub fn keeps_alive(&self) -> bool {
        self.core.kept_alive.get()
    }

    /// The functions that run for every message.
    ///
    /// # Errors
    ///
    /// Node-API's.
    #[napi]
    pub fn hot(&self, env: Env) -> Result<Object<'_>> {
        hot::functions(&env, &self.core)
    }

    /// Listens on a TCP address: the slot, or a negative error number; [`NOT_FOUND`] for a name that does not resolve.
    #[napi]
    pub fn listen_tcp(&self, options: BindOptions) -> i32 {
        let addresses = addresses_to_bind(&options.hostname, options.port);
        let sharing = Sharing { reuse_port: options.reuse_port, ipv6_only: options.ipv6_only };
        match first_that_works(addresses, |_| true, |address| ListenerIo::bind_tcp(address, sharing)) {
            Some(bound) => self.listen(bound, options.allow_half_open),
            None => NOT_FOUND,
        }
    }

    /// Listens on a unix path: the slot, or a negative error number.
    #[napi]
    pub fn listen_unix(&self, path: String, allow_half_open: bool) -> i32 {
        self.listen(ListenerIo::bind_unix(path.as_bytes()), allow_half_open)
    }

    /// Listens on the socket behind a descriptor: the slot, or a negative error number. As in Bun, all that cannot listen is EINVAL.
    #[napi]
    pub fn listen_descriptor(&self, descriptor: i32, allow_half_open: bool) -> i32 {
        let slot = self.slot_of(|reactor| reactor.adopt_listener(descriptor, allow_half_open));
        if slot >= 0 || slot == -ALREADY_THERE { slot } else { -INVALID }
    }

    /// Connects to an address or a name: the slot, and the outcome comes as an event; or the negative number of an error that was known at
    /// once. As in Bun, a local address that is none is ignored, and its port with it.
    #[napi]
    pub fn connect_tcp(
        &self,
        hostname: String,
        port: u16,
        local_address: String,
        local_port: u16,
        allow_half_open: bool,
    ) -> i32 {
        let local = Literal::parse(&local_address).map(|local| local.with_port(local_port));
        let target = match hostname.parse::<IpAddr>() {
            // The system refuses an IPv4 address for an IPv6 socket as it does on Bun; the other way round as if nobody listened.
            Ok(address) if local.is_none_or(|local| local.is_ipv4() || address.is_ipv6()) => {
                Target::Address(SocketAddr::new(address, port), local)
            }
            _ => Target::Name(hostname, port, local),
        };
        self.connect(target, allow_half_open)
    }

    /// Connects to a unix path: the slot, and the outcome comes as an event; or the negative number of an error that was known at once.
    #[napi]
    pub fn connect_unix(&self, path: String, allow_half_open: bool) -> i32 {
        self.connect(Target::Unix(path.into_bytes()), allow_half_open)
    }

    /// Takes a connected descriptor over: the slot, or a negative error number. No event tells that it is open.
    #[napi]
    pub fn connect_descriptor(&self, descriptor: i32, allow_half_open: bool) -> i32 {
        self.slot_of(|reactor| reactor.adopt_stream(descriptor, allow_half_open))
    }

    /// The single failures behind the last connect failure, if there were several addresses.
    #[napi]
    pub fn attempts(&self) -> Vec<Attempt> {
        let lost = self.core.lost.take();
        lost.map_or_else(Vec::new, |lost| {
            lost.attempts
                .iter()
                .map(|(address, failure)| Attempt {
                    address: address.ip().to_string(),
                    port: address.port().into(),
                    errno: failure.number(),
                })
                .collect()
        })
    }

    /// Why the last handshake failed.
    #[napi]
    pub fn handshake_failure(&self) -> Option<HandshakeReport> {
        self.core.failed.take().map(|failed| HandshakeReport::from(*failed))
    }

    /// What broke the last connection that was broken.
    #[napi]
    pub fn protocol_failure(&self) -> Option<ProtocolReport> {
        self.core.broken.take().map(ProtocolReport::from)
    }

    /// What the engine has done so far.
    #[napi]
    pub fn counted(&self) -> Counted {
        self.core.counters.read(self.core.bell.calls())
    }

    /// Gives memory of TLS handshakes back to the system. Milliseconds until more can be, 0 when nothing is left.
    #[napi]
    pub fn give_back(&self) -> u32 {
        let delay = self.core.with(Reactor::give_back).flatten();
        delay.map_or(0, |delay| u32::try_from(delay.as_millis() + 1).unwrap_or(u32::MAX))
    }

    /// Sends the replies to datagrams that wait for others, since there may be no later.
    #[napi]
    pub fn send_replies(&self) {
        self.core.with(Reactor::send_all_replies);
    }

    /// Turns spinning before going to sleep on or off.
    #[napi]
    pub fn set_spin(&self, on: bool) {
        self.core.with(|reactor| reactor.set_spin(on));
    }

    /// Has this thread make the handshakes that are quick, or other threads all.
    #[napi]
    pub fn set_shakes_hands(&self, on: bool) {
        self.core.with(|reactor| reactor.set_shakes_hands(on));
    }

    /// Opens a UDP socket: the slot, or a negative error number; [`NOT_FOUND`] for a name that does not resolve.
    #[napi]
    pub fn open_udp(&self, options: UdpOptions) -> i32 {
        let addresses = addresses_to_bind(&options.hostname, options.port);
        let sharing = DatagramSharing {
            reuse_port: options.reuse_port,
            reuse_address: options.reuse_address,
            ipv6_only: options.ipv6_only,
        };
        // As on Bun, another address does not do where one is taken; it has to where this machine does not have one.
        let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::AddrNotAvailable;
        let bound = first_that_works(addresses, is_missing, |address| DatagramIo::bind(address, sharing));
        let Some(bound) = bound else { return NOT_FOUND };
        self.slot_of(|reactor| reactor.open_udp(bound?))
    }

    /// Takes over the UDP socket behind a descriptor: the slot, or a negative error number.
    #[napi]
    pub fn adopt_udp(&self, descriptor: i32) -> i32 {
        self.slot_of(|reactor| reactor.adopt_udp(descriptor))
    }

    /// What the numbers of an address literal are, as records and packets have them: family (4 or 6), the address in four
    /// numbers, scope. `None` for what is none.
    #[napi]
    pub fn parse_address(&self, text: String) -> Option<Vec<i32>> {
        Literal::parse(&text).map(|literal| datagram::numbers(literal).to_vec())
    }

    /// The text of the address that the last record of a datagram has.
    #[napi]
    pub fn sender(&self) -> String {
        self.core.sender.get().map(address::display).unwrap_or_default()
    }

    fn slot_of(&self, open: impl FnOnce(&mut Reactor) -> io::Result<u32>) -> i32 {
        let opened =
            self.core.with(open).unwrap_or_else(|| Err(io::Error::from_raw_os_error(crate::sys::BAD_DESCRIPTOR)));
        match opened {
            Ok(slot) => slot.cast_signed(),
            Err(error) => -Failure::from(error).number(),
        }
    }

    fn listen(&self, io: io::Result<ListenerIo>, allow_half_open: bool) -> i32 {
        self.slot_of(|reactor| reactor.listen(io?, allow_half_open))
    }

    fn connect(&self, target: Target, allow_half_open: bool) -> i32 {
        let connected = self.core.with(|reactor| {
            let slot = reactor.connect(target, allow_half_open);
            reactor.take_failed(slot).map_or(Ok(slot), Err)
        });
        match connected {
            Some(Ok(slot)) => slot.cast_signed(),
            Some(Err(lost)) => {
                // Only a name can be lost without a number, and that takes time.
                let number = lost.failure.number();
                *self.core.lost.borrow_mut() = Some(lost);
                -number
            }
            None => -crate::sys::BAD_DESCRIPTOR,
        }
    }
}

/// A host name that does not resolve, where an error number is expected.
#[napi]
pub const NOT_FOUND: i32 = -100_000;

fn raw_value<T: ToNapiValue>(env: &Env, value: T) -> Result<sys::napi_value> {
    // SAFETY: `env` is the environment of the running call.
    unsafe { T::to_napi_value(env.raw(), value) }
}

/// Ends the watcher thread and closes every socket before Node takes the environment apart.
unsafe extern "C" fn tear_down(core: *mut c_void) {
    // SAFETY: `Engine::new` gave this reference to the hook, which runs once.
    let core = unsafe { Rc::from_raw(core.cast_const().cast::<Core>()) };
    core.bell.silence();
    drop(core.reactor.take());
    // SAFETY: the hook runs once, on the JS thread; no function of the engine is called after it.
    unsafe { core.record.release(core.env) };
    // SAFETY: as above.
    unsafe { core.scratch.release(core.env) };
}
