// The judge's pass over a folder of pictures: all of one pair at once, as it looks at content and style only once then.

import { join } from 'node:path';
import type { Pair } from './pairs.js';
import { append, type Painted, type ScoreOf, type Scored } from './records.js';

type Judge = (options: Record<string, unknown>) => Promise<{ network: string; scores: ScoreOf[] }>;

/** Scores what has no score yet, and adds it to the records. */
export async function judge(
  folder: string,
  pairs: Pair[],
  painted: Painted[],
  scored: Map<string, Scored>,
  options: Record<string, unknown>,
  say: (line: string) => void,
): Promise<void> {
  const { score } = (await import('../../lib/index.js')) as unknown as { score?: Judge };
  if (!score) throw new Error('this version of the project has no score()');
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
