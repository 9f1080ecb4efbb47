// Paths that do not fit into an address: what counts is the last part, and that the folder is there.
import fs from 'node:fs';

export default async function ({ listen, connect, main, path, actor }) {
  const folder = path('folder'.repeat(20));
  fs.mkdirSync(folder);
  for (const [label, unix] of [
    ['a short name in a deep folder', `${folder}/s`],
    ['detours', `${folder}/${'./'.repeat(100)}t`],
    ['a long name in a deep folder', `${folder}/${'n'.repeat(100)}`],
    ['a folder that is not there', `${path('none')}/${'m/'.repeat(60)}u`],
    ['no folder', 'x'.repeat(120)],
    ['an abstract name', `\0${'y/'.repeat(60)}z`],
  ]) {
    const server = actor(`server, ${label}`);
    const client = actor(`client, ${label}`);
    const listener = main.attempt(label, () => {
      const listener = listen({ unix, socket: server.handlers() });
      main.say(label, 'unix', listener.unix === unix, 'file', fs.existsSync(unix));
      return listener;
    });
    await main.settle(`connect, ${label}`, () => connect({ unix, socket: client.handlers() }));
    if (listener === undefined) continue;
    client.socket.end('hello');
    await Promise.all([server.seen('close'), client.seen('close')]);
    listener.stop();
    main.say(label, 'file left', fs.existsSync(unix));
  }
}
