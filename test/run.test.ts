// A run as a state machine: it goes on by one iteration or to its end, in any order, stands in between, and is data there.

import { setImmediate as turn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import {
  DivergedError,
  Engine,
  OptionError,
  type Picture,
  type Progress,
  Run,
  type RunOptions,
  type RunState,
  stylize,
} from '../dist/index.js';
import { bits, child, options, watchSessions, wave } from './support/runs.js';

const engine = await Engine.open({ device: 'cpu' });

/** Three scales, of four iterations each. */
const pyramid = { content: wave(30, 20), scales: 3, minSize: 8, iterations: 4 };

async function started(
  t: ExecutionContext,
  changes: Partial<RunOptions> = pyramid,
  state?: RunState,
): Promise<Run> {
  const run = await Run.start(engine, options(changes), state);
  t.teardown(() => run.dispose());
  return run;
}

async function times(n: number, run: Run): Promise<Progress[]> {
  const all: Progress[] = [];
  for (let i = 0; i < n; i++) all.push((await run.next())!);
  return all;
}

const wanted = bits(await stylize(options(pyramid)));
test.after.always(() => engine.close());

test('finish() alone, next() alone, and both end in the picture of stylize()', async (t) => {
  t.is(bits(await (await started(t)).finish()), wanted);
  for (const iterations of [1, 3, 4, 5, 8, 11, 12]) {
    const run = await started(t);
    await times(iterations, run);
    t.is(run.isDone, iterations === 12);
    t.is(bits(await run.finish()), wanted, `after ${iterations}`);
    t.true(run.isDone);
    t.is(await run.next(), undefined);
    t.is(bits(await run.finish()), wanted, 'again');
    t.is(bits(await run.image()), wanted);
  }
});

test('what it goes through, and where it is', async (t) => {
  const run = await started(t);
  t.deepEqual(
    run.stages.map(({ size, iterations, carry }) => [size, iterations, carry]),
    [
      [12, 4, 'nothing'],
      [17, 4, 'nothing'],
      [24, 4, 'nothing'],
    ],
  );
  t.is(run.device, 'cpu');
  t.false(run.isDone);
  const seen = await times(12, run);
  t.deepEqual(
    seen.map(({ scaleIndex, iteration }) => [scaleIndex, iteration]),
    [1, 2, 3].flatMap((scale) => [1, 2, 3, 4].map((iteration) => [scale, iteration])),
  );
});

test('image() and state() are of the iteration where it stands, whenever and however often they are asked for', async (t) => {
  const looking = await started(t);
  const other = await started(t);
  for (let i = 0; i <= 12; i++) {
    const [image, state, again] = await Promise.all([looking.image(), looking.state(), looking.image()]);
    t.is(bits(image), bits(again));
    t.is(bits(image), bits(await other.image()));
    t.deepEqual(state, await other.state());
    t.is(bits({ data: state.vectors.result! }), bits(image));
    await times(1, looking);
    await times(1, other);
  }
  t.is(bits(await looking.finish()), wanted);
});

test('leaving a loop leaves the run standing, and another goes on', async (t) => {
  const run = await started(t);
  let count = 0;
  for await (const _ of run) if (++count === 3) break;
  const image = bits(await run.image());
  for (let i = 0; i < 50; i++) await turn();
  t.is(bits(await run.image()), image, 'nothing goes on meanwhile');
  for await (const { scaleIndex, iteration } of run) {
    if (++count === 4) t.deepEqual([scaleIndex, iteration], [1, 4]);
    if (count === 6) break;
  }
  for await (const _ of run) count++;
  t.is(count, 12);
  t.is(bits(await run.finish()), wanted);
});

test('calls ahead run one after the other', async (t) => {
  const run = await started(t);
  const results = await Promise.all([
    ...Array.from({ length: 5 }, () => run.next()),
    run.image(),
    run.state(),
    run.finish(),
    run.next(),
  ]);
  t.deepEqual(
    results.slice(0, 5).map((progress) => (progress as Progress).iteration),
    [1, 2, 3, 4, 1],
  );
  t.is(bits(results[7] as Picture), wanted);
  t.is(results[8], undefined);
});

test('an image is there in the middle of finish(), and between two stages', async (t) => {
  const run = await started(t, { ...pyramid, iterations: 50 });
  const finished = run.finish();
  const widths = new Set<number>();
  let done = false;
  const end = finished.then(() => {
    done = true;
  });
  while (!done) widths.add((await run.image()).width);
  await end;
  t.is(bits(await finished), bits(await run.image()));
  t.deepEqual([...widths].sort(), [12, 17, 24]);
});

test('finish() calls onProgress as next() does', async (t) => {
  const seen: number[] = [];
  const onProgress = ({ iteration }: Progress) => seen.push(iteration);
  const run = await started(t, { ...pyramid, onProgress });
  await times(2, run);
  t.is(bits(await run.finish()), wanted);
  t.deepEqual(seen, [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
});

test('what onProgress throws ends that call; the run stands and may go on', async (t) => {
  const error = new Error('enough');
  const onProgress = ({ scaleIndex, iteration }: Progress) => {
    if (scaleIndex === 2 && iteration === 1) throw error;
  };
  const run = await started(t, { ...pyramid, onProgress });
  t.is(await t.throwsAsync(run.finish()), error);
  t.is((await run.next())?.iteration, 2);
  t.is(bits(await run.finish()), wanted);
});

test('a loss that runs away: the error has the picture, and so has the run', async (t) => {
  const run = await started(t, { optimizer: 'adam', learningRate: 1e30, iterations: 10 });
  const ways = [() => run.next(), () => run.finish(), () => run.next()];
  while (await run.next().catch(() => undefined));
  for (const way of ways) {
    const error = await t.throwsAsync(way(), { instanceOf: DivergedError });
    t.is(bits(error!.picture), bits(await run.image()));
  }
});

test.serial('dispose() at every moment gives everything back', async (t) => {
  const sessions = watchSessions(t);
  const ends: [string, (run: Run) => Promise<unknown>][] = [
    ['before anything', async () => {}],
    ['while it begins', async (run) => void run.image().catch(() => {})],
    ['while it takes its first step', async (run) => void run.next().catch(() => {})],
    ['while it stands', (run) => run.next()],
    ['in the middle of a step', (run) => run.next().then(() => void run.next())],
    ['at the end of a stage', (run) => times(4, run)],
    ['between two stages', (run) => times(4, run).then(() => void run.next())],
    ['in the middle of finish()', (run) => run.next().then(() => void run.finish().catch(() => {}))],
    ['while a preview is on its way', async (run) => void (await run.next())!.image()],
    ['at the end', (run) => run.finish()],
  ];
  for (const [title, end] of ends) {
    for (const turns of [0, 1, 5]) {
      const run = await Run.start(engine, options({ ...pyramid, content: wave(60, 40), size: 48 }));
      await end(run);
      for (let i = 0; i < turns; i++) await turn();
      await Promise.all([run.dispose(), run.dispose()]);
      t.is(sessions.alive, 0, `${title}, ${turns} turns later`);
      await run.dispose();
      t.true(run.isDone);
      t.is(await run.next(), undefined);
      for (const call of [() => run.finish(), () => run.image(), () => run.state()]) {
        await t.throwsAsync(call(), { message: 'the run is disposed' });
      }
    }
  }
  t.true(sessions.made >= 20);
});

test('calls that dispose() comes upon end', async (t) => {
  for (const calls of [1, 2, 5]) {
    const run = await started(t, { ...pyramid, content: wave(60, 40), size: 48, iterations: 1000 });
    const nexts = Array.from({ length: calls }, () => run.next());
    const finished = run.finish();
    await nexts[0];
    await run.dispose();
    for (const progress of await Promise.all(nexts)) if (progress) t.true(progress.iteration <= calls);
    await t.throwsAsync(finished, { message: 'the run is disposed' });
  }
  const run = await started(t);
  for await (const { iteration } of run) {
    t.is(iteration, 1);
    await run.dispose();
  }
});

test('it is disposed of where its block ends', async (t) => {
  const run = await Run.start(engine, options(pyramid));
  await run.next();
  await run[Symbol.asyncDispose]();
  await t.throwsAsync(run.image(), { message: 'the run is disposed' });
});

test('a signal ends a run that stands, and one that has not begun', async (t) => {
  const reason = new Error('enough');
  for (const iterations of [0, 1, 4]) {
    const controller = new AbortController();
    const run = await started(t, { ...pyramid, signal: controller.signal });
    await times(iterations, run);
    controller.abort(reason);
    t.is(await t.throwsAsync(run.next()), reason);
    t.is(await t.throwsAsync(run.finish()), reason);
  }
  const signal = AbortSignal.abort(reason);
  t.is(await t.throwsAsync(Run.start(engine, options({ signal }))), reason);
});

const KINDS: Record<string, Partial<RunOptions>> = {
  adam: { optimizer: 'adam' },
  'adam with averaging': { optimizer: 'adam', averaging: 0.9 },
  lbfgs: { optimizer: 'lbfgs', history: 3 },
  'lbfgs with averaging': { optimizer: 'lbfgs', history: 3, averaging: 0.5 },
  'rmsprop, clamped': { optimizer: 'rmsprop', clamp: true },
  'rmsprop on coefficients': { optimizer: 'rmsprop', variable: 'laplacian', variableLevels: 2 },
  'lbfgs on coefficients': { history: 3, variable: 'laplacian', averaging: 0.8, startDetail: true },
};
for (const [title, kind] of Object.entries(KINDS)) {
  test(`${title}: from any state the run ends in the same bytes`, async (t) => {
    const changes = { ...pyramid, ...kind, iterations: 7, init: 'noise' as const };
    const states: RunState[] = [];
    const run = await started(t, changes);
    const progress: (Progress | undefined)[] = [];
    for (let i = 0; i <= 21; i++) {
      states.push(structuredClone(await run.state()));
      progress.push(await run.next());
    }
    const end = bits(await run.finish());
    t.is(end, bits(await stylize(options(changes))), 'looking changes nothing');
    for (const [i, state] of states.entries()) {
      const other = await started(t, changes, state);
      t.deepEqual(await other.state(), state, `where it stood after ${i}`);
      const next = i % 2 === 0 ? await other.next() : undefined;
      if (next) {
        const { total, losses, scaleIndex, iteration, scale } = next;
        t.like(progress[i]!, { total, losses, scaleIndex, iteration, scale });
      }
      t.is(bits(await other.finish()), end, `from the state after ${i}`);
      await other.dispose();
    }
  });
}

test('a state goes on in another process', async (t) => {
  const given = { ...options({ ...pyramid, iterations: 6, optimizer: 'adam' }) };
  const run = await started(t, given);
  await times(9, run);
  const state = await run.state();
  const lists = (object: object) =>
    Object.fromEntries(
      Object.entries(object).map(([k, v]) => [k, v?.data ? { ...v, data: Array.from(v.data) } : v]),
    );
  const plain = {
    vectors: Object.fromEntries(Object.entries(state.vectors).map(([name, v]) => [name, Array.from(v)])),
    numbers: state.numbers,
  };
  const { code, stdout, stderr } = await child(`
    import { Engine, Run } from './dist/index.js';
    const floats = (image) => ({ ...image, data: Float32Array.from(image.data) });
    const given = ${JSON.stringify(lists(given))};
    const { vectors, numbers } = ${JSON.stringify(plain)};
    for (const name in vectors) vectors[name] = Float32Array.from(vectors[name]);
    const options = { ...given, content: floats(given.content), style: floats(given.style) };
    const engine = await Engine.open({ device: 'cpu' });
    const run = await Run.start(engine, options, { vectors, numbers });
    const picture = await run.finish();
    process.stdout.write(JSON.stringify(Array.from(picture.data)));
    await run.dispose();
  `);
  t.is(code, 0, stderr);
  t.is(bits({ data: Float32Array.from(JSON.parse(stdout)) }), bits(await run.finish()));
});

test('a state of another run is refused, and takes nothing with it', async (t) => {
  const adam = { ...pyramid, optimizer: 'adam' as const };
  const run = await started(t, adam);
  await times(6, run);
  const state = await run.state();
  const { stage, ...others } = state.numbers;
  const { 'adam.m': m, ...vectors } = state.vectors;
  const short = state.vectors.picture!.subarray(3);
  const refused: [string, Partial<RunOptions>, unknown][] = [
    ['another size', { size: 30 }, state],
    ['another shape', { content: wave(20, 30) }, state],
    ['fewer scales', { scales: 1 }, state],
    ['no stage', {}, { ...state, numbers: others }],
    ['a stage that there is not', {}, { ...state, numbers: { ...others, stage: [3] } }],
    ['half a stage', {}, { ...state, numbers: { ...others, stage: [0.5] } }],
    ['no iteration', {}, { ...state, numbers: { ...state.numbers, iteration: [] } }],
    ['half an iteration', {}, { ...state, numbers: { ...state.numbers, iteration: [0.5, 0] } }],
    ['an iteration before the first', {}, { ...state, numbers: { ...state.numbers, iteration: [-1, 0] } }],
    ['a short picture', {}, { ...state, vectors: { ...state.vectors, picture: short } }],
    ['no picture', {}, { ...state, vectors: {} }],
    ['nothing', {}, {}],
  ];
  for (const [title, changes, wrong] of refused) {
    const given = options({ ...adam, ...changes });
    const error = await t.throwsAsync(
      Run.start(engine, given, wrong as RunState),
      { instanceOf: OptionError },
      title,
    );
    t.like(error, { code: 'ERR_OPTION', option: 'state' });
  }
  await t.throwsAsync(Run.start(engine, options({ ...adam, iterations: 1 }), state), {
    instanceOf: OptionError,
    message: /^iterations is 1 where the run stands, which has done 2 there: give 2 or more$/,
  });
  const later: [string, Partial<RunOptions>, unknown, RegExp][] = [
    ['another optimiser', { optimizer: 'lbfgs' }, state, /the state has no lbfgs/],
    ['no moments', {}, { ...state, vectors }, /the state has no adam\.m/],
    ['moments that are none', {}, { ...state, vectors: { ...vectors, 'adam.m': [1] } }, /adam\.m must be a Float32Array/],
    ['short moments', {}, { ...state, vectors: { ...vectors, 'adam.m': short } }, /adam\.m has another size/],
  ]; // biome-ignore format: a table
  for (const [title, changes, wrong, message] of later) {
    const other = await started(t, { ...adam, ...changes }, wrong as RunState);
    for (const call of [() => other.next(), () => other.finish(), () => other.state()]) {
      const error = await t.throwsAsync(call(), { instanceOf: OptionError, message }, title);
      t.like(error, { code: 'ERR_OPTION', option: 'state' });
    }
  }
});

test('onProgress that takes its time, or none, gives the same picture as nobody looking', async (t) => {
  for (const optimizer of ['adam', 'lbfgs'] as const) {
    const run = (onProgress?: (progress: Progress) => unknown) =>
      stylize(options({ ...pyramid, optimizer, ...(onProgress && { onProgress }) }));
    const quiet = bits(await run());
    t.is(bits(await run(() => {})), quiet);
    const slow = async ({ image, iteration }: Progress) => {
      for (let i = 0; i < 100; i++) await turn();
      if (iteration % 2 === 0) await image();
    };
    t.is(bits(await run(slow)), quiet);
  }
});
