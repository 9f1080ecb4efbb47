import api from './index.js';

export const { connect, listen, udpSocket, install, pooledBuffer, stats } = api;
export default api;
