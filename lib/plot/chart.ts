// Curves over a logarithmic axis as an SVG that needs nothing but a viewer.

/** A curve: a value for each iteration, from 1; what is not above 0 leaves a gap. */
export interface Curve {
  label: string;
  values: number[];
}

/** A line across the chart before some iteration. */
export interface Mark {
  iteration: number;
  label: string;
}

const SIZE = { width: 900, height: 500 };
const PLOT = { left: 70, right: 680, top: 44, bottom: 450 };
const FONT = 'font-family="DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"';

/** Told apart by all eyes (Okabe & Ito 2008), without yellow, which is too pale for a line. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];
/** Of the curves that come round to a colour again. */
const DASHES = ['', '6 3', '2 3', '8 3 2 3'];

export function chart(title: string, curves: readonly Curve[], marks: readonly Mark[] = []): string {
  const last = Math.max(2, ...curves.map(({ values }) => values.length));
  const x = (iteration: number) => PLOT.left + ((iteration - 1) / (last - 1)) * (PLOT.right - PLOT.left);
  const [low, high] = range(curves.flatMap(({ values }) => values.filter(isShown)));
  const share = (value: number) => Math.log(value / low) / Math.log(high / low);
  const y = (value: number) => PLOT.bottom - share(value) * (PLOT.bottom - PLOT.top);
  const parts = [
    `<rect width="${SIZE.width}" height="${SIZE.height}" fill="#ffffff"/>`,
    text(title, PLOT.left, 24, { size: 16, weight: 'bold' }),
    ...logTicks(low, high).flatMap((value) => [
      rule(PLOT.left, y(value), PLOT.right, y(value), '#dddddd'),
      text(value.toExponential().replace('e+', 'e'), PLOT.left - 8, y(value) + 4, { anchor: 'end' }),
    ]),
    ...linearTicks(last).map((at) => text(String(at), x(at), PLOT.bottom + 18, { anchor: 'middle' })),
    text('iteration', (PLOT.left + PLOT.right) / 2, PLOT.bottom + 38, { anchor: 'middle' }),
    text('loss', PLOT.left - 8, PLOT.top - 8, { anchor: 'end' }),
    ...marks.flatMap(({ iteration, label }) => [
      rule(x(iteration), PLOT.top, x(iteration), PLOT.bottom, '#bbbbbb'),
      text(label, x(iteration) + 3, PLOT.top + 12, { size: 10, fill: '#666666' }),
    ]),
    rule(PLOT.left, PLOT.bottom, PLOT.right, PLOT.bottom, '#222222'),
    ...curves.flatMap(({ label, values }, i) => {
      const colour = COLOURS[i % COLOURS.length]!;
      const dash = DASHES[Math.floor(i / COLOURS.length) % DASHES.length]!;
      const stroke = `fill="none" stroke="${colour}" stroke-width="1.8" stroke-linejoin="round"${dash && ` stroke-dasharray="${dash}"`}`;
      const at = PLOT.top + 8 + i * 20;
      return [
        `<path d="${path(values, x, y)}" ${stroke}/>`,
        `<path d="M${PLOT.right + 14} ${at}h24" ${stroke}/>`,
        text(label, PLOT.right + 44, at + 4),
      ];
    }),
  ];
  const height = Math.max(SIZE.height, PLOT.top + 20 * curves.length + 20);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${height}" width="${SIZE.width}" height="${height}" role="img">
<title>${escaped(title)}</title>
${parts.join('\n')}
</svg>
`;
}

const isShown = (value: number) => Number.isFinite(value) && value > 0;

/** From the least to the greatest, out to the next tick. */
function range(values: readonly number[]): [low: number, high: number] {
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, b) => Math.max(a, b), 0);
  if (high === 0) return [1, 10];
  const decade = (value: number) => 10 ** Math.floor(Math.log10(value));
  const steps = [1, 2, 5, 10];
  const down = decade(low) * steps.findLast((step) => decade(low) * step <= low * (1 + 1e-9))!;
  const up = decade(high) * steps.find((step) => decade(high) * step >= high * (1 - 1e-9))!;
  return up > down ? [down, up] : [down, up * 10];
}

/** Powers of ten; where these are few, twice and five times them too. */
function logTicks(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.ceil(Math.log10(high) - 1e-9);
  const every = Math.ceil((last - first) / 10);
  const steps = last - first > 3 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = first; power <= last; power += every) {
    for (const step of steps) ticks.push(Number(`${step}e${power}`));
  }
  return ticks.filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
}

/** 1, and about six round numbers up to the last iteration. */
function linearTicks(last: number): number[] {
  const rough = last / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, power * [1, 2, 5, 10].find((factor) => factor * power >= rough)!);
  const ticks = [1];
  for (let at = step; at <= last; at += step) if (at > 1) ticks.push(at);
  return ticks;
}

function path(values: readonly number[], x: (iteration: number) => number, y: (value: number) => number) {
  let pen = 'M';
  let drawn = '';
  for (const [i, value] of values.entries()) {
    if (!isShown(value)) {
      pen = 'M';
      continue;
    }
    drawn += `${pen}${x(i + 1).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = 'L';
  }
  return drawn;
}

function rule(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  const [a, b, c, d] = [x1, y1, x2, y2].map((at) => at.toFixed(1));
  return `<path d="M${a} ${b}L${c} ${d}" stroke="${colour}" stroke-width="1"/>`;
}

function text(
  content: string,
  x: number,
  y: number,
  { size = 12, weight = 'normal', anchor = 'start', fill = '#222222' } = {},
): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${FONT} font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${fill}">${escaped(content)}</text>`;
}

/** What XML has no place for is left out. */
function escaped(content: string): string {
  return content
    .replace(/[^\P{Cc}\n\t]/gu, '')
    .replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);
}
