// Runs the damaged files of a format in a child process, and sees to it that one that hangs or dies is known by the
// number of the file that did it; the next child goes on after that.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ChildArguments, Fault, Tally } from './child.js';

/** Far more than the second of processor time that a file may take: other processes may be at work. */
const PATIENCE_MILLISECONDS = 120_000;

/** What the number is before the first file. */
const NOT_STARTED = 2 ** 64;

const FORMATS_TABLE = new URL('formats.ts', import.meta.url).href;

/** The heap of a child: what would need more crashes it. */
const HEAP_MEGABYTES = 192;

export interface FuzzReport extends Tally {
  files: number;
  faults: Fault[];
}

export interface FuzzOptions {
  seed: number;
  from: number;
  count: number;
  /** The module whose FORMATS has the format. */
  table?: string;
  /** How long a file may take before the process that reads it is ended. */
  patience?: number;
}

/** Reads files `from` to `from + count` of a format; stops early after ten faults. */
export async function fuzz(format: string, options: FuzzOptions): Promise<FuzzReport> {
  const { seed, from, count, table = FORMATS_TABLE, patience = PATIENCE_MILLISECONDS } = options;
  const folder = await mkdtemp(join(tmpdir(), 'scumble-fuzz-run-'));
  const report: FuzzReport = {
    files: 0,
    read: 0,
    imported: 0,
    refused: 0,
    placed: 0,
    slowestMilliseconds: 0,
    faults: [],
  };
  try {
    const progress = join(folder, 'progress');
    const to = from + count;
    for (let next = from; next < to && report.faults.length < 10; ) {
      await writeFile(progress, new Uint8Array(8).fill(0xff));
      const { tally, problem } = await runChild(
        { table, format, seed, from: next, to, progress },
        patience,
        report.faults,
      );
      const last = problem === undefined ? to - 1 : await numberIn(progress);
      if (last === NOT_STARTED) throw new Error(`cannot fuzz ${format}: ${problem}`);
      if (problem !== undefined) report.faults.push({ index: last, problem });
      report.files += last + 1 - next;
      next = last + 1;
      if (!tally) continue;
      report.read += tally.read;
      report.imported += tally.imported;
      report.refused += tally.refused;
      report.placed += tally.placed;
      report.slowestMilliseconds = Math.max(report.slowestMilliseconds, tally.slowestMilliseconds);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return report;
}

async function runChild(
  args: ChildArguments,
  patience: number,
  faults: Fault[],
): Promise<{ tally: Tally | undefined; problem: string | undefined }> {
  const child = spawn(
    process.execPath,
    [
      '--import=tsx',
      `--max-old-space-size=${HEAP_MEGABYTES}`,
      fileURLToPath(new URL('child.ts', import.meta.url)),
      JSON.stringify(args),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let tally: Tally | undefined;
  let stderr = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = JSON.parse(line) as Fault | Tally;
    if ('problem' in said) faults.push(said);
    else tally = said;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr = `${stderr}${text}`.slice(0, 2000);
  });
  const ended = new Promise<string | undefined>((resolve) => {
    child.on('close', (code, signal) =>
      resolve(code === 0 ? undefined : `ends the process with ${signal ?? code}: ${stderr}`),
    );
  });
  const controller = new AbortController();
  const hung = watch(args.progress, patience, controller.signal);
  const problem = await Promise.race([ended, hung]);
  controller.abort();
  child.kill('SIGKILL');
  await ended;
  return { tally, problem };
}

/** Resolves when the number in the file has stayed the same for too long. */
async function watch(progress: string, patience: number, signal: AbortSignal): Promise<string> {
  for (let last = -1, since = Date.now(); ; ) {
    try {
      await setTimeout(500, undefined, { signal });
    } catch {
      return 'stopped';
    }
    const number = await numberIn(progress);
    if (number !== last || number === NOT_STARTED) {
      last = number;
      since = Date.now();
    } else if (Date.now() - since > patience) return 'hangs';
  }
}

async function numberIn(progress: string): Promise<number> {
  return Number((await readFile(progress)).readBigUInt64LE());
}
