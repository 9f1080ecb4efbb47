'use strict';

require('./lib/register.js').register();
