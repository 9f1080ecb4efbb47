// The bits of `flags`: sharing a port.
export default async function ({ udpSocket, main, standIn }) {
  for (const flags of [0, 1, 2, 4, 8, 16, 20, 32, -1]) {
    const one = await udpSocket({ hostname: '127.0.0.1', flags });
    standIn(one.port, 'port');
    for (const second of [0, 4, 16]) {
      let result;
      try {
        const two = await udpSocket({ hostname: '127.0.0.1', port: one.port, flags: second });
        two.close();
        result = 'both';
      } catch (error) {
        result = error;
      }
      main.say(flags, 'and', second, result);
    }
    one.close();
  }
}
