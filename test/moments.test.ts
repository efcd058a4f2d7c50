// Adam's moments carried from one stage to the next: plain data of a stage, which no option says yet. What arrives must be
// what moments can be.

import test from 'ava';
import { Engine, Run, type RunState, type Stage } from '../dist/index.js';
import { carriedMoments, carriesMoments } from '../dist/run/start.js';
import { bits, options, relative, wave } from './support/runs.js';

const engine = await Engine.open({ device: 'cpu' });
test.after.always(() => engine.close());

const ITERATIONS = 4;
const given = {
  content: wave(30, 20),
  scales: 3,
  minSize: 8,
  iterations: ITERATIONS,
  optimizer: 'adam' as const,
};

/** A run whose stages take over what the one before has learnt. */
async function carrying(changes: object = {}, state?: RunState): Promise<Run> {
  const run = await Run.start(engine, options({ ...given, ...changes }), state);
  for (const stage of run.stages) Object.assign(stage, { carry: 'moments' } satisfies Partial<Stage>);
  return run;
}

const stage = (kind: 'adam' | 'lbfgs', carry: Stage['carry']): Stage => ({
  size: 24,
  iterations: 1,
  optimizer: { kind, learningRate: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, history: 1 },
  averaging: 0,
  carry,
});

test('only from an Adam to an Adam that wants them', (t) => {
  t.true(carriesMoments(stage('adam', 'nothing'), stage('adam', 'moments')));
  t.false(carriesMoments(stage('adam', 'moments'), stage('adam', 'nothing')));
  t.false(carriesMoments(stage('lbfgs', 'nothing'), stage('adam', 'moments')));
  t.false(carriesMoments(stage('adam', 'nothing'), stage('lbfgs', 'moments')));
  t.false(carriesMoments(stage('adam', 'nothing'), undefined));
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
  return carriedMoments({ picture: { ...small, data: m }, state }, fresh, large, 2, engine);
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
