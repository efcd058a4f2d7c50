// Downloads as the command shows them, on stderr: a bar on a terminal, a line for every tenth elsewhere.

import cliProgress from 'cli-progress';
import type { CatalogEntry } from '../weights/catalog.js';
import { megabytes } from '../weights/find.js';
import { type PullProgress, pull } from '../weights/pull.js';
import { formatClock } from './format.js';
import { say } from './talk.js';

/** pull() with its progress shown. @returns the file's path */
export async function pullShown(
  entry: CatalogEntry,
  signal: AbortSignal,
  classifier = false,
): Promise<string> {
  const { name } = entry;
  const terminal = process.stderr.isTTY === true && process.env.TERM !== 'dumb';
  const display = terminal ? bar(name) : lines(name);
  const onExit = () => display.close();
  process.once('exit', onExit);
  try {
    return await pull(entry, {
      signal,
      classifier,
      onProgress: display.step,
      onWait: () => say(`another process is getting ${name}: waiting`),
    });
  } finally {
    process.off('exit', onExit);
    display.close();
  }
}

interface Display {
  step(progress: PullProgress): void;
  close(): void;
}

function bar(name: string): Display {
  let open: cliProgress.SingleBar | undefined;
  let speed: ReturnType<typeof speedometer>;
  return {
    step({ received, size }) {
      if (!open) {
        speed = speedometer(received);
        open = new cliProgress.SingleBar({
          stream: process.stderr,
          linewrap: true, // leave the terminal's wrapping alone, and cut the line to its width
          clearOnComplete: true,
          gracefulExit: false, // signals are the command's
          barCompleteChar: '█',
          barIncompleteChar: '░',
          barsize: Math.min(40, Math.max(5, (process.stderr.columns || 80) - name.length - 40)),
          format: `${name} {bar} {done}/{all}  {speed}`,
        });
        open.start(size, received, { done: megabytes(received), all: megabytes(size), speed: '' });
      }
      open.update(received, { done: megabytes(received), speed: speed(received, size) });
    },
    close() {
      open?.stop();
    },
  };
}

function lines(name: string): Display {
  let speed: ReturnType<typeof speedometer> | undefined;
  let told = -1;
  return {
    step({ received, size }) {
      speed ??= speedometer(received);
      const tenth = Math.floor((10 * received) / size);
      if (tenth === told) return;
      told = tenth;
      say(`${name}  ${megabytes(received)} of ${megabytes(size)}  ${speed(received, size)}`.trimEnd());
    },
    close() {},
  };
}

/** Tells the mean speed since `start` bytes, and the time left at that speed. */
function speedometer(start: number): (received: number, size: number) => string {
  const begun = performance.now();
  return (received, size) => {
    const perSecond = ((received - start) / (performance.now() - begun)) * 1000;
    if (!(perSecond > 0 && Number.isFinite(perSecond))) return '';
    return `${megabytes(perSecond)}/s  ETA ${formatClock((size - received) / perSecond)}`;
  };
}
