// From samples to lines on the terminal, a Markdown page and plots.
import fs from 'node:fs';
import path from 'node:path';
import { ratioPlot } from './plot.mjs';
import { foreignLimit } from './rounds.mjs';
import { serverNames } from './server.mjs';
import { ratios, spread } from './statistics.mjs';

const suites = [
  ['plain', 'TCP'],
  ['tls', 'TLS 1.3'],
  ['udp', 'UDP'],
  ['scaling', 'Scaling'],
];

/** What a server is called where the reader does not know our names. */
const titles = { ours: 'bun-sockets', bun: 'Bun', bare: 'bare epoll' };
const nodeTitles = { tcp: 'node:net', tls: 'node:tls', udp: 'node:dgram' };

/**
 * The figures of one measure and server.
 * @param {{samples: Record<string, (import('./rounds.mjs').Sample | undefined)[]>}} measure
 */
function figuresOf(measure, name) {
  const samples = measure.samples[name] ?? [];
  const of = (server, field) => Array.from(measure.samples[server] ?? [], (sample) => sample?.[field]);
  const median = (field) => spread(of(name, field)).median;
  return {
    present: samples.some(Boolean),
    value: spread(of(name, 'value')),
    against: (base) => ratios(of(name, 'value'), of(base, 'value')),
    median,
  };
}

/** The measure for the terminal. @returns {string[]} */
export function summaryLines(measure) {
  const { name, figure } = measure;
  const lines = [`\n${name}: ${measure.title}, ${figure.unit}${figure.better === 'less' ? ' (less is better)' : ''}`];
  for (const server of serverNames) {
    const found = figuresOf(measure, server);
    if (!found.present) continue;
    const { value } = found;
    let line = `  ${server.padEnd(5)} ${short(value.median).padStart(9)}`;
    line += ` ${`[${short(value.low)} .. ${short(value.high)}]`.padEnd(21)}`;
    for (const base of ['bun', 'node']) {
      const against = found.against(base);
      if (server !== base && figure.kind !== 'loss' && Number.isFinite(against.median))
        line += ` x${base} ${range(against)}`;
    }
    if (Number.isFinite(found.median('p50'))) {
      line += `  p50 ${short(found.median('p50'))} p99 ${short(found.median('p99'))} µs`;
    }
    if (Number.isFinite(found.median('mainCpu'))) {
      line += `  cpu/${figure.cost} ${short(found.median('mainCpu'))} + ${short(found.median('otherCpu'))} µs`;
    }
    if (Number.isFinite(found.median('delay99'))) {
      line += `  loop delay p99 ${short(found.median('delay99'))} max ${short(found.median('delayMax'))} ms`;
    }
    if (found.median('errors') > 0) line += `  ERRORS ${found.median('errors')}`;
    if (found.median('foreign') > 0.1) line += `  foreign load ${found.median('foreign').toFixed(2)} cores`;
    lines.push(line);
  }
  return lines;
}

/** Writes `benchmarks.md` and one plot for each suite into the folder. */
export function writeDocuments(results, folder) {
  fs.mkdirSync(folder, { recursive: true });
  const sections = [];
  for (const [suite, title] of suites) {
    const measures = results.measures.filter((measure) => measure.suite === suite);
    if (measures.length === 0) continue;
    const file = `benchmarks-${suite}.svg`;
    fs.writeFileSync(path.join(folder, file), plotOf(title, measures));
    sections.push(`## ${title}\n\n![${title}: throughput relative to Bun](${file})\n\n${tableOf(measures)}`);
  }
  fs.writeFileSync(
    path.join(folder, 'benchmarks.md'),
    `${introduction(results)}${disturbances(results)}\n${sections.join('\n')}`,
  );
}

/** Where README has its table. */
const README_TABLE = /(?<=<!-- TABLE -->\n).*(?=<!-- \/TABLE -->)/s;
/** The suites that it shows, with what tells their rows from those of others. */
const readmeSuites = { plain: '', tls: 'TLS: ', udp: 'UDP: ' };

/** Writes the table of README anew, if everything was measured that it shows. */
export function writeReadme(results, file) {
  const suitesMeasured = new Set(results.measures.map(({ suite }) => suite));
  if (!Object.keys(readmeSuites).every((suite) => suitesMeasured.has(suite))) return;
  if (!['ours', 'bun', 'node'].every((name) => results.servers.includes(name))) return;
  const text = fs.readFileSync(file, 'utf8');
  if (!README_TABLE.test(text)) throw new Error(`${file} has no place for the table`);
  fs.writeFileSync(
    file,
    text.replace(README_TABLE, () => readmeTable(results)),
  );
}

function readmeTable({ measures, machine, versions, settings }) {
  const rows = Object.entries(readmeSuites).flatMap(([suite, prefix]) =>
    measures
      .filter((measure) => measure.suite === suite && measure.figure.kind !== 'loss')
      .map((measure) => {
        const of = (name) => figuresOf(measure, name);
        const title = prefix ? prefix + measure.title[0].toLowerCase() + measure.title.slice(1) : measure.title;
        const less = measure.figure.better === 'less' ? ' (less is better)' : '';
        return [
          `${title}, ${measure.figure.unit}${less}`,
          ...['ours', 'bun', 'node'].map((name) => full(of(name).value.median)),
          ...['bun', 'node'].map((base) => of('ours').against(base).median.toFixed(2)),
        ];
      }),
  );
  const head = ['measure', 'bun-sockets', 'Bun', 'Node.js', '× Bun', '× Node.js'];
  return `${markdownTable(head, rows, 1)}
\`npm run bench\`: ${settings.rounds} rounds, medians; those of the ratios are of each round's own ratio, so they need not be the quotient of the
columns. ${machine.cores} cores of ${machine.processor}, ${machine.memoryGiB} GiB, ${machine.system}, Node.js ${versions.node}, Bun ${versions.bun}; messages of ${settings.size} bytes over loopback.
`;
}

function introduction({ date, machine, versions, settings }) {
  return `# Benchmarks

\`npm run bench\` measures everything on this page, in one run, and writes the page.

| | |
|---|---|
| Date | ${date} |
| Machine | ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB |
| System | ${machine.system} |
| Versions | ${[
    ['bun-sockets', versions.ours],
    ['Node', versions.node],
    ['Bun', versions.bun],
  ]
    .filter(([, version]) => version)
    .map((pair) => pair.join(' '))
    .join(', ')} |
| Settings | ${settings.rounds} rounds of ${settings.seconds} s, TCP messages of ${settings.size} B, loopback |

How to read it:

- Servers are echo servers unless the measure says otherwise, one thread each. The load generator is a Rust program on
  the same machine. *bare epoll* is a Rust server that does nothing but the system calls (and rustls, on TLS): about what
  can be had at all.
- Every round runs all servers in a new random order. Figures are medians over the rounds; ratios are taken within each
  round, with their quartiles in brackets.
- CPU is the time per message (connection, MB, datagram) of the server's JavaScript thread + all its other threads.
- *Loop delay* is how late a 2 ms timer of the server fires under the load: 99 of 100 times no later than this.
- A sample during which other processes used more than a quarter of a core is taken again, up to two times.
`;
}

/** What the repetitions could not avoid. */
function disturbances({ measures }) {
  const samples = measures.flatMap((measure) => Object.values(measure.samples).flat()).filter(Boolean);
  const disturbed = samples.filter(({ foreign }) => foreign > foreignLimit).length;
  return disturbed > 0 ? `- ${disturbed} of ${samples.length} samples were disturbed all the same.\n` : '';
}

function titleOf(server, measure) {
  return server === 'node' ? nodeTitles[measure.protocol] : titles[server];
}

function tableOf(measures) {
  const servers = serverNames.filter((name) => measures.some((measure) => figuresOf(measure, name).present));
  const measured = servers.includes('ours');
  const head = ['Measure', 'Unit', ...servers.map((name) => titleOf(name, measures[0]))];
  if (measured) {
    for (const base of ['bun', 'node']) if (servers.includes(base)) head.push(`x ${titleOf(base, measures[0])}`);
  }
  const withCpu = servers.filter((name) => name !== 'bare');
  const rows = measures.map((measure) => {
    const of = (name) => figuresOf(measure, name);
    const values = servers.map((name) => (of(name).present ? full(of(name).value.median) : ''));
    const comparable = measured && measure.figure.kind !== 'loss';
    const compared = !measured
      ? []
      : ['bun', 'node']
          .filter((base) => servers.includes(base))
          .map((base) => (comparable && of(base).present ? range(of('ours').against(base)) : ''));
    const less = measure.figure.better === 'less' ? ' (less is better)' : '';
    return [measure.title, `${measure.figure.unit}${less}`, ...values, ...compared];
  });
  const costs = measures
    .filter((measure) => withCpu.some((name) => Number.isFinite(figuresOf(measure, name).median('mainCpu'))))
    .map((measure) => {
      const cells = withCpu.map((name) => {
        const found = figuresOf(measure, name);
        if (!Number.isFinite(found.median('mainCpu'))) return '';
        return `${short(found.median('mainCpu'))} + ${short(found.median('otherCpu'))}`;
      });
      const delays = withCpu.map((name) => {
        const delay = figuresOf(measure, name).median('delay99');
        return Number.isFinite(delay) ? short(delay) : '';
      });
      return [measure.title, measure.figure.cost, ...cells, ...delays];
    });
  const named = withCpu.map((name) => titleOf(name, measures[0]));
  const costHead = [
    'Measure',
    'CPU per',
    ...named.map((name) => `${name}, µs`),
    ...named.map((name) => `${name}, loop delay p99, ms`),
  ];
  return `${markdownTable(head, rows)}\n${costs.length > 0 ? `${markdownTable(costHead, costs)}\n` : ''}`;
}

/** `names` is how many columns are no figures. */
function markdownTable(head, rows, names = 2) {
  const line = (cells) => `| ${cells.join(' | ')} |\n`;
  const rule = `|${head.map((_, column) => (column < names ? '---' : '---:')).join('|')}|\n`;
  return line(head) + rule + rows.map(line).join('');
}

function plotOf(title, measures) {
  const groups = measures
    .filter(({ figure }) => figure.kind !== 'loss')
    .map((measure) => ({
      label: measure.title,
      note: measure.figure.better === 'less' ? 'less is better' : '',
      bars: serverNames
        .filter((name) => name !== 'bun' && figuresOf(measure, name).present)
        .map((name) => ({ server: name, ...figuresOf(measure, name).against('bun') }))
        .filter(({ median }) => Number.isFinite(median)),
    }))
    .filter(({ bars }) => bars.length > 0);
  const legend = Object.fromEntries(serverNames.map((name) => [name, titleOf(name, measures[0])]));
  return ratioPlot({ title: `${title}: relative to Bun (= 1)`, groups, legend });
}

const range = ({ median, low, high }) => `${median.toFixed(2)} [${low.toFixed(2)}..${high.toFixed(2)}]`;

/** Three significant digits or so. */
function short(value) {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100_000) return `${Math.round(value / 1000)}k`;
  if (Math.abs(value) >= 100) return String(Math.round(value));
  if (Math.abs(value) >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

function full(value) {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : short(value);
}
