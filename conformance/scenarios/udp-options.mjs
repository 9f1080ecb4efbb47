// What udpSocket refuses, at once.
import { opens } from '../lib/opens.mjs';

export default async function (stage) {
  const { udpSocket, standIn } = stage;
  const taken = await udpSocket({ hostname: '127.0.0.1' });
  standIn(taken.port, 'taken');
  const one = (label, options) => opens(stage, label, options);
  for (const value of [undefined, null, 5, true, 'x', [], () => {}, {}]) {
    const label = typeof value === 'function' ? 'function' : JSON.stringify(value);
    await one(`options ${label}`, value);
    await one(`socket ${label}`, { socket: value });
    await one(`connect ${label}`, { connect: value });
    await one(`hostname ${label}`, { hostname: typeof value === 'string' ? '' : value });
    for (const name of ['data', 'drain', 'error']) await one(`${name} ${label}`, { socket: { [name]: value } });
    await one(`binaryType ${label}`, { socket: {}, binaryType: value });
    await one(`binaryType ${label} alone`, { binaryType: value });
    await one(`flags ${label}`, { flags: value });
    await one(`connect.hostname ${label}`, { connect: { hostname: typeof value === 'string' ? '' : value, port: 5 } });
  }
  const ports = [undefined, null, '', '0', ' 0 ', false, [], 0.5, -1, 65536, 'x', Number.NaN, {}, { valueOf: () => 0 }];
  for (const port of ports) await one(`port ${JSON.stringify(port)}`, { port });
  for (const port of [...ports, 1, '7', true, 65535]) {
    await one(`connect.port ${JSON.stringify(port)}`, { connect: { hostname: '127.0.0.1', port } });
  }
  for (const type of ['Buffer', 'nodebuffer', '', 'Uint8Array', 'ArrayBuffer', 'uint8array', 'arraybuffer', 'utf8']) {
    await one(`binaryType ${type}`, { socket: {}, binaryType: type });
  }
  for (const flags of [0, 1.5, Number.NaN, -1, 2 ** 31, -(2 ** 31)]) await one(`flags ${flags}`, { flags });
  for (const hostname of ['203.0.113.9', 'not a host', '[::1]', '1', 'localhost', '::1']) {
    await one(`hostname ${hostname}`, { hostname });
  }
  await one('a taken port', { hostname: '127.0.0.1', port: taken.port });
  await one('a taken port, other address', { port: taken.port });
  await one('connect to a name', { connect: { hostname: 'no-such-host.invalid', port: 5 } });
  await one('connect to no name', { connect: { hostname: 'not a host', port: 5 } });
  await one('connect to the other family', { hostname: '127.0.0.1', connect: { hostname: '::1', port: 5 } });
  await one('connect to broadcast', { connect: { hostname: '255.255.255.255', port: 5 } });
  // Of several mistakes, which one is told.
  const wrong = { port: -1, flags: 'x', hostname: 5, socket: 5, connect: 5 };
  for (const name of Object.keys(wrong)) {
    await one(`all wrong from ${name}`, { ...wrong });
    delete wrong[name];
  }
  await one('handlers', { binaryType: 'x', socket: { data: 5, drain: 5, error: 5 }, connect: {} });
  await one('inherited handlers', { socket: Object.create({ data: 5 }) });
  taken.close();
}
