import api from './index.js';

export const { connect, listen, udpSocket, install, stats } = api;
export default api;
