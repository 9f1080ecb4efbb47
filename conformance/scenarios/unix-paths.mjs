// The file behind a path: its mode, its end, and what is in the way.
import fs from 'node:fs';

export default async function ({ listen, connect, main, path, actor }) {
  const socket = { data() {} };
  process.umask(0o022);
  for (const [label, leave] of [
    ['stop()', (l) => l.stop()],
    ['stop(true)', (l) => l.stop(true)],
    ['dispose', (l) => l[Symbol.dispose]()],
  ]) {
    const listener = listen({ unix: path('s'), socket });
    main.say(label, 'mode', (fs.statSync(path('s')).mode & 0o777).toString(8));
    leave(listener);
    main.say(label, 'file left', fs.existsSync(path('s')));
  }
  fs.writeFileSync(path('file'), 'kept');
  main.attempt('a file in the way', () => listen({ unix: path('file'), socket }));
  main.say('the file', fs.readFileSync(path('file'), 'utf8'));
  const live = listen({ unix: path('live'), socket });
  main.attempt('a live socket in the way', () => listen({ unix: path('live'), socket }));
  live.stop();
  main.attempt('no folder', () => listen({ unix: path('none/s'), socket }));
  const longest = `${path('')}${'x'.repeat(107 - path('').length)}`;
  main.attempt('107 bytes', () => listen({ unix: longest, socket }).stop());
  const tooLong = `/tmp/${'y'.repeat(120)}`;
  main.attempt('too long', () => listen({ unix: tooLong, socket }).stop());
  for (const prefix of ['unix://', 'file://', 'sock://']) {
    const listener = listen({ unix: path('pre'), socket: actor(`server ${prefix}`).handlers() });
    const near = await connect({ unix: `${prefix}${path('pre')}`, socket: actor(`client ${prefix}`).handlers() });
    main.say(
      prefix,
      near.remoteAddress,
      near.remotePort,
      near.remoteFamily,
      near.localAddress,
      near.localPort,
      near.localFamily,
    );
    near.end();
    await actor(`server ${prefix}`).seen('close');
    listener.stop();
  }
}
