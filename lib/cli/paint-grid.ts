// A grid of runs, from its checks to the sheet saved.

import type { Grid } from '../grid/grid.js';
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
  const { output, saving, trace } = target;
  const stop = new AbortController();
  watchSignals((exitCode) => {
    process.exitCode = exitCode;
    reporter.note('stopping: the sheet is saved with what is painted (once more to quit at once)');
    stop.abort();
  });
  await Promise.all([checkSaving(output, saving, 1), trace?.check()]);
  const { resolveOptions } = await import('../options/options.js');
  const { GridRun } = await import('../grid/grid-run.js');
  const cells = grid.rows.flatMap((row) => row.cells).filter((cell) => 'options' in cell);
  const resolved = cells.map(({ options }) => resolveOptions(options));
  for (const weights of new Set(resolved.filter((one) => one.download).map((one) => one.weights)))
    await ensureNetwork(weights, stop.signal);
  const said = new Set<string>();
  const onWarning = ({ message }: Error) => {
    if (!said.has(message)) reporter.note(`scumble: ${message}`);
    said.add(message);
  };
  const run = await GridRun.prepare(grid, { onWarning, signal: stop.signal });
  try {
    const { width, height } = run.size;
    await checkSaving(output, saving, Math.max(width, height));
    trace?.open();
    const began = performance.now();
    const save = async () => {
      reporter.close();
      if (run.painted === 0) return reporter.note('stopped before the first picture: nothing is saved');
      await saveSheet(await run.draw(), grid, output, saving);
      const time = formatTime((performance.now() - began) / 1000);
      const pictures = `${run.painted} of ${run.count} pictures`;
      reporter.note(`${output}: ${formatSize(width, height)}, ${pictures}, ${time}`);
    };
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
    } catch (error) {
      await save();
      if (stop.signal.aborted) return;
      throw error;
    }
    await save();
  } finally {
    await run.dispose();
    trace?.close();
  }
}
