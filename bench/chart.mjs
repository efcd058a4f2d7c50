// The chart: horizontal bars on a logarithmic axis, grouped by size. It brings its own background, light or dark as the
// reader's system is, so that it can be read on any page.
import { duration, ratioToScumble, rows } from './report.mjs';

const WIDTH = 900;
const LEFT = 250;
const RIGHT = 150;
const BAR = 15;
const STEP = 21;
const GROUP_GAP = 34;
const TOP = 92;

const STYLE = `
  text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #24292f }
  .title { font-size: 18px; font-weight: 600 }
  .group { font-weight: 600 }
  .quiet { fill: #57606a; font-size: 12px }
  .card { fill: #fff; stroke: #d0d7de }
  .grid { stroke: #d8dee4 }
  .peer { fill: #7d97b8 }
  .own { fill: #d2601a }
  .half { fill-opacity: 0.55 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9ea7b3 }
    .card { fill: #0d1117; stroke: #30363d }
    .grid { stroke: #2b3138 }
    .peer { fill: #5d7fa8 }
    .own { fill: #f0883e }
  }`;

/** @param {{ machine: any, commit: string, date: string, results: import('./report.mjs').Result[] }} run */
export function chart({ machine, commit, date, results }) {
  const drawn = rows(results).filter(
    ({ median, expected }) => median !== undefined || expected !== undefined,
  );
  const sizes = [...new Set(drawn.map(({ size }) => size))];
  const times = drawn.map(({ median }) => median).filter((time) => time !== undefined);
  const first = Math.floor(Math.log10(Math.min(...times)));
  const last = Math.log10(Math.max(...times));
  const scale = (WIDTH - LEFT - RIGHT) / (last - first || 1);
  const x = (seconds) => LEFT + (Math.log10(seconds) - first) * scale;

  let y = TOP;
  const bars = [];
  for (const size of sizes) {
    bars.push(text(24, y + 11, `${size} × ${size}`, 'group'));
    for (const row of drawn.filter((each) => each.size === size)) {
      bars.push(text(LEFT - 10, y + 12, row.title, '', 'end'), ...bar(row, y, x, results));
      y += STEP;
    }
    y += GROUP_GAP - STEP + BAR;
  }
  const bottom = y - GROUP_GAP + STEP;
  const grid = [];
  for (let power = first; power <= last; power++) {
    const at = x(10 ** power).toFixed(1);
    grid.push(`<path class="grid" d="M${at} ${TOP - 12}V${bottom - 12}"/>`);
    grid.push(text(at, TOP - 20, tick(power), 'quiet', 'middle'));
  }

  const versions = [...new Set(results.filter((r) => r.version).map((r) => `${r.library} ${r.version}`))];
  const footer = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.instructionSet}, ${machine.os}; ` +
      `${machine.threads} threads where the engine has threads`,
    `${versions.join(' · ')} · Node ${machine.node}`,
    `${date.slice(0, 10)}, commit ${commit}; medians of one run, engines in turn. Logarithmic axis: shorter is faster.`,
  ];
  const notes = footer
    .flatMap((line) => wrap(line, 125))
    .map((line, i) => text(24, bottom + 16 + i * 17, line, 'quiet'));
  const height = bottom + 16 + notes.length * 17 + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>Time of one style transfer iteration, by engine and picture size</title>
<style>${STYLE}
</style>
<rect class="card" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>
${[text(24, 34, 'One iteration of style transfer on a CPU: VGG-19 to relu5_1, losses and gradient', 'title'), ...grid, ...bars, ...notes].join('\n')}
</svg>
`;
}

function bar(row, y, x, results) {
  if (row.median === undefined) return [text(LEFT + 6, y + 12, row.skipped ?? 'failed', 'quiet')];
  const end = x(row.median);
  const own = row.engine === 'scumble';
  const kind = own ? 'own' : row.half ? 'peer half' : 'peer';
  const ratio = ratioToScumble(row, results);
  const beside =
    own || ratio === undefined ? '' : ` · ${ratio < 9.95 ? ratio.toFixed(1) : ratio.toFixed(0)}×`;
  return [
    `<rect class="${kind}" x="${LEFT}" y="${y}" width="${Math.max(1, end - LEFT).toFixed(1)}" height="${BAR}"/>`,
    text(end + 6, y + 12, duration(row.median) + beside),
  ];
}

function tick(power) {
  return power < 0 ? `${10 ** (power + 3)} ms` : `${10 ** power} s`;
}

function text(x, y, content, kind = '', anchor = '') {
  const escaped = content.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
  const attributes = `${kind && ` class="${kind}"`}${anchor && ` text-anchor="${anchor}"`}`;
  return `<text x="${Number(x).toFixed(1)}" y="${y}"${attributes}>${escaped}</text>`;
}

function wrap(line, most) {
  const lines = [''];
  for (const word of line.split(' ')) {
    if (lines.at(-1).length + word.length + 1 > most) lines.push('');
    lines.push(`${lines.pop()} ${word}`.trimStart());
  }
  return lines;
}
