'use strict';

/**
 * @param {unknown} _options
 * @returns {never}
 */
function udpSocket(_options) {
  throw Object.assign(new Error('udpSocket is not supported yet by this version of bun-sockets'), {
    code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  });
}

module.exports = { udpSocket };
