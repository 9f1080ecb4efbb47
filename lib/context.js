'use strict';

const { AsyncResource } = require('node:async_hooks');
const { targets } = require('./engine');

/** The async context that handlers were given in. */
class HandlerContext extends AsyncResource {
  /**
   * Whether the process lives on because of a socket or listener with these handlers. Nobody here asks; tools that look for what keeps a
   * process alive do, such as `jest --detectOpenHandles`, which without it takes every context for an open handle.
   */
  hasRef() {
    return targets.some((target) => target?.isKeptAliveWith?.(this) === true);
  }
}

module.exports = { HandlerContext };
