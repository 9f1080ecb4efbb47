// Horizontal bars around the line of Bun, as an SVG that is readable on light and dark pages.

const layout = { width: 860, label: 240, right: 60, top: 62, bar: 13, gap: 3, group: 16, bottom: 30 };
/** Bars beyond this are cut, and say their value all the same. */
const mostShown = 4;

/**
 * @param {object} plot
 * @param {string} plot.title
 * @param {{label: string, note?: string, bars: {server: string, median: number, low: number, high: number}[]}[]} plot.groups
 * @param {Record<string, string>} plot.legend names of the servers
 * @returns {string} the SVG
 */
export function ratioPlot({ title, groups, legend }) {
  const { width, label, right, top, bar, gap, group: space, bottom } = layout;
  const highest = Math.max(1.5, ...groups.flatMap(({ bars }) => bars.map(({ high }) => high)));
  const end = Math.min(mostShown, Math.ceil(highest * 2) / 2);
  const x = (ratio) => round(label + (Math.min(ratio, end) / end) * (width - label - right));

  const parts = [];
  let y = top;
  for (const { label: name, note, bars } of groups) {
    const middle = y + (bars.length * (bar + gap) - gap) / 2;
    // What the measure is, and below it the particulars: "Pipeline, 50 connections" in two lines.
    const [, what, particulars] = /^(.*?)(?:[,:] (.*))?$/.exec(name);
    const below = [particulars, note].filter(Boolean).join('; ');
    parts.push(text(label - 12, middle + (below ? -2 : 4), what, 'end'));
    if (below) parts.push(text(label - 12, middle + 12, below, 'end', 'note'));
    for (const { server, median, low, high } of bars) {
      const center = y + bar / 2;
      parts.push(`<rect class="${server}" x="${label}" y="${y}" width="${round(x(median) - label)}" height="${bar}"/>`);
      parts.push(line(x(low), center, x(high), center, 'whisker'));
      for (const edge of [low, high]) parts.push(line(x(edge), center - 3, x(edge), center + 3, 'whisker'));
      parts.push(text(width - 12, y + bar - 2.5, median.toFixed(2), 'end', 'value'));
      y += bar + gap;
    }
    y += space;
  }
  const foot = y - space + 8;

  const grid = [];
  for (let ratio = 0; ratio <= end; ratio += end > 2.5 ? 1 : 0.5) {
    grid.push(
      line(x(ratio), top - 8, x(ratio), foot, 'grid'),
      text(x(ratio), foot + 14, String(ratio), 'middle', 'note'),
    );
  }
  const bun = `${line(x(1), top - 8, x(1), foot, 'bun')}${text(x(1), top - 13, legend.bun, 'middle', 'note')}`;

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${foot + bottom}" role="img" aria-label="${escaped(title)}">
<style>${style}</style>
${text(12, 22, title, 'start', 'title')}
${key(groups, legend)}
${grid.join('\n')}
${parts.join('\n')}
${bun}
</svg>
`;
}

function key(groups, legend) {
  const shown = Object.keys(legend).filter((name) =>
    groups.some(({ bars }) => bars.some(({ server }) => server === name)),
  );
  let x = layout.width - 12;
  return shown
    .toReversed()
    .map((name) => {
      // About the width of the letters: nothing here can measure text.
      x -= legend[name].length * 7 + 30;
      return `<rect class="${name}" x="${x}" y="13" width="11" height="11"/>${text(x + 16, 22, legend[name], 'start')}`;
    })
    .join('\n');
}

const line = (x1, y1, x2, y2, name) => `<line class="${name}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;

const text = (x, y, content, anchor, name = 'label') =>
  `<text class="${name}" x="${x}" y="${y}" text-anchor="${anchor}">${escaped(content)}</text>`;

const escaped = (content) => content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

const round = (value) => Math.round(value * 10) / 10;

const style = `
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
.note { font-size: 11px; fill: #59636e }
.value { font-size: 11px }
.ours { fill: #0a7d5a } .node { fill: #a9b4c0 } .bare { fill: #d6b656 }
.grid { stroke: #d1d9e0 } .bun { stroke: #cf4f2c; stroke-width: 1.5 } .whisker { stroke: #1f2328; stroke-opacity: .6 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .note { fill: #9198a1 }
.ours { fill: #2ea67f } .node { fill: #6b7682 } .bare { fill: #a5862f }
.grid { stroke: #30363d } .bun { stroke: #f0734f } .whisker { stroke: #e6edf3 }
}
`;
