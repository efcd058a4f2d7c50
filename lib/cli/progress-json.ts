// Progress for programs: one JSON object per iteration on stdout.

import type { Reporter } from './reporter.js';
import { say } from './talk.js';

export function jsonProgress(): Reporter {
  return {
    forecasts: false,
    step({ scale, iteration, iterations, scaleDone, total, losses, content, style, tv, device }) {
      const line = { scale, iteration, iterations, scaleDone, total, losses, content, style, tv, device };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    },
    note: say,
    close() {},
  };
}
