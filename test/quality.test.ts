// Qualities: what they are in place of, when a scale ends early, that a run goes on across it, and how long it is told to take.

import test, { type ExecutionContext } from 'ava';
import { forecastLine } from '../dist/cli/forecast.js';
import { Engine, OptionError, Run, type RunState, type StylizeOptions } from '../dist/index.js';
import { resultingOptions } from '../dist/options/file.js';
import { resolveOptions } from '../dist/options/options.js';
import { Clock } from '../dist/run/clock.js';

import { hasSettled } from '../dist/run/plateau.js';
import { stayOf } from '../dist/run/quality.js';
import { costsThrough, pairCost } from '../dist/run/trial.js';
import { ended, MAIN, scumble, start, studio, weightsIn } from './support/cli.js';
import { bits, options, wave } from './support/runs.js';
import { seeded } from './support/safetensors.js';

const engine = await Engine.open({ device: 'cpu' });
test.after.always(() => engine.close());

const missing = { content: '/nowhere/content.png', style: '/nowhere/style.png' };
const resolved = (given: Partial<StylizeOptions>) => resolveOptions({ ...missing, ...given });

test('quality is good unless it or iterations are given', (t) => {
  t.is(resolved({}).quality, 'good');
  t.is(resolved({}).iterations, undefined);
  t.is(resolved({ quality: 'draft' }).quality, 'draft');
  t.is(resolved({ iterations: [7, 5] }).quality, undefined);
  t.deepEqual(stayOf(resolved({ iterations: [7, 5] })), { iterations: [7, 5] });
  t.is(resolved({ preset: 'gatys' }).quality, undefined);
  t.deepEqual(resolved({ preset: 'gatys' }).iterations, [500]);
  for (const given of [{ quality: 'best' }, { iterations: 9 }, { preset: 'gatys' }] as const) {
    const { quality, iterations } = resultingOptions({ ...missing, ...given }).options;
    t.true((quality === undefined) !== (iterations === undefined));
  }
});

test('a quality that is none, or is beside iterations, is refused', (t) => {
  const refused = (given: object, message: RegExp) => {
    const error = t.throws(() => resolved(given), { instanceOf: OptionError, message });
    t.is(error?.option, 'quality');
  };
  for (const quality of ['fine', '', 1, null, ['good']])
    refused({ quality }, /^quality must be draft, good or best, not ./);
  refused(
    { quality: 'best', iterations: 50 },
    /^quality best cannot be: iterations say .*: drop one of the two$/,
  );
  refused(
    { quality: 'draft', preset: 'gatys' },
    /^quality draft cannot be: the preset gatys fixes .*: drop quality/,
  );
});

/** Losses that go from 2 to 1, with noise of a hundredth. */
function falling(count: number, half: number, noise = 0.01): number[] {
  const random = seeded(5);
  return Array.from({ length: count }, (_, i) => (1 + 2 ** (-i / half)) * (1 + noise * (2 * random() - 1)));
}

/** The iteration at which losses settle. */
function settles(t: ExecutionContext, totals: number[], rule = { window: 8, tolerance: 0.01 }): number {
  for (let done = 0; done <= totals.length; done++) {
    if (!hasSettled(rule, totals.slice(0, done))) continue;
    t.is(done % rule.window, 0);
    t.true(done >= 2 * rule.window);
    return done;
  }
  return Number.POSITIVE_INFINITY;
}

test('losses that fall slowly settle later than losses that fall fast, whatever the noise', (t) => {
  const fast = settles(t, falling(400, 4));
  const slow = settles(t, falling(400, 20));
  t.true(fast >= 24 && fast <= 40, String(fast));
  t.true(slow >= 64 && slow <= 128, String(slow));
  t.is(settles(t, falling(400, 4, 0)), 40);
});

test('a plateau settles as soon as two windows are full; steady progress and an early overshoot never do', (t) => {
  t.is(settles(t, Array(40).fill(3)), 16);
  t.is(settles(t, Array(40).fill(0)), 16);
  t.is(
    settles(
      t,
      Array.from({ length: 400 }, (_, i) => 0.99 ** i),
    ),
    Number.POSITIVE_INFINITY,
  );
  const overshot = falling(64, 20, 0);
  overshot[2] = 1000;
  t.is(settles(t, overshot), settles(t, falling(64, 20, 0)));
});

test('losses that rise settle: it does not get better there', (t) => {
  t.is(
    settles(
      t,
      Array.from({ length: 40 }, (_, i) => 1.1 ** i),
    ),
    16,
  );
});

// A picture that is its own style has little to do, so that scales end long before their most.
const short = {
  content: wave(30, 20),
  style: wave(30, 20),
  scales: 2,
  minSize: 8,
  iterations: undefined,
  quality: 'draft',
} as unknown as Partial<StylizeOptions>;

async function begun(t: ExecutionContext, state?: RunState): Promise<Run> {
  const run = await Run.start(engine, options(short), state);
  t.teardown(() => run.dispose());
  return run;
}

test('a run that is left anywhere goes on to the same bytes, across scales that end early', async (t) => {
  const whole = await begun(t);
  const states: RunState[] = [];
  const last: number[] = [];
  for await (const { scaleIndex, iteration, iterations, scaleDone } of whole) {
    states.push(await whole.state());
    t.true(iteration <= iterations);
    if (scaleDone) last[scaleIndex - 1] = iteration;
  }
  t.true(last[0]! < whole.stages[0]!.iterations, 'ends early');
  t.is(states.length, last[0]! + last[1]!);
  const wanted = bits(await whole.finish());
  t.is(bits(await (await begun(t)).finish()), wanted, 'unwatched');
  const early = last[0]!;
  for (const at of [1, 7, 8, 9, early - 1, early, early + 1, states.length]) {
    const state = states[at - 1]!;
    const finished = await begun(t, state);
    t.is(bits(await finished.finish()), wanted, `finished from ${at}`);
    const followed = await begun(t, state);
    let count = 0;
    for await (const _ of followed) count++;
    t.is(count, states.length - at, `followed from ${at}`);
    t.is(bits(await followed.finish()), wanted);
  }
  const mixed = await begun(t);
  for (let i = 0; i < early - 3; i++) await mixed.next();
  t.is(bits(await mixed.finish()), wanted, 'watched, then not');
});

test('a state without its losses, or of a run with iterations, is refused', async (t) => {
  const run = await begun(t);
  await run.next();
  const state = await run.state();
  const { totals, ...numbers } = state.numbers;
  t.is(totals!.length, 1);
  await t.throwsAsync(begun(t, { ...state, numbers }), {
    instanceOf: OptionError,
    message: /^the state is not/,
  });
  const counted = options({
    ...short,
    quality: undefined,
    iterations: 40,
  } as unknown as Partial<StylizeOptions>);
  await t.throwsAsync(Run.start(engine, counted, state), { instanceOf: OptionError });
});

test('the clock counts what was done, and what is left at most', (t) => {
  const clock = new Clock(
    [
      { pixels: 1, iterations: 100 },
      { pixels: 10, iterations: 10 },
    ],
    { stage: 0, iteration: 0 },
  );
  const first = clock.tick(0, 20);
  t.true(Math.abs(first.remaining / first.elapsed - (80 + 100) / 20) < 1e-9);
  const second = clock.tick(1, 2); // the first stage ended at 20
  t.true(Math.abs(second.remaining / second.elapsed - 80 / 40) < 1e-9);
});

test('costs are fitted: what is fixed, what goes by pixels, and what goes by pairs of samples', (t) => {
  const pairsAt = (pixels: number) => {
    const samples = Math.min(1024, Math.max(64, Math.floor(pixels / 128)));
    return samples * Math.min(5000, 5 * samples);
  };
  const cost = (pixels: number, pairs = pairsAt(pixels)) => ({
    pixels,
    pairs,
    targets: 0.01 + 3e-6 * pixels,
    iteration: 0.002 + 1e-6 * pixels + 2e-8 * pairs,
  });
  const costs = costsThrough([cost(3072), cost(19200)], pairCost(cost(19200), cost(19200, pairsAt(196608))));
  for (const pixels of [3072, 50000, 196608, 1e6]) {
    const { iteration, targets } = costs(pixels);
    t.true(Math.abs(iteration / cost(pixels).iteration - 1) < 1e-9);
    t.true(Math.abs(targets / cost(pixels).targets - 1) < 1e-9);
  }
});

test('the line told beforehand', (t) => {
  const qualities = { draft: 2, good: 7.6, best: 100 };
  t.is(forecastLine({ seconds: 7.6, qualities }, 'good', 1), 'good: about 9 s (draft 3 s, best 1:41)');
  t.is(forecastLine({ seconds: 0.1 }, undefined, 0.2), 'about 1 s');
});

test.serial(
  'the command tells the time where it talks and trials are worth it, and how long scales took',
  async (t) => {
    const folder = await studio(t);
    const env = { SCUMBLE_WEIGHTS: await weightsIn(folder) };
    const flags = ['content.png', 'style.png', '--threads', '1'];
    const long = [
      ...flags,
      '--size',
      '256',
      '--scales',
      '2',
      '--quality',
      'good',
      '--content-layers',
      'relu1_1',
    ];
    const told = start(folder, [MAIN, ...long, '--hypercolumns', 'relu1_1', '--progress', 'lines'], env);
    told.stderr.once('data', () => told.kill('SIGINT'));
    t.regex((await ended(told)).stderr, /^good: about .* s \(draft .* s, best .*\)\n/);
    const brief = [...flags, '--size', '32', '--scales', '1', '--quality', 'draft'];
    const json = await scumble(folder, [...brief, '--progress', 'json'], env);
    t.is(json.code, 0, json.stderr);
    const lines = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    t.deepEqual(lines.map(({ scaleDone }) => scaleDone).filter(Boolean), [true]);
    t.true(lines.at(-1).scaleDone);
    t.true(lines.every(({ iterations }) => iterations === 40));
    t.notRegex(json.stderr, /about/);
    const clash = await scumble(folder, [...brief, '--iterations', '3'], env);
    t.is(clash.code, 2);
    t.regex(clash.stderr, /^scumble: --quality draft cannot be: .*drop one of the two\n$/);
  },
);
