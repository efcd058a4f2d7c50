// Progress for logs and plain terminals: a line at the start, every tenth and the end of each scale.

import { formatClock, formatLoss, formatLosses, formatSize } from './format.js';
import type { Reporter } from './reporter.js';
import { say } from './talk.js';

export function lineProgress(): Reporter {
  return {
    forecasts: true,
    step(progress) {
      const { scale, scaleIndex, scaleCount, iteration, iterations, scaleDone } = progress;
      const { total, losses, remaining } = progress;
      const tenth = Math.ceil(iterations / 10);
      if (iteration !== 1 && !scaleDone && iteration % tenth !== 0) return;
      const parts = [
        `${formatSize(...scale)} (scale ${scaleIndex}/${scaleCount})`,
        `iteration ${iteration}/${iterations}`,
        `total ${formatLoss(total)}`,
        ...formatLosses(losses),
        `ETA ${formatClock(remaining)}`,
      ];
      say(parts.join('  '));
    },
    note: say,
    close() {},
  };
}
