'use strict';

// `node --import bun-sockets/register app.js`: the polyfill, and the module specifier "bun" in import and require.

const Module = require('node:module');
const { pathToFileURL } = require('node:url');
const { install } = require('./polyfill.js');

const COMMONJS = require.resolve('./bun-module.js');
const ESM_URL = pathToFileURL(`${__dirname}/bun-module.mjs`).href;
const DONE = Symbol.for('bun-sockets.registered');

function register() {
  install();
  const scope = /** @type {any} */ (globalThis);
  if (scope[DONE]) return;
  Object.defineProperty(scope, DONE, { value: true });

  if (typeof Module.registerHooks === 'function') {
    // Node.js 22.15 and later: one synchronous hook for import and require, in this thread.
    Module.registerHooks({
      resolve(specifier, context, next) {
        if (specifier !== 'bun') return next(specifier, context);
        const required = context.conditions.includes('require');
        return required
          ? { url: pathToFileURL(COMMONJS).href, format: 'commonjs', shortCircuit: true }
          : { url: ESM_URL, format: 'module', shortCircuit: true };
      },
    });
    return;
  }

  // Older ones: import asks hooks in a thread of their own; require is asked through the function every loader patches.
  Module.register(pathToFileURL(`${__dirname}/register-hooks.mjs`), { data: { url: ESM_URL } });
  const loader = /** @type {any} */ (Module);
  const resolveFilename = loader._resolveFilename;
  /** @param {string} request @param {...any} rest */
  loader._resolveFilename = function resolveBun(request, ...rest) {
    return request === 'bun' ? COMMONJS : resolveFilename.call(this, request, ...rest);
  };
}

module.exports = { register };
