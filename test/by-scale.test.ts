// What differs from scale to scale: weights, learning rates, iterations, and further passes over the largest.

import test from 'ava';
import { Engine, OptionError, Run, type RunOptions, type RunState, stylize } from '../dist/index.js';
import { bits, collect, options, wave } from './support/runs.js';

const engine = await Engine.open({ device: 'cpu' });
test.after.always(() => engine.close());

/** Scales of 12 and 24 pixels, and the larger one again, with the style by another statistic. */
const given = {
  content: wave(30, 20),
  scales: 2,
  scaleFactor: 2,
  minSize: 8,
  passes: 2,
  iterations: [2, 3, '...', 2],
  contentWeight: [5, 0, 2.5],
  styleWeight: [100, '...', 0],
  meanStdWeight: [0, '...', 1],
  meanStdLayers: ['relu2_1'],
  tvWeight: 0,
  optimizer: 'adam',
  learningRate: [4, '...', 2],
  carry: 'moments',
} satisfies Partial<RunOptions>;

const start = (changes: Partial<RunOptions> = {}, state?: RunState) =>
  Run.start(engine, options({ ...given, ...changes }), state);

test('each stage has its entries, and no term whose weight is 0 there', async (t) => {
  const run = await start();
  t.teardown(() => run.dispose());
  t.deepEqual(
    run.stages.map(({ size, iterations, optimizer, terms }) => [
      size,
      iterations,
      optimizer.learningRate,
      Object.fromEntries(terms.map(({ name, weight }) => [name, weight])),
    ]),
    [
      [12, 2, 4, { 'content:relu2_2': 5, 'style:relu1_1': 100, 'style:relu2_1': 100 }],
      [24, 3, 4, { 'style:relu1_1': 100, 'style:relu2_1': 100 }],
      [24, 2, 2, { 'content:relu2_2': 2.5, 'mean-std:relu2_1': 1 }],
    ],
  );
  const seen = [];
  for await (const { scaleIndex, losses, content } of run) {
    t.deepEqual(Object.keys(content), scaleIndex === 2 ? [] : ['relu2_2']);
    t.deepEqual(
      Object.keys(losses),
      run.stages[scaleIndex - 1]!.terms.map(({ name }) => name),
    );
    seen.push(scaleIndex);
  }
  t.deepEqual(seen, [1, 1, 2, 2, 2, 3, 3]);
});

test('a loss is in proportion to its weight at that scale', async (t) => {
  const still = { ...given, scales: 1, iterations: 1, carry: 'nothing', learningRate: 1e-6 } as const;
  const all = await collect(stylize(options({ ...still, contentWeight: 1, styleWeight: [100, 25] })));
  const [first, second] = all.map(({ style }) => style.relu2_1!);
  t.true(Math.abs(second! / first! - 0.25) < 1e-4, `${second} of ${first}`);
});

test('from any state the run ends in the same bytes, over changes of weights too', async (t) => {
  const run = await start();
  const states: RunState[] = [];
  for (let i = 0; i <= 7; i++) {
    states.push(structuredClone(await run.state()));
    await run.next();
  }
  const end = bits(await run.finish());
  await run.dispose();
  for (const [i, state] of states.entries()) {
    const other = await start({}, state);
    t.deepEqual(await other.state(), state, `where it stood after ${i}`);
    t.is(bits(await other.finish()), end, `from the state after ${i}`);
    await other.dispose();
  }
});

test('a pass goes on from the picture of the one before', async (t) => {
  const once = { scales: 1, clamp: true, optimizer: 'adam', iterations: 3 } as const;
  const first = await stylize(options(once));
  const second = await stylize(options({ ...once, init: { ...first, channels: 3 }, learningRate: 2 }));
  const both = await stylize(options({ ...once, passes: 2, learningRate: [5, 2] }));
  t.is(bits(both), bits(second));
  t.not(bits(both), bits(first));
});

test('a scale that has nothing to minimise is refused before any work', async (t) => {
  const error = await t.throwsAsync(start({ styleWeight: [100, 0, 100] }), {
    instanceOf: OptionError,
    message: 'all weights of losses are 0 at scale 2 of 3, so there is nothing to paint',
  });
  t.is(error?.option, 'contentWeight');
});
