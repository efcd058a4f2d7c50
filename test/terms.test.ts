// The terms of the objective through stylize(): their losses by name, and that each of them falls when it is asked for.

import test from 'ava';
import { type Progress, type StylizeOptions, stylize } from '../dist/index.js';
import { collect, options, wave } from './support/runs.js';

const run = (changes: Partial<StylizeOptions>): Promise<Progress[]> => collect(stylize(options(changes)));

test('losses by name, in the order of the topics; content, style and tv are parts of them', async (t) => {
  const everything = await run({
    contentLayers: ['relu2_2', 'pool1'],
    meanStdWeight: 2,
    meanStdLayers: ['relu1_2', 'relu2_1'],
    histogramWeight: 3,
    histogramLayers: { relu1_1: 1, relu2_2: 0.5 },
    init: 'noise',
  });
  t.is(everything.length, 3);
  for (const { losses, content, style, tv, total } of everything) {
    t.deepEqual(Object.keys(losses), [
      'content:relu2_2',
      'content:pool1',
      'histogram:relu1_1',
      'histogram:relu2_2',
      'mean-std:relu1_2',
      'mean-std:relu2_1',
      'style:relu1_1',
      'style:relu2_1',
      'tv',
    ]);
    const values = Object.values(losses);
    for (const [name, loss] of Object.entries(losses)) t.true(Number.isFinite(loss) && loss > 0, name);
    t.true(Math.abs(values.reduce((a, b) => a + b, 0) / total - 1) < 1e-12);
    t.deepEqual(content, { relu2_2: losses['content:relu2_2']!, pool1: losses['content:pool1']! });
    t.deepEqual(style, { relu1_1: losses['style:relu1_1']!, relu2_1: losses['style:relu2_1']! });
    t.is(tv, losses.tv!);
  }
});

test('a term that nobody asked for is not there', async (t) => {
  const [first] = await run({ iterations: 1 });
  t.deepEqual(Object.keys(first!.losses), ['content:relu2_2', 'style:relu1_1', 'style:relu2_1', 'tv']);
});

for (const [kind, weight, layers, near] of [
  ['mean-std', 'meanStdWeight', 'meanStdLayers', 1e-6],
  ['histogram', 'histogramWeight', 'histogramLayers', 1e-2], // of a bin
] as const) {
  const alone = { contentWeight: 0, styleWeight: 0, tvWeight: 0, [layers]: ['relu1_1', 'relu2_1'] };

  test(`${kind}: alone it falls, with either optimiser`, async (t) => {
    for (const optimizer of ['lbfgs', 'adam'] as const) {
      const all = await run({ ...alone, [weight]: 10, optimizer, iterations: 15, init: 'noise' });
      const sums = all.map(({ losses }) => losses[`${kind}:relu1_1`]! + losses[`${kind}:relu2_1`]!);
      t.true(sums.every((sum) => Number.isFinite(sum) && sum > 0));
      t.true(sums.at(-1)! < 0.7 * sums[0]!, `${optimizer}: from ${sums[0]} to ${sums.at(-1)}`);
    }
  });

  test(`${kind}: in proportion to its weight, and none where picture and style are the same`, async (t) => {
    const first = async (changes: Partial<StylizeOptions>) => {
      const [{ losses } = { losses: {} as Record<string, number> }] = await run({
        ...alone,
        iterations: 1,
        ...changes,
      });
      return losses[`${kind}:relu2_1`]!;
    };
    const [one, two] = [await first({ [weight]: 1 }), await first({ [weight]: 2 })];
    t.true(one > 0);
    t.true(Math.abs(two / one - 2) < 1e-6);
    const twice = await first({ [weight]: 1, [layers]: { relu2_1: 2 } });
    t.true(Math.abs(twice / one - 2) < 1e-6);
    const same = wave(24, 16);
    t.true((await first({ [weight]: 1, content: same, style: same })) < near * one);
  });

  test(`${kind}: a layer that there is not is told by the option's name`, async (t) => {
    const error = await t.throwsAsync(run({ ...alone, [weight]: 1, [layers]: ['relu9_1'] }), {
      code: 'ERR_OPTION',
    });
    t.like(error, { option: layers, value: 'relu9_1' });
    t.is((await run({ [layers]: ['relu9_1'] })).length, 3, 'at weight 0 nobody looks there');
  });
}

test('several styles are blended in every term', async (t) => {
  const styles = [wave(24, 20, 2), wave(20, 24, 5)];
  const losses = async (changes: Partial<StylizeOptions>) =>
    (
      await run({
        meanStdWeight: 1,
        meanStdLayers: ['relu1_1'],
        histogramWeight: 1,
        histogramLayers: ['relu1_1'],
        iterations: 1,
        ...changes,
      })
    )[0]!.losses;
  const only = await losses({ style: styles[0]! });
  t.deepEqual(await losses({ style: styles, styleBlend: [1, 0] }), only);
  const both = await losses({ style: styles });
  for (const name of ['mean-std:relu1_1', 'histogram:relu1_1']) t.not(both[name], only[name]);
});

const SAMPLES = {
  'relaxed-emd': 'relaxedEmdWeight',
  moments: 'momentsWeight',
  palette: 'paletteWeight',
  'self-similarity': 'selfSimilarityWeight',
  'nearest-field': 'nearestFieldWeight',
} as const;
const sampled = {
  contentWeight: 0,
  styleWeight: 0,
  tvWeight: 0,
  hypercolumns: ['picture', 'relu1_1', 'relu2_1'],
  samples: 100,
  iterations: 15,
  optimizer: 'adam',
} as const;

for (const [kind, weight] of Object.entries(SAMPLES)) {
  test(`${kind}: alone it falls, and the same seed makes the same bytes`, async (t) => {
    const changes = { ...sampled, [weight]: 1, init: 'noise' } as const;
    const losses = (await run(changes)).map((progress) => progress.losses[kind]!);
    t.true(losses.every((loss) => Number.isFinite(loss) && loss > 0));
    t.true(losses.at(-1)! < 0.9 * losses[0]!, `from ${losses[0]} to ${losses.at(-1)}`);
    const again = (await run({ ...changes, threads: 1 })).map((progress) => progress.losses[kind]!);
    t.deepEqual(again, losses);
    const other = (await run({ ...changes, seed: 99 })).map((progress) => progress.losses[kind]!);
    t.notDeepEqual(other, losses);
  });
}

test('samples: one term each, in the order of the topics', async (t) => {
  const all = Object.fromEntries(Object.values(SAMPLES).map((weight) => [weight, 1]));
  const [first] = await run({ ...sampled, ...all, iterations: 1, styleSamples: 200 });
  const found = Object.keys(first!.losses).filter((name) => name in SAMPLES);
  t.deepEqual(found, Object.keys(SAMPLES));
});
