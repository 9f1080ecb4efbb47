// What a handler returns counts as if it had been thrown if it is an error: what an Error constructor has made, and nothing else.
import vm from 'node:vm';

function Old() {}
Old.prototype = Object.create(Error.prototype);

const results = {
  'a subclass': () => new (class extends Error {})('sub'),
  'an AggregateError': () => new AggregateError([], 'many'),
  'of another realm': () => vm.runInNewContext('new RangeError("elsewhere")'),
  'without a prototype': () => Object.setPrototypeOf(new Error('bare'), null),
  'a DOMException': () => new DOMException('no error', 'AbortError'),
  'the reason of a signal': () => AbortSignal.abort().reason,
  'an object of the class': () => Object.create(Error.prototype),
  'a class of old': () => new Old(),
  'a proxy': () => new Proxy(new Error('behind'), {}),
  'a text': () => 'Error: text',
};

export default async function ({ serve, connect, main, actor, path }) {
  const listener = serve('server', { silent: ['open', 'end', 'close'] });
  for (const [name, make] of Object.entries(results)) {
    const client = actor(name);
    const { hostname, port } = listener;
    const handlers = { open: make, error: (_, error) => main.say(name, 'error', String(Object(error).message)) };
    const socket = await connect({ hostname, port, socket: client.handlers(handlers, { silent: ['error'] }) });
    main.say(name, socket.readyState);
    socket.end();
    let result;
    const returning = { data() {}, connectError: () => (result = make()) };
    const reason = await connect({ unix: path('none'), socket: returning }).catch((error) => error);
    main.say(name, 'passed on', reason === result);
  }
  listener.stop(true);
}
