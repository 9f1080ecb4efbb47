// setNoDelay, setKeepAlive, setTypeOfService, ref and unref, over TCP and over a path.
export default async function ({ pair, serve, dial, main, path, actor }) {
  const ask = (label, s) => {
    for (const value of [undefined, true, false, 0, 'x'])
      main.attempt(`${label} setNoDelay ${value}`, () => s.setNoDelay(value));
    for (const args of [
      [],
      [true],
      [true, 0],
      [true, 5000],
      [false],
      [true, Number.NaN],
      [true, -1],
      [true, 1e12],
      [true, '5'],
      [true, null],
    ]) {
      main.attempt(`${label} setKeepAlive ${args.join()}`, () => s.setKeepAlive(...args));
    }
    for (const value of [0, 16, 255, 256, -1, 'x']) {
      main.attempt(`${label} setTypeOfService ${value}`, () => s.setTypeOfService(value));
      main.attempt(`${label} getTypeOfService`, () => s.getTypeOfService());
    }
    main.attempt(`${label} ref`, () => s.ref());
    main.attempt(`${label} unref`, () => s.unref());
    main.attempt(`${label} flush`, () => s.flush());
    main.attempt(`${label} setMaxSendFragment`, () => s.setMaxSendFragment(1024));
  };
  const { listener, near } = await pair();
  ask('tcp', near);
  near.close();
  listener.stop(true);
  const local = serve('local', { unix: path('s'), hostname: undefined });
  const client = await dial('unix client', local);
  ask('unix', client);
  client.close();
  await actor('local').seen('close');
  local.stop(true);
}
