// Progress as jcjohnson/neural-style prints it: every so many iterations, the losses of each layer.

import type { Reporter } from './reporter.js';
import { say } from './talk.js';

/** @param every how many iterations, 0 for none */
export function neuralStyleProgress(every: number): Reporter {
  return {
    forecasts: false, // its iterations are what people compare
    step({ iteration, iterations, content, style, total }) {
      if (every === 0 || iteration % every !== 0) return;
      const lines = [`Iteration ${iteration} / ${iterations}`];
      const add = (what: string, losses: Record<string, number>) => {
        for (const [i, loss] of Object.values(losses).entries())
          lines.push(`  ${what} ${i + 1} loss: ${loss.toFixed(6)}`);
      };
      add('Content', content);
      add('Style', style);
      say([...lines, `  Total loss: ${total.toFixed(6)}`].join('\n'));
    },
    note: say,
    close() {},
  };
}
