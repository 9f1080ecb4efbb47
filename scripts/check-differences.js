'use strict';

// docs/differences.md against the sources: every paragraph names tests that exist, every deviation of the conformance suite has a
// paragraph that names it, and wherever the sources say "Differs from Bun (N):" they give the number of a paragraph.

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const read = (name) => fs.readFileSync(path.join(root, name), 'utf8');
const complaints = [];

const paragraphs = new Map();
for (const [, number, text] of read('docs/differences.md').matchAll(/^## (\d+)\. ([\s\S]*?)(?=^## )/gm)) {
  if (paragraphs.has(Number(number))) complaints.push(`docs/differences.md has two paragraphs ${number}`);
  paragraphs.set(Number(number), text);
}
if (paragraphs.size === 0) complaints.push('docs/differences.md has no numbered paragraphs');

for (const [number, text] of paragraphs) {
  const tests = /\*\*Tests\*\*: ([\s\S]*?)\n(?:\n|$|- )/.exec(`${text}\n`)?.[1];
  if (!tests) {
    complaints.push(`paragraph ${number} names no tests`);
    continue;
  }
  if (tests.startsWith('none yet')) continue;
  const files = [...tests.matchAll(/`([^`]+)`/g)].map(([, file]) => file);
  if (files.length === 0) complaints.push(`paragraph ${number} names no tests`);
  for (const file of files) {
    if (!fs.existsSync(path.join(root, file)))
      complaints.push(`paragraph ${number} names ${file}, which does not exist`);
  }
}

for (const [scenario, number] of Object.entries(JSON.parse(read('conformance/deviations.json')))) {
  if (!paragraphs.get(number)?.includes(`conformance/scenarios/${scenario}.mjs`)) {
    complaints.push(
      `conformance/deviations.json: ${scenario} is not named by paragraph ${number} of docs/differences.md`,
    );
  }
}

for (const folder of ['src', 'lib']) {
  for (const name of fs.readdirSync(path.join(root, folder), { recursive: true })) {
    const file = path.join(folder, name);
    if (!/\.(rs|m?js)$/.test(name) || name === 'binding.js') continue;
    const lines = read(file).split('\n');
    for (const [i, line] of lines.entries()) {
      if (!line.includes('Differs from Bun')) continue;
      const numbers = /Differs from Bun \((\d+(?:, \d+)*)\):/.exec(line)?.[1].split(', ') ?? [];
      if (numbers.length === 0) {
        complaints.push(
          `${file}:${i + 1}: write "Differs from Bun (N):", N being the paragraph in docs/differences.md`,
        );
      }
      for (const number of numbers) {
        if (!paragraphs.has(Number(number))) complaints.push(`${file}:${i + 1}: there is no paragraph ${number}`);
      }
    }
  }
}

for (const complaint of complaints) console.error(complaint);
console.log(`docs/differences.md: ${paragraphs.size} paragraphs, ${complaints.length} complaints`);
process.exitCode = complaints.length > 0 ? 1 : 0;
