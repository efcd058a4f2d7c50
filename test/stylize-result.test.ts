// The picture itself: the same whatever computes it, better than where it started, the best or the mean of the
// iterates, and the last good one when the losses run away.

import test from 'ava';
import { DivergedError, type Picture, type Progress, type StylizeOptions, stylize } from '../dist/index.js';
import { bits, collect, network, options, relative, wave } from './support/runs.js';

/** Large enough that every kind of work is shared out. */
const large: Partial<StylizeOptions> = {
  content: wave(140, 100),
  style: wave(150, 120, 2),
  size: 140,
  scales: 2,
  minSize: 90,
  tvWeight: 1e-3,
  weights: await network({ blocks: [2, 2, 1], widths: [8, 16, 24] }),
  contentLayers: ['relu2_2'],
  styleLayers: ['relu1_1', 'relu2_1', 'relu3_1'],
};

for (const optimizer of ['lbfgs', 'adam'] as const) {
  test(`${optimizer}: the same bytes for any number of threads, and for two runs at once`, async (t) => {
    const run = (threads: number) => stylize(options({ ...large, optimizer, threads }));
    const alone = bits(await run(1));
    t.is(bits(await run(2)), alone);
    t.is(bits(await run(3)), alone);
    const together = await Promise.all([
      run(2),
      run(3),
      stylize(options({ ...large, optimizer, size: 100 })),
    ]);
    t.is(bits(together[0]), alone);
    t.is(bits(together[1]), alone);
    t.not(bits(together[2]), alone);
  });

  for (const pooling of ['max', 'average', 'l2'] as const) {
    test(`${optimizer} lowers the loss with ${pooling} pooling`, async (t) => {
      const progress = await collect(stylize(options({ optimizer, pooling, iterations: 25, init: 'noise' })));
      t.true(progress.at(-1)!.total < 0.5 * progress[0]!.total);
    });
  }
}

/** A run's losses, its previews and its picture. */
async function record(changes: Partial<StylizeOptions>) {
  const totals: number[] = [];
  const previews: Picture[] = [];
  const onProgress = async (p: Progress) => {
    totals.push(p.total);
    previews.push(await p.image());
  };
  const picture = await stylize(options({ ...changes, onProgress }));
  return { totals, previews, picture };
}

test('without averaging the picture is the iterate with the lowest loss', async (t) => {
  const { totals, previews, picture } = await record({
    optimizer: 'adam',
    learningRate: 150,
    iterations: 12,
    init: 'noise',
  });
  const best = totals.indexOf(Math.min(...totals));
  t.true(best < 11, 'the last is not the best here');
  for (const i of totals.keys()) {
    const soFar = totals.slice(0, i + 1);
    t.is(bits(previews[i]!), bits(previews[soFar.indexOf(Math.min(...soFar))]!));
  }
  t.is(bits(picture), bits(previews[best]!));
});

test('with averaging the picture is the bias-corrected mean of the iterates', async (t) => {
  const changes = { optimizer: 'adam', learningRate: 2, iterations: 8, init: 'noise' } as const;
  // While every loss is lower than the one before, the best so far is the iterate itself.
  const { totals, previews: iterates } = await record({ ...changes, iterations: 9 });
  for (const [i, total] of totals.entries()) t.true(i === 0 || total < totals[i - 1]!);
  for (const averaging of [0.3, 0.9]) {
    const { totals: same, previews, picture } = await record({ ...changes, averaging });
    t.deepEqual(same, totals.slice(0, 8), 'averaging does not change the way');
    const mean = new Float64Array(iterates[0]!.data.length);
    for (const [i, iterate] of iterates.entries()) {
      for (const [k, value] of iterate.data.entries()) {
        mean[k] = averaging * mean[k]! + (1 - averaging) * value;
      }
      const corrected = mean.map((value) => value / (1 - averaging ** (i + 1)));
      // After the first iteration there are two points: the start and where the move went.
      if (i > 0) t.true(relative(previews[i - 1]!.data, corrected) < 1e-5);
    }
    t.is(bits(picture), bits(previews.at(-1)!));
  }
});

test('total variation alone smooths', async (t) => {
  const variation = ({ data, width, height }: Picture) => {
    let sum = 0;
    for (let i = 0; i < data.length; i++) {
      const pixel = Math.floor(i / 3);
      if (pixel % width < width - 1) sum += Math.abs(data[i + 3]! - data[i]!);
      if (pixel < width * (height - 1)) sum += Math.abs(data[i + 3 * width]! - data[i]!);
    }
    return sum;
  };
  const changes = {
    contentWeight: 0,
    styleWeight: 0,
    tvWeight: 0.5,
    optimizer: 'adam' as const,
    init: 'noise' as const,
  };
  const { totals, previews } = await record({ ...changes, learningRate: 1, iterations: 10 });
  for (const i of [0, 9]) t.true(Math.abs(totals[i]! / (0.5 * variation(previews[i]!)) - 1) < 1e-5);
  t.true(totals[9]! < totals[0]!);
});

for (const [title, changes] of Object.entries({
  'a learning rate beyond measure': { optimizer: 'adam', learningRate: 1e30 },
  'the same with averaging': { optimizer: 'adam', learningRate: 1e30, averaging: 0.9 },
  'weights beyond measure': { styleWeight: 1e308, iterations: 2 },
  'the same in the second scale of a pyramid': {
    optimizer: 'adam',
    learningRate: 1e30,
    scales: 2,
    minSize: 8,
    iterations: 1,
  },
} satisfies Record<string, Partial<StylizeOptions>>)) {
  test(`a run that diverges hands over the last good picture: ${title}`, async (t) => {
    const seen: Progress[] = [];
    const run = stylize(options({ iterations: 10, ...changes, onProgress: (p) => seen.push(p) }));
    if ('scales' in changes) {
      t.is((await run).width, 24, 'one step each: the first is always finite');
      return;
    }
    const error = await t.throwsAsync(run, { instanceOf: DivergedError, code: 'ERR_DIVERGED' });
    t.is(error?.iteration, seen.length + 1);
    t.is(error?.message, `the loss is no longer finite at iteration ${seen.length + 1} of scale 24x16`);
    const { picture } = error!;
    t.deepEqual([picture.width, picture.height], [24, 16]);
    t.true(picture.data.every(Number.isFinite));
    if (seen.length === 1) t.true(relative(picture.data, wave(24, 16, 1).data) < 1e-6, 'it is the start');
    t.is((await picture.encode('png')).toString('latin1', 1, 4), 'PNG');
  });
}
