#!/usr/bin/env node
// Measures bun-sockets beside real Bun, Node's own modules and a bare epoll server, in one run.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { describeMachine } from './machine.mjs';
import { measures } from './measures.mjs';
import { buildAddon, buildLoadGenerator, bunVersion, fetchBun, makeCertificate, versionOf } from './prepare.mjs';
import { Progress } from './progress.mjs';
import { summaryLines, writeDocuments, writeReadme } from './report.mjs';
import { runMeasure } from './rounds.mjs';
import { serverNames } from './server.mjs';

const usage = `
usage: node benchmark/run.mjs [options]

  --suite a,b     plain, tls, udp, scaling (default: all)
  --only a,b      measures by name; * stands for anything (--list shows the names)
  --servers a,b   ours, bun, node, bare (default: all)
  --rounds N      rounds that are kept (default: 7)
  --seconds S     measured part of each load (default: 0.7)
  --size B        bytes of a TCP message (default: 64)
  --tls KIND      key of the TLS servers: ec, rsa, or both (default: ec,rsa; the first serves all TLS measures)
  --tries N       tries of a sample when other processes are busy (default: 3)
  --quick         3 rounds of 0.3 s, for a look
  --node PATH     the Node that runs ours and Node's own modules (default: this one)
  --bun PATH      real Bun (default: ${bunVersion}, fetched from npm into the temp folder)
  --entry PATH    the package's index.js (default: the one of this checkout)
  --out FILE      writes the raw results as JSON
  --from a,b      takes results from such files instead of measuring
  --docs          writes docs/benchmarks.md and its plots, and the table of README if all of it was measured
  --list          names the measures
`;

const root = fileURLToPath(new URL('..', import.meta.url));
const options = readOptions();
const chosen = chooseMeasures();

if (options.list) {
  for (const { name, title } of chosen) console.log(`${name.padEnd(20)} ${title}`);
} else {
  const results = options.from ? mergeResults(options.from.split(',')) : await run();
  if (options.out) fs.writeFileSync(options.out, `${JSON.stringify(results)}\n`);
  if (options.docs) {
    writeDocuments(results, path.join(root, 'docs'));
    writeReadme(results, path.join(root, 'README.md'));
  }
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        suite: { type: 'string', default: 'plain,tls,udp,scaling' },
        only: { type: 'string', default: '*' },
        servers: { type: 'string', default: serverNames.join(',') },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        size: { type: 'string', default: '64' },
        tries: { type: 'string', default: '3' },
        tls: { type: 'string', default: 'ec,rsa' },
        quick: { type: 'boolean', default: false },
        node: { type: 'string', default: process.execPath },
        bun: { type: 'string' },
        entry: { type: 'string', default: path.join(root, 'index.js') },
        out: { type: 'string' },
        from: { type: 'string' },
        docs: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(usage.trim());
      process.exit(0);
    }
    const positive = (name, fallback) => {
      const number = Number(values[name] ?? fallback);
      if (!(number > 0)) throw new Error(`--${name} must be a number above 0`);
      return number;
    };
    for (const name of values.servers.split(',')) {
      if (!serverNames.includes(name)) throw new Error(`--servers: there is no ${name}`);
    }
    for (const key of values.tls.split(',')) {
      if (key !== 'ec' && key !== 'rsa') throw new Error(`--tls: there is no ${key}`);
    }
    return {
      ...values,
      rounds: Math.ceil(positive('rounds', values.quick ? 3 : 7)),
      seconds: positive('seconds', values.quick ? 0.3 : 0.7),
      size: Math.ceil(positive('size')),
      tries: Math.ceil(positive('tries')),
      warmup: values.quick ? 0.1 : 0.2,
    };
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

function chooseMeasures() {
  const suites = options.suite.split(',');
  const patterns = options.only.split(',').map((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`));
  const found = measures({ size: options.size, keys: options.tls.split(',') }).filter(
    ({ suite, name }) => suites.includes(suite) && patterns.some((pattern) => pattern.test(name)),
  );
  if (found.length === 0) {
    console.error('no such measure; --list shows their names');
    process.exit(2);
  }
  return found;
}

async function run() {
  const progress = new Progress(chosen.length);
  const { programs, servers, versions } = prepare(progress);
  const results = {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    versions,
    settings: { rounds: options.rounds, seconds: options.seconds, size: options.size },
    servers,
    measures: [],
  };
  for (const measure of chosen) {
    const samples = await runMeasure(measure, {
      ...options,
      programs,
      servers,
      nodeVersion: versions.node,
      onRound: (round) => progress.at(measure.name, round, options.rounds),
      warn: (text) => progress.say(`!! ${text}`),
    });
    results.measures.push({ ...measure, samples });
    progress.finish(summaryLines(results.measures.at(-1)));
  }
  return results;
}

/** Builds and fetches what the chosen measures need; a server that cannot be had is left out, and that is said. */
function prepare(progress) {
  progress.say('building the load generator');
  const loadGenerator = buildLoadGenerator();
  let servers = options.servers.split(',');
  const leaveOut = (name, reason) => {
    progress.say(`!! ${name} is left out: ${reason}`);
    servers = servers.filter((server) => server !== name);
  };
  const entry = path.resolve(options.entry);
  if (servers.includes('ours') && !buildAddon(entry)) leaveOut('ours', `there is no ${options.entry}`);
  let bun = options.bun;
  if (servers.includes('bun')) {
    bun ??= fetchBun();
    if (!versionOf(bun)) leaveOut('bun', `${bun} does not run`);
  }
  const keys = new Set(chosen.flatMap(({ key }) => key ?? []));
  const certificates = Object.fromEntries([...keys].map((key) => [key, makeCertificate(key)]));
  return {
    servers,
    programs: { node: options.node, bun, loadGenerator, entry, certificates },
    versions: {
      node: versionOf(options.node),
      bun: servers.includes('bun') ? versionOf(bun) : undefined,
      ours: servers.includes('ours')
        ? JSON.parse(fs.readFileSync(path.join(path.dirname(entry), 'package.json'), 'utf8')).version
        : undefined,
    },
  };
}

/** Later files replace the measures of earlier ones. */
function mergeResults(files) {
  const all = files.map((file) => JSON.parse(fs.readFileSync(file, 'utf8')));
  const measured = new Map(all.flatMap((results) => results.measures.map((measure) => [measure.name, measure])));
  const order = measures({ size: options.size, keys: ['ec', 'rsa'] }).map(({ name }) => name);
  return {
    ...all.at(-1),
    servers: serverNames.filter((name) => all.some(({ servers }) => servers.includes(name))),
    measures: [...measured.values()].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name)),
  };
}
