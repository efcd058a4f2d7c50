// Traces as --trace writes them, read back: lines of JSON, one an iteration, of one run or of several.

import * as z from 'zod';
import { OptionError } from '../errors.js';

const line = z.object({
  run: z.string().optional(),
  scale: z.tuple([z.number(), z.number()]),
  total: z.number(),
  losses: z.record(z.string(), z.number()),
});

/** The losses of a run, iteration by iteration. */
export interface TracedRun {
  name: string;
  iterations: { scale: [width: number, height: number]; losses: Record<string, number> }[];
}

/**
 * The runs in a trace. Besides `total` and every term's loss by its name, an iteration has the sums of terms of one group
 * (`style` of all `style:…`).
 *
 * @param name of the trace, for messages and for a run without one
 * @returns `cut` if the last line is not whole, as of a run that has not ended well
 * @throws OptionError for a line that is none of a trace
 */
export function runsOf(text: string, name: string): { runs: TracedRun[]; cut: boolean } {
  const runs = new Map<string, TracedRun>();
  const lines = text.split('\n');
  const rest = lines.pop()!; // behind the last end of a line
  let cut = false;
  for (const [i, written] of [...lines, ...(rest === '' ? [] : [rest])].entries()) {
    const parsed = line.safeParse(jsonOf(written));
    if (!parsed.success) {
      cut = i === lines.length;
      if (cut) break;
      const problem = `line ${i + 1} of ${name} is not of a trace: --trace writes such files`;
      throw new OptionError('trace', name, problem);
    }
    const { run = '', scale, total, losses } = parsed.data;
    if (!runs.has(run)) runs.set(run, { name: run || name, iterations: [] });
    runs.get(run)!.iterations.push({ scale, losses: { total, ...groups(losses), ...losses } });
  }
  if (runs.size === 0) throw new OptionError('trace', name, `${name} has no iterations`);
  return { runs: [...runs.values()], cut };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function groups(losses: Record<string, number>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, loss] of Object.entries(losses)) {
    const [group = name] = name.split(':', 1);
    sums[group] = (sums[group] ?? 0) + loss;
  }
  return sums;
}

/** What there is to draw of a run where nothing is asked for: the total, and the groups where there are several. */
export function mainLosses({ iterations }: TracedRun): string[] {
  const all = new Set(iterations.flatMap(({ losses }) => Object.keys(losses)));
  const found = [...all].filter((name) => name !== 'total' && !name.includes(':'));
  return found.length > 1 ? ['total', ...found] : ['total'];
}
