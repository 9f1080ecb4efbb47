// Which calls of UDP sockets are made to fail, and what programs must see then.

const WHEN = ['1', '2', '7', '3-5', '*2', '*3', '*7'];
/** Sockets are opened a few times only. */
const OPEN_WHEN = ['1', '2', '1-2', '3'];

/** What refuses a single datagram. */
const REFUSING = ['EPERM', 'ENETUNREACH', 'ECONNREFUSED', 'EACCES', 'EHOSTUNREACH'];
const NO_ROOM = ['EAGAIN', 'ENOBUFS', 'ENOMEM'];

/**
 * What must come of it; see `judgeDatagrams`.
 * @typedef {'passes' | 'short' | 'throws' | 'refuses' | 'told' | 'retried' | 'fails' | 'maybe fails'} Outcome
 */

/** @returns {Generator<{ how: string, quiet?: boolean, faults: string, outcome: Outcome }>} */
function* cases() {
  const each = function* (how, call, errors, outcome, when = WHEN, more = {}) {
    for (const error of errors)
      for (const at of when) yield { how, faults: `${call}:${at}:${error}`, outcome, ...more };
  };
  for (const [how, call] of [
    ['send', 'sendto'],
    ['connected', 'send'],
  ]) {
    yield* each(how, call, ['EINTR'], 'passes');
    yield* each(how, call, NO_ROOM, 'short');
    yield* each(how, call, REFUSING, 'throws');
  }
  for (const how of ['many', 'long']) {
    const when = how === 'long' ? ['1', '2', '4', '2-3', '*2', '*3'] : WHEN;
    yield* each(how, 'sendmmsg', ['EINTR'], 'passes', when);
    yield* each(how, 'sendmmsg', NO_ROOM, 'short', when);
    yield* each(how, 'sendmmsg', REFUSING, 'refuses', when);
    // A device or a kernel that does not cut a run of datagrams is offered them one by one.
    yield* each(how, 'sendmmsg', ['EIO', 'EINVAL', 'EMSGSIZE'], 'refuses', when);
    yield* each(how, 'sendmmsg', ['cut'], 'short', how === 'long' ? ['1', '2', '*2'] : ['2', '3-5', '*2', '*3']);
  }
  // The first call for replies; the questions are a call of their own before.
  yield* each('replies', 'sendmmsg', ['EINTR'], 'passes');
  yield* each('replies', 'sendmmsg', [...NO_ROOM, 'cut'], 'retried');
  yield* each('replies', 'sendmmsg', REFUSING, 'retried', [...WHEN, '2-4', '4-9']);
  for (const quiet of [false, true]) {
    const more = quiet ? { quiet } : {};
    for (const how of ['send', 'many']) {
      yield* each(how, 'recvmmsg', ['EINTR', 'EAGAIN', 'cut'], 'passes', WHEN, more);
      yield* each(how, 'recvmmsg', ['ENOBUFS', 'ENOMEM', ...REFUSING], 'told', WHEN, more);
    }
  }
  yield* each('dead', 'recvmsg', ['EINTR'], 'passes');
  yield* each('dead', 'recvmsg', ['ENOMEM', 'ENOBUFS', 'EPERM'], 'told');
  yield* each('send', 'socket', ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EACCES', 'EPERM'], 'fails', [
    '1',
    '2',
    '1-2',
  ]);
  yield* each('send', 'bind', ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'EPERM', 'ENOMEM', 'ENOBUFS'], 'fails', [
    '1',
    '2',
    '1-2',
  ]);
  yield* each(
    'connected',
    'connect',
    ['ENETUNREACH', 'EACCES', 'EPERM', 'EAGAIN', 'ENOBUFS', 'ECONNREFUSED'],
    'fails',
    ['1', '1-2', '1-3'],
  );
  yield* each('send', 'epoll_add', ['ENOMEM', 'ENOSPC', 'EPERM', 'EMFILE'], 'maybe fails', ['1', '2', '1-2']);
  yield* each('options', 'setsockopt', ['ENOMEM', 'ENOBUFS', 'EINVAL', 'EPERM'], 'maybe fails', [
    ...OPEN_WHEN,
    '4',
    '5',
    '6',
    '7',
    '8',
    '2-5',
  ]);
}

export const all = [...cases()];
export const COUNT = 200;

const sum = (counts) => Object.values(counts).reduce((total, n) => total + n, 0);

/** Complaints about a run; none if the program was told what it must be told, and nothing counted was lost. */
export function judgeDatagrams(run, { how, quiet, faults, outcome }) {
  if (run.late) return ['it did not end'];
  if (run.code !== 0 || run.result === undefined) return [`exit ${run.code ?? run.signal}: ${run.err || run.out}`];
  const [call, , what] = faults.split(':');
  const injected = run.calls[call]?.injected ?? 0;
  const { result } = run;
  const { failed, thrown, errors, short, drains, counted, arrived, skipped, intact, missing, leaked } = result;
  const complaints = [];
  const must = (holds, text) => {
    if (!holds) complaints.push(`${text}; ${injected} injected; ${JSON.stringify(result)}`);
  };
  must(injected > 0, `nothing was injected into ${call}: ${JSON.stringify(run.calls)}`);
  must(missing === null, `never came: ${missing}`);
  must(intact, 'something else arrived than was sent, or twice');
  must(leaked === 0, 'a failed attempt left descriptors open');
  must(how === 'dead' || arrived === counted - skipped, 'something counted is lost');
  if (how !== 'replies') must(drains === short, 'drain came too often');
  const dead = how === 'dead' ? { 'ECONNREFUSED recv': COUNT } : {};
  const events = Object.fromEntries(Object.entries(errors).filter(([key]) => !(key in dead)));
  if (how === 'dead') must(errors['ECONNREFUSED recv'] === COUNT, 'not every dead datagram was told once');
  const none = (counts, name) => must(sum(counts) === 0, `unexpected ${name}`);
  const only = (counts, syscall, times, name) =>
    must(
      sum(counts) === times && (counts[`${what} ${syscall}`] ?? 0) === times,
      `${name} are not ${times} ${what} ${syscall}`,
    );

  if (outcome !== 'throws' && outcome !== 'refuses' && outcome !== 'maybe fails') none(thrown, 'exceptions');
  if (outcome !== 'fails' && outcome !== 'maybe fails') none(failed, 'failures to open');
  if (outcome !== 'told' && outcome !== 'retried') none(events, 'error events');
  if (outcome !== 'retried') must(skipped === 0, 'something counted did not come');
  must(counted === COUNT - sum(outcome === 'maybe fails' ? {} : thrown), 'not all were sent');
  switch (outcome) {
    case 'passes':
      must(short === 0, 'there was no room');
      break;
    case 'short':
      must(short > 0, 'there was always room');
      break;
    case 'throws':
      only(thrown, 'send', injected, 'exceptions');
      must(short === 0, 'there was no room');
      break;
    // The first datagram of a call is refused by an exception, a later one, or a run of them, by a count that falls short.
    case 'refuses':
      only(thrown, 'send', sum(thrown), 'exceptions');
      must(sum(thrown) <= injected, 'more was refused than by the system');
      must(sum(thrown) + short > 0 || ['EIO', 'EINVAL', 'EMSGSIZE'].includes(what), 'nobody was told');
      break;
    case 'told':
      only(events, 'recv', quiet ? 0 : injected, 'errors');
      break;
    // A reply that is refused is tried once more; then an event tells of it.
    case 'retried':
      only(events, 'send', skipped, 'errors');
      if ([...NO_ROOM, 'cut'].includes(what)) must(skipped === 0, 'a reply did not wait for room');
      break;
    case 'fails':
      only(failed, call === 'connect' ? 'connect' : 'bind', injected, 'failures');
      break;
    default:
      must(sum(failed) + sum(thrown) <= injected, 'more failed than by the system');
      for (const key of Object.keys({ ...failed, ...thrown })) must(key.startsWith(`${what} `), `unexpected ${key}`);
  }
  return complaints;
}
