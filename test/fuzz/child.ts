// The process that reads the damaged files, and that they may crash. It writes the number of each to a file before it
// reads it, says what is wrong as a line of JSON on stdout, and what there was in all as the last one.

import { openSync, writeSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { ScumbleError, WeightsError } from '../../dist/errors.js';
import { importNetwork } from '../../dist/weights/import.js';
import { fuzzCase } from './cases.js';
import type { FuzzFormat } from './formats.js';

/** What the runtime itself may take: code is compiled, garbage is collected late. */
const SPARE_BYTES = 64e6;

export interface ChildArguments {
  /** The module whose FORMATS has the format. */
  table: string;
  format: string;
  seed: number;
  from: number;
  to: number;
  /** The file that the number goes to. */
  progress: string;
}

export interface Fault {
  index: number;
  problem: string;
}

export interface Tally {
  read: number;
  /** Of those read, how many are still networks. */
  imported: number;
  refused: number;
  /** Of those refused, how many name a byte. */
  placed: number;
  /** Processor time of the one that took longest. */
  slowestMilliseconds: number;
}

const { table, format, seed, from, to, progress } = JSON.parse(process.argv[2]!) as ChildArguments;
const { FORMATS } = (await import(table)) as { FORMATS: Record<string, FuzzFormat> };
const { file, seeds: seedsOf, read } = FORMATS[format]!;
const seeds = seedsOf();
const folder = await mkdtemp(join(tmpdir(), 'scumble-fuzz-'));
const path = join(folder, file);
const tally: Tally = { read: 0, imported: 0, refused: 0, placed: 0, slowestMilliseconds: 0 };
const say = (line: object) => writeSync(1, `${JSON.stringify(line)}\n`);
const number = new BigUint64Array(1);
const fd = openSync(progress, 'r+');

for (let index = from; index < to; index++) {
  number[0] = BigInt(index);
  writeSync(fd, number, 0, 8, 0);
  const { bytes, beside } = fuzzCase(seeds, seed, index);
  for (const [name, content] of Object.entries(beside)) await writeFile(join(folder, name), content);
  await writeFile(path, bytes);
  const size = Object.values(beside).reduce((sum, { length }) => sum + length, bytes.length);
  const fault = (problem: string) => say({ index, problem });

  const peak = process.resourceUsage().maxRSS * 1024;
  const { arrayBuffers } = process.memoryUsage();
  const start = process.cpuUsage();
  let isRead = false;
  try {
    const { tensors } = await read(path);
    isRead = true;
    tally.read++;
    const buffers = new Set([...tensors.values()].map(({ data }) => data.buffer));
    const held = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
    // Quantised weights become four times as large, by design.
    if (held > 4 * size + 1e6) fault(`gives ${held} bytes for ${size}`);
  } catch (error) {
    if (!(error instanceof WeightsError)) fault(`throws ${(error as Error).stack}`);
    else {
      tally.refused++;
      if (!error.file.startsWith(folder)) fault(`blames ${error.file}`);
      if (error.offset !== undefined) tally.placed++;
      if (error.offset !== undefined && !(error.offset >= 0 && error.offset <= size)) {
        fault(`blames byte ${error.offset} of ${size}: ${error.message}`);
      }
    }
  }
  await setImmediate(); // what goes wrong in the background goes wrong with this file
  const { user, system } = process.cpuUsage(start);
  const milliseconds = (user + system) / 1000;
  tally.slowestMilliseconds = Math.max(tally.slowestMilliseconds, milliseconds);
  if (milliseconds > 1000) fault(`takes ${milliseconds} ms`);
  const grown = process.memoryUsage().arrayBuffers - arrayBuffers;
  if (grown > 4 * size + 4e6) fault(`takes ${grown} bytes of buffers for ${size}`);
  const risen = process.resourceUsage().maxRSS * 1024 - peak;
  if (risen > 2 * size + SPARE_BYTES) fault(`takes ${risen} bytes of memory for ${size}`);
  if (!isRead) continue;
  try {
    await importNetwork(path, { architecture: 'vgg11', input: 'caffe' });
    tally.imported++;
  } catch (error) {
    if (!(error instanceof ScumbleError)) fault(`throws when imported ${(error as Error).stack}`);
  }
}

await rm(folder, { recursive: true });
say(tally);
