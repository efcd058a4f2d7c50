// Traces of losses, and the charts made of them.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { OptionError } from '../dist/index.js';
import { chart } from '../dist/plot/chart.js';
import { mainLosses, runsOf } from '../dist/plot/traces.js';
import { ended, MAIN, scumble, start, studio, weightsIn } from './support/cli.js';

const line = (losses: Record<string, number>, more: object = {}) =>
  JSON.stringify({
    ...more,
    scale: [8, 6],
    total: Object.values(losses).reduce((a, b) => a + b),
    losses,
  });

test('a trace is read back, with sums of groups, run by run', (t) => {
  const text = [
    line({ 'style:relu1_1': 3, 'style:relu2_1': 4, tv: 1 }),
    line({ tv: 2 }, { run: 'b' }),
    line({ 'style:relu1_1': 2, 'style:relu2_1': 1, tv: 1 }),
  ];
  const { runs, cut } = runsOf(`${text.join('\n')}\n`, 'a.jsonl');
  t.false(cut);
  t.deepEqual(
    runs.map(({ name, iterations }) => [name, iterations.length]),
    [
      ['a.jsonl', 2],
      ['b', 1],
    ],
  );
  t.like(runs[0]!.iterations[0]!.losses, { total: 8, style: 7, tv: 1, 'style:relu2_1': 4 });
  t.deepEqual(mainLosses(runs[0]!), ['total', 'style', 'tv']);
  t.deepEqual(mainLosses(runs[1]!), ['total'], 'one part is the total');
});

test('a line that is cut is left out, one that is wrong is named', (t) => {
  const good = line({ tv: 1 });
  const { runs, cut } = runsOf(`${good}\n${good.slice(0, 9)}`, 'a');
  t.true(cut);
  t.is(runs[0]!.iterations.length, 1);
  t.throws(() => runsOf(`${good}\n{"total":3}\n`, 'a.jsonl'), {
    instanceOf: OptionError,
    message: /^line 2 of a\.jsonl is not of a trace: --trace writes/,
  });
  t.throws(() => runsOf('', 'a.jsonl'), { message: 'a.jsonl has no iterations' });
});

/** Positions of a path. */
const points = (d: string) =>
  d
    .split(/[ML]/)
    .slice(1)
    .map((pair) => pair.split(' ').map(Number));

test('curves over a logarithmic axis', (t) => {
  const svg = chart(
    'a <b>',
    [{ label: 'x & y', values: [1000, 100, 10, 0, 1] }],
    [{ iteration: 3, label: '8×6' }],
  );
  const [, d = ''] = /<path d="(M[^"]*)" fill="none"/.exec(svg) ?? [];
  const [first, second, third, fourth] = points(d) as [number, number][];
  t.deepEqual(first, [70, 44], 'the greatest is at the top');
  t.is(fourth![1], 450, 'the least at the bottom');
  t.is(d.match(/M/g)!.length, 2, 'what has no logarithm leaves a gap');
  t.true(Math.abs(second![1]! - first![1]! - (third![1]! - second![1]!)) < 0.2, 'factors are distances');
  t.is((third![0]! - first![0]!) * 2, fourth![0]! - first![0]!);
  t.true(svg.includes('a &lt;b&gt;') && svg.includes('x &amp; y') && svg.includes('8×6'));
  for (const tick of ['1e0', '1e1', '1e2', '1e3']) t.true(svg.includes(`>${tick}<`), tick);
});

test('axes of any data have at least two ticks', (t) => {
  for (const values of [[5, 5, 5], [1.01, 1.02], [3e-9, 4e-9], [1, 1e30], [0, Number.NaN], [7]]) {
    const svg = chart('', [{ label: '', values }]);
    t.notRegex(svg, /NaN|Infinity/);
    const ticks = svg.match(/text-anchor="end" fill="#222222">\d+e-?\d+</g) ?? [];
    t.true(ticks.length >= 2 && ticks.length <= 12, `${values}: ${ticks.length}`);
  }
});

test('from a run to a drawing', async (t) => {
  const folder = await studio(t);
  const env = { SCUMBLE_WEIGHTS: await weightsIn(folder) };
  const flags = ['--size', '64', '--iterations', '3', '--device', 'cpu', '--progress', 'none'];
  const run = await scumble(folder, ['content.png', 'style.png', ...flags, '--trace', 'a.jsonl'], env);
  t.is(run.code, 0, run.stderr);
  const traced = (await readFile(join(folder, 'a.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((one) => JSON.parse(one));
  t.deepEqual(
    traced.map(({ count, iteration }) => [count, iteration]),
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  );
  t.deepEqual(traced[0].scale, [64, 48]);
  t.is(traced[2].scaleCount, 1);

  t.deepEqual(await scumble(folder, ['plot', 'a.jsonl', '-o', 'a.svg']), { code: 0, stdout: '', stderr: '' });
  const { width, height } = await sharp(join(folder, 'a.svg')).metadata();
  t.deepEqual([width, height], [900, 500]);

  // Two of them, one by stdin.
  const both = start(folder, [MAIN, 'plot', 'a.jsonl', '-', '--loss', 'total']);
  both.stdin.end(await readFile(join(folder, 'a.jsonl')));
  const { stdout, code } = await ended(both);
  t.is(code, 0);
  t.true(stdout.includes('>a.jsonl<') && stdout.includes('>stdin<'));

  await writeFile(join(folder, 'bad.jsonl'), 'x\n');
  for (const [args, message] of [
    ['a.jsonl --loss nope', /--loss nope is not in a\.jsonl, which has total, /],
    ['bad.jsonl', /line 1 of bad\.jsonl is not of a trace/],
    ['no.jsonl', /trace no\.jsonl cannot be read: there is no such file/],
    ['a.jsonl -o a.png', /--output must end in \.svg, or be -, not "a\.png"/],
  ] as const) {
    const { code, stdout, stderr } = await scumble(folder, ['plot', ...args.split(' ')]);
    t.is(code, 2, args);
    t.is(stdout, '');
    t.regex(stderr, message);
  }
});
