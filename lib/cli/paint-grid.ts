// A grid of runs, from its checks to the sheet saved.

import type { Grid } from '../grid/grid.js';
import type { GridRun } from '../grid/grid-run.js';
import type { SaveOptions } from '../image/picture.js';
import { saveSheet } from '../sheet/save.js';
import { ensureNetwork } from './ensure-network.js';
import { formatSize, formatTime } from './format.js';
import { watchSignals } from './interruption.js';
import { checkSaving } from './output.js';
import type { Reporter } from './reporter.js';
import type { Trace } from './trace.js';

/** Where the sheet and the losses go. */
export interface SheetTarget {
  output: string;
  saving: SaveOptions;
  trace: Trace | undefined;
}

/** What is painted when the first signal comes, or when a run fails, is saved. */
export async function paintGrid(grid: Grid, target: SheetTarget, reporter: Reporter): Promise<void> {
  const stop = new AbortController();
  watchSignals((exitCode) => {
    process.exitCode = exitCode;
    reporter.note('stopping: what is painted is saved (once more to quit at once)');
    stop.abort();
  });
  try {
    await Promise.all([checkSaving(target.output, target.saving, 1), target.trace?.check()]);
    const run = await prepare(grid, stop.signal, reporter);
    try {
      await paint(run, grid, target, reporter);
    } finally {
      await run.dispose();
      target.trace?.close();
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
}

async function prepare(grid: Grid, signal: AbortSignal, { note }: Reporter): Promise<GridRun> {
  const { resolveOptions } = await import('../options/options.js');
  const { GridRun } = await import('../grid/grid-run.js');
  const cells = grid.rows.flatMap((row) => row.cells).filter((cell) => 'options' in cell);
  const resolved = cells.map(({ options }) => resolveOptions(options));
  for (const weights of new Set(resolved.filter((one) => one.download).map((one) => one.weights)))
    await ensureNetwork(weights, signal);
  const said = new Set<string>(); // what every run would say anew
  const onWarning = ({ message }: Error) => {
    if (!said.has(message)) note(`scumble: ${message}`);
    said.add(message);
  };
  return GridRun.prepare(grid, { onWarning, signal });
}

async function paint(run: GridRun, grid: Grid, target: SheetTarget, reporter: Reporter): Promise<void> {
  const { output, saving, trace } = target;
  const { width, height } = run.size;
  await checkSaving(output, saving, Math.max(width, height));
  trace?.open();
  const began = performance.now();
  try {
    await run.paint({
      step(progress, { name }) {
        reporter.step(progress);
        trace?.step(progress, name);
      },
      done({ index, count, name }) {
        reporter.note(`${index} of ${count}: ${name}`);
      },
    });
  } finally {
    reporter.close();
    if (run.painted === 0) {
      reporter.note('nothing is painted, and nothing saved');
    } else {
      await saveSheet(await run.draw(), grid, output, saving);
      const time = formatTime((performance.now() - began) / 1000);
      const pictures = `${run.painted} of ${run.count} pictures`;
      reporter.note(`${output}: ${formatSize(width, height)}, ${pictures}, ${time}`);
    }
  }
}
