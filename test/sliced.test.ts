// The sliced Wasserstein distance, as runs have it: drawn anew in every evaluation, and yet the same bytes for any number of
// threads and after a pause.

import test from 'ava';
import { Engine, Run, type StylizeOptions, stylize } from '../dist/index.js';
import { bits, collect, network, options, wave } from './support/runs.js';

const changes: Partial<StylizeOptions> = {
  content: wave(140, 130),
  style: [wave(150, 120, 2), wave(90, 70, 3)],
  styleBlend: [2, 1],
  size: 140,
  styleWeight: 0,
  slicedWeight: 100,
  slicedLayers: ['relu1_1', 'relu2_1'],
  weights: await network({ blocks: [2, 2], widths: [8, 16] }),
};

test('the same bytes for any number of threads', async (t) => {
  const alone = bits(await stylize(options({ ...changes, threads: 1 })));
  for (const threads of [2, 3]) t.is(bits(await stylize(options({ ...changes, threads }))), alone);
  t.not(bits(await stylize(options({ ...changes, seed: 1 }))), alone);
});

test('a run that is taken up again ends with the same bytes', async (t) => {
  await using engine = await Engine.open({ device: 'cpu' });
  const { device, precision, ...given } = options({ ...changes, optimizer: 'adam', iterations: 6 });
  await using whole = await Run.start(engine, given);
  for (let i = 0; i < 3; i++) await whole.next();
  await using rest = await Run.start(engine, given, await whole.state());
  t.is(bits(await rest.finish()), bits(await whole.finish()));
});

test('it falls, and is told by layer', async (t) => {
  const progress = await collect(
    stylize(options({ ...changes, optimizer: 'adam', contentWeight: 0, tvWeight: 0, iterations: 30 })),
  );
  // One evaluation has a few directions by lot, so five are taken together.
  const mean = (some: typeof progress) => some.reduce((sum, { total }) => sum + total, 0) / some.length;
  t.true(mean(progress.slice(-5)) < 0.6 * mean(progress.slice(0, 5)));
  t.deepEqual(
    Object.keys(progress[0]!.losses).filter((name) => name.startsWith('sliced')),
    ['sliced:relu1_1', 'sliced:relu2_1'],
  );
});
