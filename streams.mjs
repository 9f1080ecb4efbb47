import api from './streams.js';

export const {
  SocketAgent,
  SocketDuplex,
  chunks,
  connectDuplex,
  duplexHandlers,
  listenDuplex,
  toDuplex,
  toWeb,
  undiciConnector,
} = api;
