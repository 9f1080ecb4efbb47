// Datagrams as in Bun's documentation: echo, sendMany, a connected socket, binaryType, reload.
const server = await Bun.udpSocket({
  hostname: '127.0.0.1',
  socket: {
    data(socket, data, port, address) {
      socket.send(`${address} said ${data}`, port, address);
    },
  },
});
console.log(server.hostname, server.port > 0, server.address.family);

const texts = [];
let enough;
const all = new Promise((resolve) => {
  enough = resolve;
});
const client = await Bun.udpSocket({
  connect: { hostname: '127.0.0.1', port: server.port },
  binaryType: 'uint8array',
  socket: {
    data(socket, data, port, address) {
      texts.push(`${data.constructor.name} ${new TextDecoder().decode(data)} ${port === server.port} ${address}`);
      if (texts.length === 4) enough(socket);
    },
  },
});
console.log('send', client.send('one'));
console.log('sendMany', client.sendMany(['two', new TextEncoder().encode('three'), Buffer.from('four')]));
console.log('same socket', (await all) === client);
console.log(texts.sort().join('\n'));

const answered = new Promise((resolve) => {
  server.reload({ socket: { data: (_socket, data) => resolve(data.toString()) } });
});
client.send('after reload');
console.log(await answered);
client.close();
server.close();
console.log(client.closed, server.closed);
try {
  client.send('x');
} catch (error) {
  console.log(error.name, error.message);
}
