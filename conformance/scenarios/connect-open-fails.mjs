// open that throws, returns an Error, rejects, or closes: the promise resolves all the same.
export default async function ({ serve, dial, main, actor, turns }) {
  const ways = {
    throws: () => {
      throw new Error('from open');
    },
    'returns an Error': () => new Error('returned'),
    rejects: async () => {
      throw new Error('rejected');
    },
    ends: (socket) => socket.end('bye'),
    closes: (socket) => socket.close(),
    terminates: (socket) => socket.terminate(),
  };
  for (const [way, open] of Object.entries(ways)) {
    const listener = serve(`server, ${way}`);
    const near = await main.settle(way, () => dial(`client ${way}`, listener, { handlers: { open } }));
    main.say(way, 'readyState', near.readyState);
    await turns(5);
    near.close();
    await actor(`server, ${way}`).seen('close');
    listener.stop(true);
  }
}
