import api from './on-bun.js';

export const { connect, listen, udpSocket, install, pooledBuffer, stats } = api;
export default api;
