// What `import ... from 'bun'` gives after bun-sockets/register.

import Bun from './bun-module.js';

export const { connect, listen, udpSocket, file } = Bun;
export default Bun;
