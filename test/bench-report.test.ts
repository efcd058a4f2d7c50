// What the benchmark makes of times and losses: it must not let engines pass that computed something else.

import test from 'ava';

const load = (file: string) => import(new URL(`../bench/${file}`, import.meta.url).href);
const { complaints, duration, lossDifference, markdown, median, rows } = await load('report.mjs');
const { chart } = await load('chart.mjs');

const measured = {
  engine: 'scumble',
  title: 'Scumble',
  library: 'Scumble',
  version: '1',
  size: 64,
  threads: 2,
  seconds: [0.04],
  median: 0.04,
  minimum: 0.03,
  peakBytes: 256e6,
};

test('the median of an odd and an even number of times', (t) => {
  t.is(median([3, 1, 10]), 3);
  t.is(median([4, 1, 10, 2]), 3);
});

test('a term more than 0.1 % off, missing or not a number is a complaint', (t) => {
  const expected = { 'style relu1_1': 100, 'content relu4_2': 10 };
  const of = (losses: Record<string, number>) =>
    complaints([{ ...measured, lossDifference: lossDifference(expected, losses) }]).length;
  t.is(of({ 'style relu1_1': 100.09, 'content relu4_2': 9.991 }), 0);
  t.is(of({ 'style relu1_1': 100.2, 'content relu4_2': 10 }), 1);
  t.is(of({ 'style relu1_1': Number.NaN, 'content relu4_2': 10 }), 1);
  t.is(of({ 'style relu1_1': 100 }), 1);
});

test('a gradient more than 1 % off and Scumble broken are complaints; a broken peer is not', (t) => {
  t.is(complaints([{ ...measured, gradientDifference: 0.009 }]).length, 0);
  t.is(complaints([{ ...measured, gradientDifference: 0.02 }]).length, 1);
  t.is(complaints([{ ...measured, failed: 'no memory' }]).length, 1);
  t.is(complaints([{ ...measured, engine: 'other', failed: 'no memory' }]).length, 0);
});

test('an engine that only goes forward is shown once as it is and once twice over', (t) => {
  const shown = rows([{ ...measured, forwardOnly: true }]);
  t.deepEqual(
    shown.map((row: typeof measured) => [row.title, row.median]),
    [
      ['Scumble, forward', 0.04],
      ['Scumble, forward × 2', 0.08],
    ],
  );
});

test('times have three significant digits', (t) => {
  t.deepEqual([0.00123, 0.0462, 0.9994, 0.9996, 9.996, 101.6].map(duration), [
    '1.23 ms',
    '46.2 ms',
    '999 ms',
    '1.00 s',
    '10.0 s',
    '102 s',
  ]);
});

test('the table and the chart say what was skipped', (t) => {
  const skipped = { engine: 'slow', title: 'Slow', size: 64, expected: 93, skipped: 'about 93 s expected' };
  const results = [measured, skipped];
  t.regex(markdown(results), /\| 64 \| Slow \| \| about 93 s expected \|/);
  const machine = {
    cpu: 'A <fast> CPU',
    cores: 2,
    threads: 2,
    instructionSet: 'avx2',
    os: 'Linux',
    node: 'v20',
  };
  const svg = chart({ machine, commit: 'abc', date: '2026-01-01T00:00:00Z', results });
  t.regex(svg, />40\.0 ms</);
  t.regex(svg, />about 93 s expected</);
  t.notRegex(svg, /<fast>/);
});
