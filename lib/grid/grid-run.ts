// The runs of a grid, one after the other on one engine: all are checked before the first begins, and what is painted stays
// when a later one fails or the caller has enough.

import { Engine } from '../engine/engine.js';
import type { ScumbleError } from '../errors.js';
import { toSamples } from '../image/convert.js';
import { probeImage, readSizes } from '../image/read.js';
import type { Raster } from '../image/types.js';
import { type ResolvedOptions, resolveOptions, type StylizeOptions } from '../options/options.js';
import { DivergedError } from '../run/diverged.js';
import { planRun } from '../run/plan.js';
import type { Progress } from '../run/progress.js';
import { Run } from '../run/run.js';
import { type Size, sizeAt } from '../run/scales.js';
import { type Cell, drawSheet, type Samples, type Sheet, sheetSize } from '../sheet/sheet.js';
import type { Grid, GridCell } from './grid.js';

export interface GridSettings {
  onWarning: (warning: ScumbleError) => unknown;
  signal: AbortSignal;
}

/** One run of a grid. */
export interface GridPlace {
  /** From 1, and of how many. */
  index: number;
  count: number;
  /** What its row, its column and its own lines say. */
  name: string;
}

interface Planned extends Omit<GridPlace, 'count'> {
  cell: Cell;
  given: StylizeOptions;
  options: ResolvedOptions;
  engine: Engine;
}

export class GridRun {
  readonly #sheet: Sheet;
  readonly #runs: Planned[];
  readonly #box: Size;
  readonly #engines: Map<string, Engine>;

  private constructor(sheet: Sheet, runs: Planned[], box: Size, engines: Map<string, Engine>) {
    this.#sheet = sheet;
    this.#runs = runs;
    this.#box = box;
    this.#engines = engines;
  }

  /** Checks every run of a grid. @throws as stylize() does before its work, and OptionError for too large a sheet */
  static async prepare(grid: Grid, settings: GridSettings): Promise<GridRun> {
    const runs: Omit<Planned, 'engine'>[] = [];
    const read: { cell: Cell; from: Extract<GridCell, { image: unknown }> }[] = [];
    const rows = grid.rows.map(({ label, cells }) => ({
      label,
      cells: cells.map((from, i): Cell => {
        const cell: Cell = { lines: [...(from.lines ?? []), ...('options' in from ? [''] : [])] };
        if ('image' in from) {
          read.push({ cell, from });
          return cell;
        }
        const parts = [label, grid.columns[i] ?? '', ...(from.lines ?? [])].filter((part) => part !== '');
        const name = parts.join(', ').replaceAll('\n', ' ');
        const given = { ...from.options, ...settings };
        runs.push({ index: runs.length + 1, name, cell, given, options: resolveOptions(given) });
        return cell;
      }),
    }));
    const engines = new Map<string, Engine>();
    try {
      const planned: Planned[] = [];
      const box = { width: 1, height: 1 };
      const grow = ({ width, height }: Size) => {
        box.width = Math.max(box.width, width);
        box.height = Math.max(box.height, height);
      };
      for (const run of runs) {
        const { device, precision } = run.options;
        const key = [device, precision].join();
        const engine = engines.get(key) ?? (await Engine.open({ device, precision, ...settings }));
        engines.set(key, engine);
        const { sources } = await planRun(engine, run.options);
        grow(sizeAt(sources.content, run.options.size));
        planned.push({ ...run, engine });
      }
      const side = Math.max(box.width, box.height);
      for (const { cell, from } of read) {
        const image = await readAt(from, side, planned[0]!.options);
        grow(image);
        cell.picture = samplesOf(image);
      }
      const sheet = { ...grid, rows };
      sheetSize(sheet, box);
      return new GridRun(sheet, planned, box, engines);
    } catch (error) {
      for (const engine of engines.values()) await engine.close();
      throw error;
    }
  }

  /** How many runs there are. */
  get count(): number {
    return this.#runs.length;
  }

  /** How many of them have a picture. */
  get painted(): number {
    return this.#runs.filter(({ cell }) => cell.picture !== undefined).length;
  }

  /** Of the sheet, in pixels. */
  get size(): Size {
    return sheetSize(this.#sheet, this.#box);
  }

  /** Paints all. A run that diverges leaves its last good picture. Errors as those of stylize() */
  async paint(watch: {
    step: (progress: Progress, place: GridPlace) => void;
    done: (place: GridPlace) => void;
  }): Promise<void> {
    for (const { index, name, cell, given, options, engine } of this.#runs) {
      const place = { index, name, count: this.count };
      const run = await Run.on(engine, given);
      let last: Progress | undefined;
      let remark = '';
      try {
        let picture: Raster;
        try {
          for await (const progress of run) {
            last = progress;
            watch.step(progress, place);
            options.signal?.throwIfAborted();
          }
          picture = await run.finish();
        } catch (error) {
          if (!(error instanceof DivergedError)) throw error;
          remark = `, diverged after ${error.iteration - 1}`;
          picture = error.picture;
        }
        cell.picture = samplesOf(picture);
        if (last) cell.lines!.splice(-1, 1, `loss ${written(last.total)}${remark}`);
      } finally {
        await run.dispose();
      }
      watch.done(place);
    }
  }

  /** The sheet with what is painted so far. */
  async draw(): Promise<Samples> {
    return drawSheet(this.#sheet, this.#box);
  }

  async dispose(): Promise<void> {
    for (const engine of this.#engines.values()) await engine.close();
  }
}

async function readAt(
  { image, option }: Extract<GridCell, { image: unknown }>,
  side: number,
  { maxPixels, threads, signal }: ResolvedOptions,
): Promise<Raster> {
  const probed = await probeImage(image, option, maxPixels);
  const size = sizeAt(probed, side);
  const { images } = await readSizes(image, option, [size], { maxPixels, threads, probed, signal });
  return images[0]!;
}

/** As a sheet shows it: 8 bits, and alpha where there is one. */
function samplesOf(raster: Raster): Samples {
  const { width, height } = raster;
  const channels = raster.alpha ? 4 : 3;
  return { data: toSamples(raster, channels, 8) as Uint8ClampedArray, width, height, channels };
}

/** Three digits: 0.0123, 123, 1.23e6. */
function written(loss: number): string {
  const text = loss < 1e-3 ? loss.toExponential(2) : loss.toPrecision(3);
  return text.replace('e+', 'e');
}
