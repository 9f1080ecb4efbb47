// An `open` handler that throws or returns an Error closes a TLS socket only before the handshake. Without a `handshake` handler it is
// called after it.
import { ca, identity } from '../lib/certificates.mjs';

const fails = {
  throws: () => {
    throw new Error('from open');
  },
  returns: () => new Error('from open'),
};

export default async function ({ listen, connect, main, actor, turns }) {
  for (const who of ['server', 'client']) {
    for (const [how, fail] of Object.entries(fails)) {
      for (const withHandshake of [true, false]) {
        const label = `${who} ${how}, ${withHandshake ? 'with' : 'without'} handshake handlers`;
        const actors = { server: actor(`server (${label})`), client: actor(`client (${label})`) };
        const handlers = (name) =>
          actors[name].handlers(
            { ...(name === who && { open: fail }), ...(withHandshake && { handshake() {} }) },
            { silent: withHandshake ? ['handshake'] : [] },
          );
        const listener = listen({
          ...{ hostname: '127.0.0.1', port: 0, tls: identity('server-ec') },
          socket: handlers('server'),
        });
        const near = await connect({
          ...{ hostname: '127.0.0.1', port: listener.port, tls: { ca } },
          socket: handlers('client'),
        });
        await turns(20);
        const far = actors.server.socket;
        main.say(`${label}:`, near.readyState, far?.readyState, near.write('from the client'));
        await turns(10);
        near.end();
        await turns(10);
        listener.stop(true);
      }
    }
  }
}
