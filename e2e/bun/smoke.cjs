const { connect } = require('bun-sockets');
if (connect !== Bun.connect || require('bun-sockets/polyfill') === undefined) throw new Error('require');
