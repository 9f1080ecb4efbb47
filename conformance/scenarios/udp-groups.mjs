// Multicast groups on the loopback interface.
export default async function ({ udpSocket, actor, main, standIn }) {
  const receiver = actor('receiver');
  const socket = {
    data(_, data) {
      receiver.say('data', data);
      receiver.happened('data');
    },
  };
  const four = await udpSocket({ hostname: '0.0.0.0', socket });
  const six = await udpSocket({ hostname: '::', flags: 8, socket });
  standIn(four.port, 'port');
  const call = (label, one, name, ...args) =>
    main.attempt(`${label} ${name}(${args.map((arg) => String(arg))})`, () => one[name](...args));
  for (const name of ['addMembership', 'addMembership', 'dropMembership', 'dropMembership']) {
    call('IPv4', four, name, '239.1.2.3', '127.0.0.1');
    call('IPv6', six, name, 'ff02::123', '::%lo');
  }
  call('IPv4', four, 'addMembership', '239.1.2.3', '127.0.0.1');
  call('IPv4', four, 'setMulticastInterface', '127.0.0.1');
  call('IPv4', four, 'send', 'to the group', four.port, '239.1.2.3');
  await receiver.seen('data');
  const interfaces = [undefined, null, '', 'nowhere', 5, '::1', '203.0.113.9'];
  for (const group of ['239.1.2.4', 'ff02::124', '127.0.0.1', 'nowhere', undefined, 5]) {
    for (const at of interfaces) {
      for (const [label, one] of Object.entries({ four, six })) {
        call(label, one, 'addMembership', group, at);
        call(label, one, 'dropMembership', group, at);
      }
    }
  }
  for (const name of ['addSourceSpecificMembership', 'dropSourceSpecificMembership']) {
    call('IPv4', four, name, '127.0.0.1', '232.1.2.3', '127.0.0.1');
    call('IPv6', six, name, '::1', 'ff32::123', '::%lo');
    for (const [source, group, at] of [
      ['127.0.0.1', '232.1.2.4'],
      ['127.0.0.1', '232.1.2.5', 'nowhere'],
      ['::1', 'ff32::124'],
      ['127.0.0.1', 'ff32::124'],
      ['::1', '232.1.2.4'],
      ['127.0.0.1', '232.1.2.4', '::1'],
      ['nowhere', '232.1.2.4'],
      ['127.0.0.1', 'nowhere'],
    ]) {
      call('IPv4', four, name, source, group, at);
    }
    call('IPv4', four, name);
    call('IPv4', four, name, '127.0.0.1');
  }
  call('IPv4', four, 'addMembership');
  call('IPv4', four, 'dropMembership');
  four.close();
  six.close();
  for (const name of [
    'addMembership',
    'dropMembership',
    'addSourceSpecificMembership',
    'dropSourceSpecificMembership',
  ]) {
    call('closed', four, name, '239.1.2.3', '127.0.0.1');
    call('closed', four, name);
  }
}
