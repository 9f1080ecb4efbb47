'use strict';

// Loads the addon through the loader that `napi build` generates beside this file, and turns its failure into one error
// that says which package is missing and what to do.

/**
 * The addon's package for this machine, named as the napi command line names them.
 * @param {NodeJS.Platform} platform
 * @param {string} arch
 * @param {boolean} musl
 */
function packageName(platform, arch, musl) {
  const abi = platform === 'linux' ? (musl ? '-musl' : '-gnu') : platform === 'win32' ? '-msvc' : '';
  return `bun-sockets-${platform}-${arch}${abi}`;
}

const BUILT_FOR = new Set([
  'bun-sockets-darwin-arm64',
  'bun-sockets-darwin-x64',
  'bun-sockets-linux-arm64-gnu',
  'bun-sockets-linux-arm64-musl',
  'bun-sockets-linux-x64-gnu',
  'bun-sockets-linux-x64-musl',
  'bun-sockets-win32-arm64-msvc',
  'bun-sockets-win32-x64-msvc',
]);

function runsOnMusl() {
  if (process.platform !== 'linux') return false;
  const { report } = /** @type {any} */ (process);
  report.excludeNetwork = true; // otherwise the report looks up the names of all interfaces
  return !report.getReport().header?.glibcVersionRuntime;
}

/**
 * The generated loader chains every attempt through `cause`, keeping only the messages; "not found" is the ordinary one, anything
 * else (wrong libc, wrong architecture, a truncated file) is the reason worth reporting.
 * @param {any} error
 * @returns {Error | undefined}
 */
function loadFailure(error) {
  for (let attempt = error.cause; attempt; attempt = attempt.cause) {
    if (!/^Cannot find module|^Unsupported /.test(attempt.message)) return attempt;
  }
  return undefined;
}

/**
 * @param {unknown} cause what the generated loader threw
 * @param {{ name: string, inRepository: boolean }} place
 */
function missingAddon(cause, { name, inRepository }) {
  const where = `${process.platform} ${process.arch}, Node.js ${process.versions.node}`;
  const broken = loadFailure(cause);
  let text;
  if (broken) {
    text = `bun-sockets: the native addon for ${where} was found but does not load: ${broken.message}`;
  } else if (inRepository) {
    text = `bun-sockets: the native addon is not built (${where}). Run "npm run build"; it needs Rust and a C compiler.`;
  } else if (BUILT_FOR.has(name)) {
    text =
      `bun-sockets: the package "${name}" with the native addon for ${where} is missing. ` +
      'Install again without --omit=optional (or --no-optional), on the machine that runs the program; ' +
      `or add it by hand: npm install ${name}@${require('../package.json').version}`;
  } else {
    text = `bun-sockets: there is no native addon for ${where} (it would be "${name}"). Built for: ${[...BUILT_FOR].join(', ')}.`;
  }
  return Object.assign(new Error(text, { cause }), { code: 'ERR_BUN_SOCKETS_ADDON' });
}

/**
 * The types are those that the build writes beside the loader.
 * @returns {typeof import('./binding.js')}
 */
function load() {
  try {
    return require('./binding.js');
  } catch (cause) {
    const inRepository = require('node:fs').existsSync(`${__dirname}/../Cargo.toml`);
    throw missingAddon(cause, { name: packageName(process.platform, process.arch, runsOnMusl()), inRepository });
  }
}

module.exports = load();
