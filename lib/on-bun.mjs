import api from './on-bun.js';

export const { connect, listen, udpSocket, install, stats } = api;
export default api;
