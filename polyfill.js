'use strict';

require('./lib/polyfill.js').install();
