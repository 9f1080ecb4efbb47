'use strict';
// The TLS socket that programs hold.

const { defineSocket } = require('./socket');

module.exports = { TLSSocket: defineSocket('TLSSocket') };
