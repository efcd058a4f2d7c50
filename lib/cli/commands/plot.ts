// `scumble plot`: the losses of one run, or of several over each other, as an SVG.

import { basename } from 'node:path';
import type { Command } from 'commander';
import { OptionError } from '../../errors.js';
import type { Curve, Mark } from '../../plot/chart.js';
import type { TracedRun } from '../../plot/traces.js';
import { parseNames } from '../parse.js';
import { say } from '../talk.js';

interface PlotFlags {
  output: string;
  loss?: string[];
}

const STD = '-';

const DESCRIPTION = `Draws the losses that --trace wrote, over a logarithmic axis, as an SVG.

Examples:
  scumble river.jpg starry-night.jpg --trace losses.jsonl
  scumble plot losses.jsonl -o losses.svg
  scumble plot lbfgs.jsonl adam.jsonl --loss total -o both.svg`;

const EXPLANATION = `
Of one run the total and its parts are drawn, and where its scales begin; of several the
totals. --loss chooses: total, a part such as style, or one term such as style:relu1_1.`;

export function addPlotCommand(program: Command): void {
  program
    .command('plot')
    .summary('draw the losses of runs')
    .description(DESCRIPTION)
    .argument('<trace...>', 'files that --trace wrote; - is stdin')
    .option('-o, --output <file>', 'a file .svg, or - for stdout (default: -)', STD)
    .option('--loss <list>', 'which losses', parseNames)
    .addHelpText('after', EXPLANATION)
    .action(execute);
}

async function execute(traces: string[], { output, loss }: PlotFlags): Promise<void> {
  const { checkWritable, writeAtomically } = await import('../../files/atomic.js');
  if (output !== STD) {
    if (!output.toLowerCase().endsWith('.svg'))
      throw new OptionError('output', output, `output must end in .svg, or be -, not "${output}"`);
    await checkWritable(output);
  }
  const runs: TracedRun[] = [];
  for (const trace of traces) runs.push(...(await readTrace(trace)));
  const { chart } = await import('../../plot/chart.js');
  const { mainLosses } = await import('../../plot/traces.js');
  const [first] = runs as [TracedRun];
  const losses = loss ?? (runs.length === 1 ? mainLosses(first) : ['total']);
  const curves = runs.flatMap((run) => losses.map((name) => curveOf(run, name, runs.length, losses.length)));
  const title = runs.length === 1 ? `${first.name}: losses` : `losses of ${runs.length} runs`;
  const svg = chart(title, curves, runs.length === 1 ? scalesOf(first) : []);
  if (output === STD) process.stdout.write(svg);
  else await writeAtomically(output, Buffer.from(svg));
}

async function readTrace(path: string): Promise<TracedRun[]> {
  const name = path === STD ? 'stdin' : basename(path);
  const { readFile } = await import('node:fs/promises');
  const { text } = await import('node:stream/consumers');
  const { runsOf } = await import('../../plot/traces.js');
  const read = path === STD ? text(process.stdin) : readFile(path, 'utf8');
  const content = await read.catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message;
    throw new OptionError('trace', path, `trace ${path} cannot be read: ${why}`, cause);
  });
  const { runs, cut } = runsOf(content, name);
  if (cut) say(`scumble: the last line of ${name} is not whole, and left out`);
  return runs;
}

/** @throws OptionError for a loss that the run has not */
function curveOf({ name, iterations }: TracedRun, loss: string, runs: number, losses: number): Curve {
  const known = [...new Set(iterations.flatMap((one) => Object.keys(one.losses)))];
  if (!known.includes(loss)) {
    throw new OptionError('loss', loss, `loss ${loss} is not in ${name}, which has ${known.join(', ')}`);
  }
  const values = iterations.map((one) => one.losses[loss] ?? Number.NaN);
  const parts = [...(runs > 1 ? [name] : []), ...(runs === 1 || losses > 1 ? [loss] : [])];
  return { label: parts.join(' '), values };
}

/** Where its scales begin, if there are several. */
function scalesOf({ iterations }: TracedRun): Mark[] {
  const marks = iterations.flatMap(({ scale }, i) => {
    const same = i > 0 && iterations[i - 1]!.scale.join() === scale.join();
    return same ? [] : [{ iteration: i + 1, label: scale.join('×') }];
  });
  return marks.length > 1 ? marks : [];
}
