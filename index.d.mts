import api = require('./index.js');

export * from './index.js';
export default api;
