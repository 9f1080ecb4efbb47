'use strict';
// HTTP over our sockets: an agent for `node:http` and `node:https`, and a connector for undici.

const http = require('node:http');
const { connectDuplex } = require('./streams.js');

/** An IP address in a URL wears brackets if it is IPv6; none is sent as server name. */
const bare = (/** @type {string} */ host) => host.replace(/^\[(.*)\]$/, '$1');

/**
 * An `http.Agent` whose connections are sockets of this package. With `tls`, `true` included, it is one for `https`.
 */
class SocketAgent extends http.Agent {
  /** @type {any} */ #tls;

  /** @param {http.AgentOptions & { tls?: any }} [options] */
  constructor({ tls, ...options } = {}) {
    super(options);
    this.#tls = tls === undefined || tls === null || tls === false ? undefined : tls === true ? {} : tls;
    if (this.#tls !== undefined) {
      // What `https.request` compares with, and what it takes where no port is given. Not in the public types of http.Agent.
      Object.assign(this, { protocol: 'https:', defaultPort: 443 });
    }
  }

  /**
   * @param {any} options
   * @param {(error: Error | null, stream?: any) => void} done
   * @returns {any} undefined: the stream comes through the callback
   */
  createConnection(options, done) {
    const { localAddress, localPort } = options;
    connectDuplex({ ...where(options), localAddress, localPort, ...this.#secure(options) }).then(
      (stream) => done(null, stream),
      done,
    );
  }

  /** @param {any} options */
  #secure({ servername }) {
    if (this.#tls === undefined) return {};
    return { tls: servername ? { serverName: servername, ...this.#tls } : this.#tls };
  }
}

/**
 * A connector for undici: `new undici.Agent({ connect: undiciConnector() })`.
 * @param {{ tls?: any }} [options] `tls`: options for https
 * @returns {(options: any, done: (error: Error | null, stream: any) => void) => void}
 */
function undiciConnector({ tls } = {}) {
  return (options, done) => {
    const { protocol, hostname, servername, localAddress } = options;
    const port = options.port || (protocol === 'https:' ? 443 : 80);
    const name = servername || bare(hostname);
    const secure = protocol === 'https:' ? { tls: { serverName: name, ...(tls === true ? {} : tls) } } : {};
    connectDuplex({ ...where({ host: hostname, port }), localAddress: localAddress ?? undefined, ...secure }).then(
      (stream) => done(null, stream),
      (error) => done(error, null),
    );
  };
}

/** @param {{ host?: string, port?: number | string, socketPath?: string }} options */
function where({ host, port, socketPath }) {
  return socketPath ? { unix: socketPath } : { hostname: bare(host || 'localhost'), port: Number(port) };
}

module.exports = { SocketAgent, undiciConnector };
