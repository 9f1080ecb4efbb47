'use strict';

const { SocketAgent, undiciConnector } = require('./lib/http-agent.js');

module.exports = { ...require('./lib/streams.js'), SocketAgent, undiciConnector };
