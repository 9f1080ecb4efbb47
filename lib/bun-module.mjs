// What `import ... from 'bun'` gives after bun-sockets/register.

import Bun from './bun-module.js';

export const { connect, listen, udpSocket, file, ArrayBufferSink, sleep, env, argv } = Bun;
export default Bun;
