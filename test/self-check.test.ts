// The check of a GPU on first use: what is remembered of it, on an engine of a few lines; and what a run makes of it, on
// the stand-in for the CUDA runtime.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { EngineComparison } from '../dist/engine/addon.js';
import type { Gpu } from '../dist/engine/devices.js';
import { check, heed, verdictOn } from '../dist/engine/self-check.js';
import { folder, network } from './support/runs.js';
import { LAUNCH_FAILURE, type Machine, onStandIn, run } from './support/stand-in.js';

/** Stands in for the engine; the tests that change it are serial. */
const engine = {
  made: [] as EngineComparison[],
  failure: undefined as Error | undefined,
  checks: [] as [device: number, thorough: boolean][],
  chosen: [] as [device: number, kernels: string][],
  async selfCheck(device: number, thorough: boolean) {
    engine.checks.push([device, thorough]);
    if (engine.failure) throw engine.failure;
    return engine.made;
  },
  useKernels(device: number, kernels: string) {
    engine.chosen.push([device, kernels]);
  },
};
// Wide enough for the kernels made for one kind of card.
const wide = await network({ blocks: [2, 2], widths: [64, 128] });

const engineFile = join(folder, 'engine.cjs');
await writeFile(engineFile, 'module.exports = globalThis.fakeEngine;');
Object.assign(globalThis, { fakeEngine: engine });

const made = (kernel: string, portable: boolean, error: number): EngineComparison => ({
  kernel,
  portable,
  error,
  tolerance: 0.004,
  good: error <= 0.004,
});
const SOUND = [made('bf16 something', true, 0.002), made('sm_90a something', false, 0.002)];
const BROKEN = [made('bf16 something', true, 0.002), made('sm_90a something', false, 0.25)];

let count = 0;
/** A card that this process has not met. */
function card(): Gpu {
  return {
    device: 'cuda:3',
    name: `Card ${count++}`,
    computeCapability: '9.0',
    memory: 1e9,
    freeMemory: 1e9,
  };
}

/** A fresh cache; its file of verdicts. */
function cache(): string {
  const root = join(folder, `cache-${count++}`);
  process.env.SCUMBLE_CACHE = root;
  return join(root, 'self-check.json');
}

test.before(() => {
  process.env.SCUMBLE_ADDON = engineFile;
});
test.beforeEach(() => {
  Object.assign(engine, { made: SOUND, failure: undefined, checks: [], chosen: [] });
});
test.after(() => {
  delete process.env.SCUMBLE_ADDON;
  delete process.env.SCUMBLE_CACHE;
});

test.serial('a card is checked once, by its own number, for all runs at once', async (t) => {
  const file = cache();
  const one = card();
  t.deepEqual(await Promise.all([verdictOn(one, '13.0'), verdictOn(one, '13.0')]), [
    { wrong: [] },
    { wrong: [] },
  ]);
  await verdictOn(one, '13.0');
  t.deepEqual(engine.checks, [[3, false]]);
  const [key = '', ...others] = Object.keys(JSON.parse(await readFile(file, 'utf8')));
  t.deepEqual(others, []);
  t.regex(
    key,
    new RegExp(`^${one.name}; 9\\.0; driver .*, CUDA 13\\.0; scumble \\d+\\.\\d+\\.\\d+ built \\d`),
  );
  await verdictOn(one, '13.1');
  await verdictOn({ ...one, computeCapability: '9.1' }, '13.0');
  t.is(engine.checks.length, 3, 'another driver, another card');
});

test.serial('what is remembered is not found out again', async (t) => {
  const file = cache();
  const one = card();
  engine.made = BROKEN;
  await check(one, '13.0', false);
  const [key = ''] = Object.keys(JSON.parse(await readFile(file, 'utf8')));
  const wrong = [{ kernel: 'sm_90a something', portable: false, error: 0.25, tolerance: 0.004 }];
  t.deepEqual(JSON.parse(await readFile(file, 'utf8')), { [key]: { wrong } });
  t.deepEqual(await verdictOn(one, '13.0'), { wrong });
  t.is(engine.checks.length, 1);
});

test.serial('numbers that JSON has no words for', async (t) => {
  const file = cache();
  for (const error of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const one = card();
    engine.made = [made('sm_90a something', false, error)];
    await check(one, '13.0', false);
    const { wrong } = await verdictOn(one, '13.0'); // from the file
    t.is(wrong.length, 1);
    t.false(Number.isFinite(wrong[0]!.error));
    t.regex(heed({ wrong }, one, 'fast').warning!, /is wrong by NaN where 4\.0e-3 is allowed/);
  }
  t.is(Object.keys(JSON.parse(await readFile(file, 'utf8'))).length, 2);
});

test.serial('a thorough check asks again, and what it finds is remembered instead', async (t) => {
  const file = cache();
  const one = card();
  engine.made = BROKEN;
  await check(one, '13.0', true);
  engine.made = SOUND;
  t.deepEqual(await check(one, '13.0', true), SOUND);
  t.deepEqual(engine.checks, [
    [3, true],
    [3, true],
  ]);
  t.deepEqual(Object.values(JSON.parse(await readFile(file, 'utf8'))), [{ wrong: [] }]);
});

test.serial('the cards of late are remembered, not all that ever were', async (t) => {
  const file = cache();
  for (let i = 0; i < 40; i++) await check(card(), '13.0', false);
  const names = Object.keys(JSON.parse(await readFile(file, 'utf8')));
  t.is(names.length, 32);
  t.true(names.at(-1)!.startsWith(`Card ${count - 1};`));
});

const odd: [string, (key: string) => string | Buffer][] = [
  ['nothing', () => ''],
  ['text', () => 'sound'],
  ['bytes', () => Buffer.from([0xff, 0xfe, 0, 1])],
  ['null', () => 'null'],
  ['a list', () => '[]'],
  ['verdicts of another kind', (key) => JSON.stringify({ [key]: true })],
  ['a verdict without its comparisons', (key) => JSON.stringify({ [key]: {} })],
  ['a verdict with something else', (key) => JSON.stringify({ [key]: { wrong: [], sound: true } })],
  ['a comparison of letters', (key) => JSON.stringify({ [key]: { wrong: ['sm_90a'] } })],
  ['lines that would be shown', (key) => JSON.stringify({ [key]: { wrong: [], lost: 'a\u001b[31mb\n' } })],
  ['another entry that is wrong', (key) => JSON.stringify({ [key]: { wrong: [] }, other: 5 })],
  ['far too much', (key) => JSON.stringify({ [key]: { wrong: [] } }) + ' '.repeat(1 << 20)],
];
for (const [title, content] of odd) {
  test.serial(`a file of ${title}: checked, and written anew`, async (t) => {
    const file = cache();
    const one = card();
    await check(one, '13.0', false);
    const good = await readFile(file, 'utf8');
    await writeFile(file, content(Object.keys(JSON.parse(good))[0]!));
    t.deepEqual(await verdictOn(one, '13.0'), { wrong: [] });
    t.is(engine.checks.length, 2);
    t.is(await readFile(file, 'utf8'), good);
  });
}

test.serial('a cache that cannot be read or written: checked once a process', async (t) => {
  const blocked = join(folder, 'a-file');
  await writeFile(blocked, '');
  const occupied = join(folder, 'occupied');
  await mkdir(join(occupied, 'self-check.json'), { recursive: true });
  for (const root of [blocked, join(blocked, 'below'), occupied]) {
    process.env.SCUMBLE_CACHE = root;
    engine.checks = [];
    const one = card();
    for (let i = 0; i < 3; i++) t.deepEqual(await verdictOn(one, '13.0'), { wrong: [] });
    t.is(engine.checks.length, 1, root);
  }
});

test.serial('too little memory says nothing about a card, and is not remembered', async (t) => {
  cache();
  const one = card();
  engine.failure = Object.assign(new Error('too little memory'), { code: 'DEVICE_MEMORY' });
  t.deepEqual(await verdictOn(one, '13.0'), { wrong: [] });
  engine.failure = undefined;
  engine.made = BROKEN;
  t.is((await verdictOn(one, '13.0')).wrong.length, 1);
});

test.serial('a device that is lost counts against the fast kernels', async (t) => {
  cache();
  const one = card();
  engine.failure = Object.assign(new Error('a trap'), { code: 'DEVICE_LOST' });
  await t.throwsAsync(verdictOn(one, '13.0'), { message: 'a trap' });
  const verdict = await verdictOn(one, '13.0');
  t.deepEqual(verdict, { wrong: [], lost: 'a trap' });
  t.is(engine.checks.length, 1);
  const { precision, warning } = heed(verdict, one, 'fast');
  t.is(precision, 'fast');
  t.regex(
    warning!,
    /^cuda:3 \(Card \d+\): its fast kernels failed when they were checked: a trap; going on with the portable/,
  );
  t.deepEqual(engine.chosen, [[3, 'portable']]);
});

test.serial('what a run makes of a verdict', (t) => {
  const one = card();
  t.deepEqual(heed({ wrong: [] }, one, 'fast'), { precision: 'fast' });
  t.deepEqual(engine.chosen, []);
  const portable = [made('TF32 something', true, 0.5)];
  for (const wrong of [portable, [...BROKEN.slice(1), ...portable]]) {
    const { precision, warning } = heed({ wrong }, one, 'balanced');
    t.is(precision, 'exact');
    t.regex(
      warning!,
      /its TF32 something is wrong by 5\.0e-1 where 4\.0e-3 is allowed.*; going on in float32\./,
    );
    t.is(warning!.includes('(and 1 more)'), wrong.length === 2);
  }
});

// From here on, the engine itself.

const settings = { weights: wide, iterations: 2 };
const portable: Machine = { before: "engine.useKernels(0, 'portable');" };
const REPORT = /Please report this to .* with the output of "scumble doctor"/;

onStandIn('a sound card is checked in the first process alone', async (t) => {
  const on = { cache: join(folder, 'sound') };
  const first = await run(t, on, settings);
  t.is(first.device, 'cuda:0');
  t.deepEqual(first.warnings, []);
  // Had it been checked again, this would have been seen: the picture is another.
  const second = await run(t, { ...on, broken: true }, settings);
  t.deepEqual(second.warnings, []);
  t.notDeepEqual(second.picture, first.picture);
});

onStandIn('a card whose fast kernels are wrong: the portable ones, and a warning each time', async (t) => {
  const on = { cache: join(folder, 'broken') };
  const expected = await run(t, { ...portable, cache: join(folder, 'portable') }, settings);
  // In the second process the card would pass: what it has done is not forgotten.
  for (const broken of [true, false]) {
    const { device, precision, picture, warnings, error } = await run(t, { ...on, broken }, settings);
    t.is(error, undefined);
    t.is(device, 'cuda:0');
    t.is(precision, 'fast');
    t.deepEqual(picture, expected.picture);
    t.is(warnings.length, 1);
    t.regex(
      warnings[0]!,
      /^cuda:0 \(.+\): its sm_90a convolution .* is wrong by \d\.\de[+-]\d where 3\.9e-3 is allowed \(and \d+ more\); going on with the portable kernels\. /,
    );
    t.regex(warnings[0]!, REPORT);
  }
  const exact = await run(t, { ...on, broken: true }, { ...settings, precision: 'exact' });
  t.deepEqual(exact.warnings, [], 'float32 has no other kernels');
});

onStandIn('a card whose portable kernels are wrong: float32', async (t) => {
  const before = `
    const { selfCheck } = engine;
    engine.selfCheck = async (...given) =>
      (await selfCheck(...given)).map((one) => one.portable ? { ...one, error: 1, good: false } : one);`;
  const { precision, picture, warnings } = await run(t, { before, cache: join(folder, 'worse') }, settings);
  t.is(precision, 'exact');
  t.is(warnings.length, 1);
  t.regex(warnings[0]!, /its bf16 .* is wrong by 1\.0e\+0 .*; going on in float32\. /);
  const exact = await run(t, {}, { ...settings, precision: 'exact' });
  t.deepEqual(picture, exact.picture);
});

onStandIn(
  'a card that is lost in the check: as any other, and portable kernels in the next process',
  async (t) => {
    const failure: Machine['failure'] = [40, LAUNCH_FAILURE, 1];
    const named = await run(t, { failure, cache: join(folder, 'named') }, { ...settings, device: 'cuda' });
    t.like(named.error, { name: 'DeviceError', code: 'ERR_DEVICE', device: 'cuda:0' });
    const on = { cache: join(folder, 'lost') };
    const auto = await run(t, { ...on, failure }, settings);
    t.is(auto.device, 'cpu');
    t.is(auto.warnings.length, 1);
    t.regex(auto.warnings[0]!, /^device cuda:0 cannot be used: .*LaunchFailure.*; going on on the CPU$/);
    const next = await run(t, on, settings);
    t.is(next.device, 'cuda:0');
    t.is(next.warnings.length, 1);
    t.regex(
      next.warnings[0]!,
      /its fast kernels failed when they were checked: .*; going on with the portable kernels\. /,
    );
    t.regex(next.warnings[0]!, REPORT);
    const expected = await run(t, { ...portable, cache: join(folder, 'portable too') }, settings);
    t.deepEqual(next.picture, expected.picture);
  },
);
