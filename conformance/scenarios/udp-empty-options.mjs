// The empty string counts as nothing, an empty String object as something.
import { opens } from '../lib/opens.mjs';

export default async function (stage) {
  const one = (label, options) => opens(stage, label, options);
  for (const [kind, empty] of [
    ['string', ''],
    ['String', new String('')],
  ]) {
    for (const name of ['hostname', 'socket', 'connect', 'flags']) await one(`${name}, ${kind}`, { [name]: empty });
    for (const name of ['data', 'drain', 'error']) await one(`${name}, ${kind}`, { socket: { [name]: empty } });
    await one(`binaryType, ${kind}`, { socket: {}, binaryType: empty });
    await one(`connect.hostname, ${kind}`, { connect: { hostname: empty, port: 5 } });
    await one(`connect.port, ${kind}`, { connect: { hostname: '127.0.0.1', port: empty } });
  }
}
