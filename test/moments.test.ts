// The moments of Adam and RMSprop carried from one stage to the next. What arrives must be what moments can be.

import test from 'ava';
import { addon } from '../dist/engine/addon.js';
import { Engine, Run, type RunState, type Stage } from '../dist/index.js';
import { carriedMoments, carriesMoments } from '../dist/run/start.js';
import { bits, options, relative, wave } from './support/runs.js';

const engine = await Engine.open({ device: 'cpu' });
test.after.always(() => engine.close());

const HOW = { filter: 'lanczos', threads: 2 } as const;
const ITERATIONS = 4;
const given = {
  content: wave(30, 20),
  scales: 3,
  minSize: 8,
  iterations: ITERATIONS,
  optimizer: 'adam' as const,
};

/** A run whose stages take over what the one before has learnt. */
function carrying(changes: object = {}, state?: RunState): Promise<Run> {
  return Run.start(engine, options({ ...given, carry: 'moments', ...changes }), state);
}

const stage = (kind: Stage['optimizer']['kind'], carry: Stage['carry'], details = 0): Stage => ({
  size: 24,
  iterations: 1,
  terms: [],
  optimizer: { kind, learningRate: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, history: 1, firstStep: 0 },
  details,
  clamp: false,
  averaging: 0,
  carry,
  startDetail: false,
});

test('only from an Adam to an Adam that wants them, or between two of RMSprop', (t) => {
  t.true(carriesMoments(stage('adam', 'nothing'), stage('adam', 'moments')));
  t.false(carriesMoments(stage('adam', 'moments'), stage('adam', 'nothing')));
  t.false(carriesMoments(stage('lbfgs', 'nothing'), stage('adam', 'moments')));
  t.false(carriesMoments(stage('adam', 'nothing'), stage('lbfgs', 'moments')));
  t.false(carriesMoments(stage('adam', 'nothing'), undefined));
  t.true(carriesMoments(stage('rmsprop', 'nothing'), stage('rmsprop', 'moments')));
  t.false(carriesMoments(stage('rmsprop', 'moments'), stage('adam', 'moments')));
  t.false(carriesMoments(stage('lbfgs', 'moments'), stage('lbfgs', 'moments')));
  t.true(carriesMoments(stage('adam', 'nothing', 5), stage('adam', 'moments', 5)));
  t.false(carriesMoments(stage('adam', 'nothing', 5), stage('adam', 'moments', 0)));
});

const [small, large] = [{ width: 12, height: 8 }, { width: 17, height: 11 }]; // biome-ignore format: a pair
const filled = ({ width, height }: typeof small, value: (i: number) => number) =>
  Float32Array.from({ length: width * height * 3 }, (_, i) => value(i));

/** What becomes of moments of the small size at the large one. */
function carried(m: Float32Array, v: Float32Array): Promise<RunState> {
  const fresh: RunState = {
    vectors: {
      picture: filled(large, () => 7),
      'adam.m': filled(large, () => 0),
      'adam.v': filled(large, () => 0),
    },
    numbers: { iteration: [0, 0], 'adam.steps': [0], best: [Number.POSITIVE_INFINITY] },
  };
  const state = { vectors: { 'adam.m': m, 'adam.v': v }, numbers: { 'adam.steps': [41], iteration: [9, 9] } };
  return carriedMoments({ picture: { ...small, data: m }, state }, fresh, large, HOW, engine, 0);
}

test('moments that are the same everywhere stay so, whatever their sign and size', async (t) => {
  const colours = [-1234.5, 0.25, 98765];
  const squares = [1e-12, 3, 4e9];
  const { vectors, numbers } = await carried(
    filled(small, (i) => colours[i % 3]!),
    filled(small, (i) => squares[i % 3]!),
  );
  t.true(
    relative(
      vectors['adam.m']!,
      filled(large, (i) => colours[i % 3]!),
    ) < 1e-6,
  );
  for (const [i, value] of vectors['adam.v']!.entries()) {
    t.true(Math.abs(value / squares[i % 3]! - 1) < 1e-5, `${value}`);
  }
  t.deepEqual(
    vectors.picture,
    filled(large, () => 7),
    'the rest is the fresh one',
  );
  t.deepEqual(numbers, { iteration: [0, 0], 'adam.steps': [41], best: [Number.POSITIVE_INFINITY] });
});

test('where a resized mean of squares would be below zero it is zero; the mean keeps its overshoots', async (t) => {
  // A white column: Lanczos overshoots beside it.
  const column = (low: number, high: number) =>
    filled(small, (i) => (Math.floor(i / 3) % small.width === 6 ? high : low));
  const { vectors } = await carried(column(0, 100), column(0, 1e6));
  const [m, v] = [vectors['adam.m']!, vectors['adam.v']!];
  t.true(Math.min(...m) < 0);
  t.is(Math.min(...v), 0);
  t.true(Math.max(...v) > 1e5);
});

test('a run that carries: counted on, resized, and no mean of squares below zero', async (t) => {
  const run = await carrying();
  for (const [index, { width, height }] of [small, large, { width: 24, height: 16 }].entries()) {
    if (index > 0) {
      const before = await run.state();
      t.deepEqual(before.numbers['adam.steps'], [ITERATIONS * index]);
      await run.next();
      const { vectors, numbers } = await run.state();
      t.deepEqual(numbers.size, [width, height]);
      t.deepEqual(numbers.iteration![0], 1);
      t.deepEqual(numbers['adam.steps'], [ITERATIONS * index + 1]);
      for (const name of ['adam.m', 'adam.v']) t.is(vectors[name]!.length, width * height * 3, name);
      t.true(vectors['adam.v']!.every((value) => value >= 0 && Number.isFinite(value)));
      // v = 0.999 v' + 0.001 g², where v' is what was carried: its mean is what the stage before had.
      const mean = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;
      t.true(mean(vectors['adam.v']!) > 0.9 * mean(before.vectors['adam.v']!));
    }
    for (let i = index === 0 ? 0 : 1; i < ITERATIONS; i++) await run.next();
  }
  t.true(run.isDone);
  const plain = await Run.start(engine, options(given));
  t.not(bits(await run.finish()), bits(await plain.finish()), 'which makes a difference');
  await Promise.all([run.dispose(), plain.dispose()]);
});

test('a run that carries goes on from any state', async (t) => {
  const run = await carrying();
  const states = [await run.state()];
  while (await run.next()) states.push(await run.state());
  const end = bits(await run.finish());
  for (const state of states) {
    const other = await carrying({}, state);
    t.is(bits(await other.finish()), end);
    await other.dispose();
  }
  await run.dispose();
});

test('L-BFGS, which has no moments, is not disturbed', async (t) => {
  const run = await carrying({ optimizer: 'lbfgs' });
  const plain = await Run.start(engine, options({ ...given, optimizer: 'lbfgs' }));
  t.is(bits(await run.finish()), bits(await plain.finish()));
  await Promise.all([run.dispose(), plain.dispose()]);
});

test('RMSprop carries its mean of squares', async (t) => {
  const changes = { optimizer: 'rmsprop' as const };
  const run = await carrying(changes);
  for (let i = 0; i < ITERATIONS; i++) await run.next();
  const before = (await run.state()).vectors['rmsprop.v']!;
  await run.next();
  const { vectors, numbers } = await run.state();
  t.deepEqual(numbers.size, [large.width, large.height]);
  const mean = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;
  t.true(mean(vectors['rmsprop.v']!) > 0.9 * mean(before));
  const plain = await Run.start(engine, options({ ...given, ...changes }));
  t.not(bits(await run.finish()), bits(await plain.finish()));
  await Promise.all([run.dispose(), plain.dispose()]);
});

test('moments of a pyramid are carried level by level', async (t) => {
  const details = 2;
  const value = (level: number, i: number) => (level + 1) * 100 + (i % 3);
  const levels = ({ width, height }: typeof small) => {
    const all = addon().pyramidLevels(width, height, details);
    return Float32Array.from(
      all.flatMap((size, level) =>
        Array.from({ length: size.width * size.height * 3 }, (_, i) => value(level, i)),
      ),
    );
  };
  const fresh = {
    vectors: {
      'adam.m': new Float32Array(levels(large).length),
      'adam.v': new Float32Array(levels(large).length),
    },
    numbers: { 'adam.steps': [0] },
  };
  const state = {
    vectors: { 'adam.m': levels(small).map((v) => -v), 'adam.v': levels(small) },
    numbers: { 'adam.steps': [3] },
  };
  const legacy = { picture: { ...small, data: filled(small, () => 0) }, state };
  const { vectors, numbers } = await carriedMoments(legacy, fresh, large, HOW, engine, details);
  t.true(relative(vectors['adam.v']!, levels(large)) < 1e-6);
  t.true(
    relative(
      vectors['adam.m']!,
      levels(large).map((v) => -v),
    ) < 1e-6,
  );
  t.deepEqual(numbers, { 'adam.steps': [3] });
  // Where a small picture has fewer levels than the next.
  const deep = { ...fresh, vectors: { 'adam.m': new Float32Array(3), 'adam.v': new Float32Array(3) } };
  t.is(await carriedMoments(legacy, deep, { width: 300, height: 200 }, HOW, engine, 8), deep);
});

for (const optimizer of ['adam', 'rmsprop'] as const) {
  test(`a run of ${optimizer} on coefficients carries them and goes on from any state`, async (t) => {
    const changes = { optimizer, variable: 'laplacian', variableLevels: 2 };
    const run = await carrying(changes);
    const states = [await run.state()];
    while (await run.next()) states.push(await run.state());
    const end = bits(await run.finish());
    for (const state of states.filter((_, i) => i % 3 !== 1)) {
      const other = await carrying(changes, state);
      t.is(bits(await other.finish()), end);
      await other.dispose();
    }
    const afresh = await carrying({ ...changes, carry: 'nothing' });
    t.not(bits(await afresh.finish()), end);
    await Promise.all([run.dispose(), afresh.dispose()]);
  });
}
