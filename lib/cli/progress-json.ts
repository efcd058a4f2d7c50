// Progress for programs: one JSON object per iteration on stdout.

import type { Reporter } from './reporter.js';
import { say } from './talk.js';

export function jsonProgress(): Reporter {
  return {
    step({ scale, iteration, total, content, style, tv, device }) {
      process.stdout.write(`${JSON.stringify({ scale, iteration, total, content, style, tv, device })}\n`);
    },
    note: say,
    close() {},
  };
}
