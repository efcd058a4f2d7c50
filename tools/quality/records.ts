// What is known of every picture, as lines of JSON that are only ever added to: the last line of a key counts.

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Score } from '../../dist/index.js';

/** A picture that was painted, or why it was not. */
export interface Painted {
  config: string;
  pair: string;
  /** Long side asked for. */
  size: number;
  /** Seconds that it was given; nothing where it had all its iterations. */
  budget?: number;
  /** The configuration's options, so that a changed one is painted anew. */
  options: Record<string, unknown>;
  /** The picture's file, beside the records. */
  file?: string;
  /** From the start of the run to the picture, in seconds. */
  seconds?: number;
  /** Iterations done at each long side. */
  iterations?: { size: number; done: number; of: number }[];
  /** Whether the budget ended it before its schedule did. */
  cut?: boolean;
  total?: number;
  losses?: Record<string, number>;
  device?: string;
  /** Of the machine, when it was done: how many processes wanted a core. */
  load?: number;
  error?: string;
}

/** A picture's scores. */
export interface Scored {
  file: string;
  /** The network that looked. */
  network: string;
  score: Score;
}

export function append(path: string, record: Painted | Scored): void {
  appendFileSync(path, `${JSON.stringify(record)}\n`);
}

/** All records by their key, in the order in which the keys came. A line that was cut off by a crash is passed over. */
export function readRecords<T>(path: string, key: (record: T) => string): Map<string, T> {
  const records = new Map<string, T>();
  if (!existsSync(path)) return records;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const record = parse<T>(line);
    if (record !== undefined) records.set(key(record), record);
  }
  return records;
}

function parse<T>(line: string): T | undefined {
  try {
    return JSON.parse(line) as T;
  } catch {
    return undefined;
  }
}

export const fileName = ({
  config,
  pair,
  size,
  budget,
}: Pick<Painted, 'config' | 'pair' | 'size' | 'budget'>) =>
  `${config}.${pair}.${size}${budget === undefined ? '' : `.${budget}s`}.png`;
