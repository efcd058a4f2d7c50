// The judge's pass over a folder of pictures: all of one pair at once, as it looks at content and style only once then.

import { join } from 'node:path';
import { type ScoreOptions, score } from '../../dist/index.js';
import type { Pair } from './pairs.js';
import { append, type Painted, type Scored } from './records.js';

/** Scores what has no score yet, and adds it to the records. */
export async function judge(
  folder: string,
  pairs: Pair[],
  painted: Painted[],
  scored: Map<string, Scored>,
  options: Partial<ScoreOptions>,
  say: (line: string) => void,
): Promise<void> {
  for (const pair of pairs) {
    const files = painted
      .filter(({ pair: name, file }) => name === pair.name && file !== undefined && !scored.has(file))
      .map(({ file }) => file!);
    if (files.length === 0) continue;
    const { network, scores } = await score({
      picture: files.map((file) => join(folder, file)),
      content: pair.content.path,
      style: pair.style.path,
      ...options,
    });
    for (const [i, file] of files.entries()) {
      const record = { file, network, score: scores[i]! };
      append(join(folder, 'scores.jsonl'), record);
      scored.set(file, record);
    }
    say(`${pair.name}: ${files.length} scored`);
  }
}
