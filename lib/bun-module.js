'use strict';

// What `require('bun')` gives after bun-sockets/register: the global object itself, as on Bun.

module.exports = require('./polyfill.js').install();
