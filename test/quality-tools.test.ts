// The tools that compare qualities: iterations that fit a time, tables, sheets, and the pairs that there are.

import test from 'ava';
import { asOption, fitted } from '../tools/quality/paint.js';
import { pairsOf } from '../tools/quality/pairs.js';
import type { Painted, Scored } from '../tools/quality/records.js';
import { current, tables } from '../tools/quality/report.js';

test('iterations of all scales shrink and grow by one factor to fill a time', (t) => {
  const costs = { fixed: 1, scales: [0.1, 0.2], iterations: [200, 100] };
  // 40 s of iterations as it stands, and 96 % of 62.5 s, less the second that is fixed, is 59 s.
  t.deepEqual(fitted(costs, 62.5), [295, 147]);
  t.deepEqual(fitted(costs, 0.5), [1, 1], 'at least one each');
  t.is(asOption([7, 7]), 7);
  t.deepEqual(asOption([7, 8]), [7, 8]);
});

test('pairs are of the images that are here; a name that there is not is refused', (t) => {
  const notes: string[] = [];
  const pairs = pairsOf(['owl', 'cat'], ['mosaic', 'hatching'], (line) => notes.push(line));
  t.deepEqual(
    pairs.map(({ name }) => name),
    ['owl+mosaic', 'owl+hatching', 'cat+mosaic', 'cat+hatching'],
  );
  t.deepEqual(notes, []);
  t.throws(() => pairsOf(['dog'], undefined, () => {}), {
    message: /^no content is named dog: there are tubingen, /,
  });
});

const painted = (config: string, pair: string): Painted => ({
  config,
  pair,
  size: 64,
  options: {},
  file: `${config}.${pair}`,
  seconds: 2,
  iterations: [{ size: 64, done: 5, of: 5 }],
  cut: false,
});
/** Of a score, what tables look at. */
const scored = (file: string, style: number) =>
  ({
    file,
    network: 'vgg19',
    score: { position: { style, content: null, palette: null }, strength: {}, faults: {} },
  }) as unknown as Scored;

test('tables give mean and deviation, and wins over what two configurations both have', (t) => {
  const pairs = pairsOf(['owl', 'cat'], ['mosaic'], () => {});
  const pictures = [painted('a', 'owl+mosaic'), painted('a', 'cat+mosaic'), painted('b', 'owl+mosaic')];
  const scores = [scored('a.owl+mosaic', 0.4), scored('a.cat+mosaic', 0.6), scored('b.owl+mosaic', 0.5)];
  const text = tables({
    configs: ['a', 'b'],
    pairs,
    painted: [...pictures, { config: 'b', pair: 'cat+mosaic', size: 64, options: {}, error: 'no memory' }],
    scored: new Map(scores.map((one) => [one.file, one])),
    folder: '',
  });
  t.true(text.includes('| a | 2 | 0 | 2.0 ± 0.0 | 5 ± 0 | 0.500 ± 0.141 |'), text);
  t.true(text.includes('| b | 1 | 0 | 2.0 | 5 | 0.500 |'), text);
  t.true(text.includes('| a |  | 0 of 1 |\n| b | 1 of 1 |  |'), text);
  t.true(text.includes('- b, cat+mosaic: no memory'), text);
});

test('a record counts for the options, the size and the time that it was made with', (t) => {
  const one = painted('a', 'owl+mosaic');
  const configs = (options: object, budget?: number) => ({ a: { options: { ...options }, budget } });
  t.deepEqual(current([one], configs({}), 64), [one]);
  t.deepEqual(current([one], configs({ tvWeight: 1 }), 64), []);
  t.deepEqual(current([one], configs({}, 60), 64), []);
  t.deepEqual(current([one], configs({}), 128), []);
});
