import api from './on-bun.js';

export const { connect, listen, udpSocket, install } = api;
export default api;
