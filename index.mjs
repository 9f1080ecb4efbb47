import api from './index.js';

export const { connect, listen, udpSocket, install } = api;
export default api;
