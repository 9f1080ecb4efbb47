// What keeps a process running, and what does not.
const CASES = [
  'listener',
  'listener unref',
  'listener unref ref',
  'stopped',
  'socket',
  'socket unref',
  'socket unref unref ref',
  'socket closed',
  'both unref',
  'connecting',
];

export async function program({ serve, dial, actor }, kind) {
  const steps = kind.split(' ');
  if (kind === 'connecting') {
    dial('client', serve('server'), { handlers: { open: (socket) => socket.close() } });
    actor('server')
      .seen('close')
      .then(() => process.exit(3));
    return;
  }
  // What an unref'd socket still sees while the process ends is not part of this.
  const server = actor('server').handlers({}, { silent: ['end', 'close'] });
  const listener = serve('unused', { socket: server });
  if (steps[0] === 'stopped') return void listener.stop();
  if (steps[0] === 'listener') {
    for (const step of steps.slice(1)) listener[step]();
    return;
  }
  const near = await dial('client', listener);
  await actor('server').seen('open');
  listener.unref();
  const far = actor('server').socket;
  far.unref();
  if (kind === 'both unref') near.unref();
  else if (kind === 'socket closed') near.close();
  else for (const step of steps.slice(1)) near[step]();
}

export default async function ({ process: start }) {
  for (const kind of CASES) await start(kind, 'program', kind).exits(1500);
}
