// Which arguments about groups are converted, and in which order; a conversion may close the socket.
export default async function ({ udpSocket, main }) {
  const addresses = ['127.0.0.1', '::1', 'nowhere'];
  const one = async (method, closer, args) => {
    const socket = await udpSocket({ hostname: '127.0.0.1' });
    let converted = '';
    const values = Object.entries(args).map(([name, text]) => ({
      toString() {
        converted += ` ${name}`;
        if (name === closer) socket.close();
        return text;
      },
    }));
    const label = `${method}(${Object.values(args)})${closer ? `, ${closer} closes` : ''}`;
    main.attempt(label, () => socket[method](...values));
    main.say(label, 'has converted', converted);
    socket.close();
  };
  for (const at of addresses) {
    for (const closer of [undefined, 'group', 'at']) {
      for (const group of ['239.1.2.3', '::1', 'nowhere']) {
        for (const method of ['addMembership', 'dropMembership']) await one(method, closer, { group, at });
      }
    }
    for (const closer of [undefined, 'source', 'group', 'at']) {
      for (const source of addresses) {
        for (const group of ['232.1.2.3', 'ff3e::1', 'nowhere']) {
          await one('addSourceSpecificMembership', closer, { source, group, at });
        }
      }
    }
  }
}
