// The reporter for a kind of progress.

import type { ProgressKind, Reporter } from './reporter.js';
import { say } from './talk.js';

/** Works with a reporter, whatever becomes of it. */
export async function reported(
  kind: ProgressKind,
  work: (reporter: Reporter) => Promise<void>,
): Promise<void> {
  const reporter = await reporterFor(kind);
  process.once('exit', () => reporter.close());
  try {
    await work(reporter);
  } finally {
    reporter.close();
  }
}

/** The reporter for a kind; one that the terminal cannot show gives way to lines. */
async function reporterFor(kind: ProgressKind): Promise<Reporter> {
  if (kind === 'json') return (await import('./progress-json.js')).jsonProgress();
  if (kind === 'none') return { forecasts: false, step() {}, note: say, close() {} };
  const capable = process.stderr.isTTY === true && process.env.TERM !== 'dumb';
  if (kind === 'lines' || !capable) return (await import('./progress-lines.js')).lineProgress();
  return (await import('./progress-bar.js')).barProgress();
}
