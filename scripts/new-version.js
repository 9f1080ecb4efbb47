'use strict';

// npm run new-version -- 1.2.3: writes the version wherever it stands and dates the changelog's unreleased part. What follows is up to
// the one who releases: commit, tag v1.2.3, push the tag; the release workflow does the rest.

const fs = require('node:fs');
const path = require('node:path');

/** A version of semver, without build metadata, which npm forgets. */
const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** Replaces what must be there exactly once. */
function replace(file, pattern, replacement) {
  const text = fs.readFileSync(file, 'utf8');
  const count = text.match(new RegExp(pattern, `${pattern.flags}g`))?.length ?? 0;
  if (count !== 1) throw new Error(`${file}: ${count} times ${pattern}, expected once`);
  return { file, text: text.replace(pattern, replacement) };
}

/**
 * @param {string} root the repository
 * @param {string} version
 * @param {Date} date of the release
 */
function newVersion(root, version, date) {
  if (!VERSION.test(version)) throw new Error(`"${version}" is no version. Usage: npm run new-version -- 1.2.3`);
  const at = (...names) => path.join(root, ...names);
  const manifests = fs.readdirSync(at('npm')).map((name) => at('npm', name, 'package.json'));
  // All of it is worked out before the first file is written: a repository is never left in between.
  const changes = [at('package.json'), ...manifests].map((file) =>
    replace(file, /^ {2}"version": ".*",$/m, `  "version": "${version}",`),
  );
  const lock = JSON.parse(fs.readFileSync(at('package-lock.json'), 'utf8'));
  lock.version = version;
  lock.packages[''].version = version;
  changes.push({ file: at('package-lock.json'), text: `${JSON.stringify(lock, null, 2)}\n` });
  changes.push(replace(at('Cargo.toml'), /^version = ".*"$/m, `version = "${version}"`));
  changes.push(replace(at('Cargo.lock'), /(name = "bun-sockets"\nversion = )".*"/, `$1"${version}"`));
  const day = date.toISOString().slice(0, 10);
  changes.push(
    replace(at('CHANGELOG.md'), /^## Unreleased( \(Bun .*\))$/m, `## Unreleased$1\n\n## ${version} - ${day}$1`),
  );
  for (const { file, text } of changes) fs.writeFileSync(file, text);
  return changes.map(({ file }) => path.relative(root, file));
}

module.exports = { newVersion };

if (require.main === module) {
  try {
    for (const file of newVersion(path.join(__dirname, '..'), process.argv[2] ?? '', new Date())) console.log(file);
    console.log(`\nNow fill the changelog, commit, and push the tag v${process.argv[2]}.`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
