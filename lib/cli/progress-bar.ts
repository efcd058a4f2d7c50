// Progress on a terminal: one line that is redrawn. It has no colours and hides no cursor, so that whatever ends the
// process, the terminal is left as it was.

import cliProgress from 'cli-progress';
import type { Progress } from '../run/progress.js';
import { formatClock, formatLoss, formatLosses, formatSize } from './format.js';
import type { Reporter } from './reporter.js';
import { say } from './talk.js';

/** Columns of the bar itself, if there is room. */
const BAR = { least: 5, most: 40 };

/** What the line is drawn from: the last progress, and when it came. */
interface Latest {
  progress?: Progress;
  at: number;
}

export function barProgress(): Reporter {
  const stream = process.stderr;
  let latest: Latest = { at: 0 };
  let share = 0;
  let closed = false;
  const bar = new cliProgress.SingleBar({
    stream,
    linewrap: true, // that is: leave the terminal's wrapping alone, and cut the line to its width
    clearOnComplete: true,
    gracefulExit: false, // signals are the command's
    format: () => line(latest, share, stream.columns || 80),
  });
  bar.start(1, 0);
  return {
    forecasts: true,
    step(progress) {
      latest = { progress, at: performance.now() };
      share = progress.elapsed / (progress.elapsed + progress.remaining);
      bar.update(share);
    },
    note(text) {
      bar.stop();
      say(text);
      if (!closed) bar.start(1, share);
    },
    close() {
      closed = true;
      bar.stop();
    },
  };
}

/** The line; where there is little room, the parts of the loss go first and then the bar. */
function line({ progress, at }: Latest, share: number, columns: number): string {
  if (!progress) return 'reading and preparing…';
  const { scale, scaleIndex, scaleCount, iteration, iterations, total, losses } = progress;
  const remaining = Math.max(0, progress.remaining - (performance.now() - at) / 1000);
  const where = `${formatSize(...scale)} ${scaleIndex}/${scaleCount}`;
  const count = `${String(iteration).padStart(String(iterations).length)}/${iterations}`;
  const sum = `total ${formatLoss(total)}`;
  const parts = formatLosses(losses).join(' ');
  const eta = `ETA ${formatClock(remaining)}`;
  for (const facts of [`${count} ${sum} ${parts} ${eta}`, `${count} ${sum} ${eta}`]) {
    const room = Math.min(BAR.most, columns - where.length - facts.length - 3);
    if (room < BAR.least) continue;
    const full = Math.round(room * share);
    return `${where} ${'█'.repeat(full)}${'░'.repeat(room - full)} ${facts}`;
  }
  return `${where} ${count} ${sum} ${eta}`.slice(0, columns - 1);
}
