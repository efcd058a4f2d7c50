// What the records say: a table with means and deviations by configuration, wins by pairs of configurations, and sheets.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Score } from '../../dist/index.js';
import { type Cell, drawSheet, type Sheet } from '../../dist/sheet/sheet.js';
import type { Pair } from './pairs.js';
import { fileName, type Painted, type Scored } from './records.js';

/** A number of a picture, and whether more of it is better; nothing where neither is. */
interface Column {
  title: string;
  of: (painted: Painted, score: Score | undefined) => number | null | undefined;
  best?: 'most' | 'least';
  digits: number;
}

const COLUMNS: Column[] = [
  { title: 'seconds', of: ({ seconds }) => seconds, best: 'least', digits: 1 },
  { title: 'iterations', of: (painted) => done(painted), digits: 0 },
  { title: 'style', of: (_, score) => score?.position.style, best: 'most', digits: 3 },
  { title: 'palette', of: (_, score) => score?.position.palette, best: 'most', digits: 3 },
  { title: 'content', of: (_, score) => score?.position.content, best: 'most', digits: 3 },
  { title: 'contrast', of: (_, score) => score?.strength.contrast?.value, digits: 2 },
  { title: 'saturation', of: (_, score) => score?.strength.saturation?.value, digits: 2 },
  { title: 'grain', of: (_, score) => score?.faults.grain, digits: 2 },
  { title: 'grid', of: (_, score) => score?.faults.grid, best: 'least', digits: 2 },
  { title: 'border', of: (_, score) => score?.faults.border, digits: 2 },
  { title: 'veil', of: (_, score) => score?.faults.veil, digits: 2 },
];

const done = ({ iterations }: Painted) => iterations?.reduce((sum, scale) => sum + scale.done, 0);

export interface Evidence {
  configs: string[];
  pairs: Pair[];
  painted: Painted[];
  scored: Map<string, Scored>;
  folder: string;
}

const numbers = (values: (number | null | undefined)[]) =>
  values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value));

/** `mean ± deviation`, of what there is. */
function spread(values: number[], digits: number): string {
  if (values.length === 0) return '–';
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return mean.toFixed(digits);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return `${mean.toFixed(digits)} ± ${Math.sqrt(variance).toFixed(digits)}`;
}

/** Tables as markdown. Only what two configurations both have is compared between them. */
export function tables({ configs, pairs, painted, scored }: Evidence): string {
  const names = new Set(pairs.map(({ name }) => name));
  const of = (config: string) =>
    painted.filter((one) => one.config === config && names.has(one.pair) && one.file);
  const numberOf = (column: Column, one: Painted) => column.of(one, scored.get(one.file!)?.score);
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const used = COLUMNS.filter((column) =>
    configs.some((config) => numbers(of(config).map((one) => numberOf(column, one))).length > 0),
  );
  const parts = [
    row(['configuration', 'pictures', 'cut', ...used.map(({ title }) => title)]),
    row(['---', ...Array(used.length + 2).fill('---:')]),
    ...configs.map((config) => {
      const own = of(config);
      const cells = used.map((column) =>
        spread(numbers(own.map((one) => numberOf(column, one))), column.digits),
      );
      return row([config, String(own.length), String(own.filter(({ cut }) => cut).length), ...cells]);
    }),
  ];
  for (const column of used.filter(({ best, title }) => best && title !== 'seconds')) {
    parts.push(
      '',
      `Wins in ${column.title}: the row's configuration over the column's, of the pairs that both have.`,
      '',
    );
    parts.push(row(['', ...configs]), row(['---', ...configs.map(() => '---:')]));
    for (const a of configs) {
      const cells = configs.map((b) => {
        if (a === b) return '';
        const [wins, both] = winsOf(of(a), of(b), column, numberOf);
        return both === 0 ? '–' : `${wins} of ${both}`;
      });
      parts.push(row([a, ...cells]));
    }
  }
  const failed = painted.filter(({ error, config }) => error && configs.includes(config));
  if (failed.length > 0)
    parts.push('', ...failed.map(({ config, pair, error }) => `- ${config}, ${pair}: ${error}`));
  return `${parts.join('\n')}\n`;
}

function winsOf(
  ours: Painted[],
  theirs: Painted[],
  column: Column,
  numberOf: (column: Column, one: Painted) => number | null | undefined,
): [wins: number, both: number] {
  let [wins, both] = [0, 0];
  for (const one of ours) {
    const other = theirs.find(({ pair }) => pair === one.pair);
    const [a, b] = [numberOf(column, one), other && numberOf(column, other)];
    if (typeof a !== 'number' || typeof b !== 'number') continue;
    both++;
    if (column.best === 'most' ? a > b : a < b) wins++;
  }
  return [wins, both];
}

/** The lines below a picture. */
function lines(painted: Painted | undefined, score: Score | undefined): string[] {
  if (!painted) return ['', ''];
  if (painted.error) return [painted.error.slice(0, 40), ''];
  const time = `${painted.seconds!.toFixed(0)} s, ${done(painted)} iterations`;
  if (!score) return [time, ''];
  const at = (value: number | null) => (value === null ? '–' : value.toFixed(2));
  const { style, palette, content } = score.position;
  return [time, `style ${at(style)}  palette ${at(palette)}  content ${at(content)}`];
}

/**
 * Writes a sheet for each content (styles down, configurations across, the style and the content first), and one for each
 * configuration (contents down, styles across).
 *
 * @returns their paths
 */
export async function sheets(
  { configs, pairs, painted, scored, folder }: Evidence,
  side: number,
): Promise<string[]> {
  const cellOf = (config: string, pair: Pair): Cell => {
    const one = painted.find((each) => each.config === config && each.pair === pair.name);
    const path = one?.file && join(folder, one.file);
    const score = one?.file ? scored.get(one.file)?.score : undefined;
    return { picture: path && existsSync(path) ? path : undefined, lines: lines(one, score) };
  };
  const contents = [...new Map(pairs.map(({ content }) => [content.name, content])).values()];
  const styles = [...new Map(pairs.map(({ style }) => [style.name, style])).values()];
  const written: string[] = [];
  const write = async (name: string, sheet: Sheet) => {
    const path = join(folder, `sheet-${name}.jpg`);
    const { data, ...raw } = await drawSheet(sheet, { width: side, height: side });
    await sharp(data, { raw }).jpeg({ quality: 88 }).toFile(path);
    written.push(path);
  };
  for (const content of contents) {
    const rows = pairs.filter((pair) => pair.content.name === content.name);
    await write(`content-${content.name}`, {
      title: content.name,
      columns: ['content', 'style', ...configs],
      rows: rows.map((pair) => ({
        label: pair.style.name,
        cells: [
          { picture: pair.content.path },
          { picture: pair.style.path },
          ...configs.map((config) => cellOf(config, pair)),
        ],
      })),
    });
  }
  for (const config of configs) {
    await write(`config-${config}`, {
      title: config,
      columns: ['', ...styles.map(({ name }) => name)],
      rows: [
        { label: '', cells: [{}, ...styles.map(({ path }) => ({ picture: path }))] },
        ...contents.map((content) => ({
          label: content.name,
          cells: [
            { picture: content.path },
            ...styles.map((style) => {
              const pair = pairs.find((one) => one.content === content && one.style === style);
              return pair ? cellOf(config, pair) : {};
            }),
          ],
        })),
      ],
    });
  }
  return written;
}

/** Of records, those for this size and budget, whose configuration is still what it was. */
export function current(
  records: Iterable<Painted>,
  configs: Record<string, { options: Record<string, unknown>; budget: number | undefined }>,
  size: number,
): Painted[] {
  return [...records].filter((one) => {
    const config = configs[one.config];
    return (
      config !== undefined &&
      one.size === size &&
      one.budget === config.budget &&
      JSON.stringify(one.options) === JSON.stringify(config.options)
    );
  });
}

export const keyOf = (painted: Painted) => fileName(painted);
