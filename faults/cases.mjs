// Which calls are made to fail, how, and what may come of it.

/** Errors after which nothing may be missing: everything arrives, nobody is told of anything. */
const PASSING = {
  send: ['EINTR', 'EAGAIN', 'ENOBUFS', 'ENOMEM', 'cut'],
  recv: ['EINTR', 'EAGAIN', 'ENOBUFS', 'ENOMEM', 'cut'],
  accept4: ['EINTR', 'EAGAIN', 'ECONNABORTED', 'EPROTO', 'EPERM', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'ETIMEDOUT'],
  connect: ['EINTR'],
};

/** Errors that end a connection or an attempt: somebody is told, with this very code, and nobody else is touched. */
const FATAL = {
  send: ['EPIPE', 'ETIMEDOUT', 'ECONNRESET'],
  recv: ['ETIMEDOUT', 'ECONNRESET', 'EHOSTUNREACH'],
  connect: ['ETIMEDOUT', 'ECONNREFUSED', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EAGAIN', 'EPERM', 'EACCES', 'ENOBUFS'],
  socket: ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EACCES'],
  setsockopt: ['ENOMEM', 'ENOBUFS', 'EINVAL'],
  getsockopt: ['ENOBUFS', 'ENOMEM'],
  epoll_add: ['ENOMEM', 'ENOSPC', 'EPERM'],
  epoll_del: ['ENOMEM'],
  getaddrinfo: ['EAI_AGAIN', 'EAI_FAIL', 'EAI_MEMORY', 'EMFILE', 'ENOMEM'],
};

/** The calls that a kind of connection makes; what sends several records is `sendmsg`, and `send` what sends one, or a flight. */
const CALLS = {
  tcp: { send: ['send'], recv: ['recv'], rest: ['accept4', 'connect', 'socket', 'setsockopt', 'epoll_add'] },
  unix: { send: ['send'], recv: ['recv'], rest: ['accept4', 'connect', 'socket', 'epoll_add'] },
  name: {
    send: ['send'],
    recv: ['recv'],
    rest: ['accept4', 'connect', 'socket', 'setsockopt', 'getsockopt', 'epoll_add', 'epoll_del', 'getaddrinfo'],
  },
  tls: {
    send: ['send', 'sendmsg'],
    recv: ['recv'],
    rest: ['accept4', 'connect', 'socket', 'setsockopt', 'epoll_add'],
  },
};

/** Once near the beginning, once in the middle of things, several in a row, and again and again. */
const PASSING_WHEN = ['1', '2', '3', '7', '1-5', '*2', '*3', '*7'];
const FATAL_WHEN = ['1', '2', '3', '4', '2-3'];
/** There are four connections. */
const CONNECT_WHEN = ['1', '2', '4', '1-3', '*2'];
/** And not always a fifth look at the backlog. */
const ACCEPT_WHEN = ['1', '2', '3', '1-5', '*2', '*3'];

function* casesOf(transport) {
  const kinds = CALLS[transport];
  const real = { send: kinds.send, recv: kinds.recv };
  for (const kind of ['send', 'recv', ...kinds.rest]) {
    for (const call of real[kind] ?? [kind]) {
      for (const error of PASSING[kind] ?? []) {
        // tokio takes an interrupted connect for a failed one; Linux never interrupts one that does not block.
        const harmless = !(transport === 'name' && call === 'connect');
        for (const when of { accept4: ACCEPT_WHEN, connect: CONNECT_WHEN }[kind] ?? PASSING_WHEN) {
          yield { transport, faults: `${call}:${when}:${error}`, harmless, codes: harmless ? [] : [error, 'nothing'] };
        }
      }
      for (const error of FATAL[kind] ?? []) {
        for (const when of FATAL_WHEN) {
          yield { transport, faults: `${call}:${when}:${error}`, harmless: false, codes: codesOf(kind, error) };
        }
      }
    }
  }
}

function codesOf(kind, error) {
  // A lookup that failed for whatever reason is a name without an address: the only failure that Bun knows.
  if (kind === 'getaddrinfo') return ['ENOTFOUND'];
  const codes = [error];
  // What is set on an accepted connection, or asked of one that works, is not missed; racing goes on to another address.
  if (['setsockopt', 'getsockopt', 'epoll_del', 'epoll_add'].includes(kind)) codes.push('nothing');
  // EPIPE alone ends nothing: what follows it does.
  if (error === 'EPIPE') codes.push('nothing');
  return codes;
}

export const all = Object.keys(CALLS).flatMap((transport) => [...casesOf(transport)]);
