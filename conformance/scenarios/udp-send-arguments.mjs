// What send refuses.
export default async function ({ udpSocket, main, standIn }) {
  const socket = { error() {} };
  const far = await udpSocket({ hostname: '127.0.0.1' });
  standIn(far.port, 'far');
  const near = await udpSocket({ hostname: '127.0.0.1', socket });
  const send = (label, ...args) => main.attempt(label, () => near.send(...args));
  for (const data of [undefined, null, 5, true, {}, [1], Symbol.iterator, new Blob(['x']), () => {}]) {
    send(`data ${typeof data} ${data?.constructor?.name}`, data, far.port, '127.0.0.1');
  }
  for (const port of [undefined, null, 0, -1, 1.5, 65536, Number.NaN, 'x', {}, false, `${far.port}`, [far.port]]) {
    send(`port ${JSON.stringify(port)}`, 'x', port, '127.0.0.1');
  }
  const addresses = [undefined, null, '', 'localhost', '256.1.1.1', '1.2.3.4.5', ' 127.0.0.1', '127.0.0.1x', '[::1]'];
  for (const address of addresses) send(`address ${JSON.stringify(address)}`, 'x', far.port, address);
  for (const address of [
    '127.1',
    '0x7f.1',
    '2130706433',
    '0177.0.0.1',
    ['127.0.0.1'],
    { toString: () => '127.0.0.1' },
  ]) {
    send(`address ${JSON.stringify(address)}`, 'x', far.port, address);
  }
  send('number as address', 'x', far.port, 5);
  for (const address of ['::1', '::ffff:127.0.0.1', 'fe80::1%lo']) send(`address ${address}`, 'x', far.port, address);
  send('all wrong', 5, -1, 'nowhere');
  send('data and address wrong', 5, far.port, 'nowhere');
  send('none');
  send('one', 'x');
  send('two', 'x', far.port);
  send('four', 'x', far.port, '127.0.0.1', 5);
  send('broadcast', 'x', far.port, '255.255.255.255');
  const connected = await udpSocket({ connect: { hostname: '127.0.0.1', port: far.port }, socket });
  const also = (label, ...args) => main.attempt(`connected, ${label}`, () => connected.send(...args));
  also('none');
  also('one', 'x');
  also('wrong', 5);
  also('two', 'x', far.port);
  also('three', 'x', far.port, '127.0.0.1');
  also('undefined', 'x', undefined, undefined);
  for (const one of [near, connected, far]) one.close();
  send('closed');
  also('closed');
}
