'use strict';

const { connect } = require('./lib/connect.js');
const { pooledBuffer } = require('./lib/handlers.js');
const { listen } = require('./lib/listener.js');
const { udpSocket } = require('./lib/udp.js');
const { install } = require('./lib/polyfill.js');
const { stats } = require('./lib/stats.js');

module.exports = { connect, listen, udpSocket, install, pooledBuffer, stats };
