// A run that is saved on its way goes on from any of its checkpoints to the same bytes; what is no checkpoint of it is refused
// before any work; and a file that cannot be written ends no run.

import { copyFile, mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  CheckpointError,
  Engine,
  OptionError,
  OutputError,
  Run,
  type RunOptions,
  resume,
  type StylizeOptions,
  stylize,
} from '../dist/index.js';
import { encodeCheckpoint, readCheckpoint } from '../dist/run/checkpoint-file.js';
import { bits, child, folder as common, network, options, wave } from './support/runs.js';

const engine = await Engine.open({ device: 'cpu' });
test.after.always(() => engine.close());

/** Three scales, of four iterations each. */
const pyramid = { content: wave(30, 20), scales: 3, minSize: 8, iterations: 4, checkpointEvery: 1 };
/** What is in memory must be given again. */
const inMemory = { content: pyramid.content, style: wave(24, 20, 2) };

const studio = () => mkdtemp(join(common, 'checkpoint-'));

/** A run and a copy of its checkpoint after every iteration. */
async function saved(t: ExecutionContext, changes: Partial<RunOptions>) {
  const folder = await studio();
  const checkpoint = join(folder, 'run.ckpt');
  const run = await Run.start(engine, options({ ...changes, checkpoint }));
  t.teardown(() => run.dispose());
  const copies: string[] = [];
  for await (const { scaleIndex, iteration } of run) {
    await run.saveCheckpoint(); // which waits until it is written
    const copy = join(folder, `${scaleIndex}-${iteration}.ckpt`);
    await copyFile(checkpoint, copy);
    copies.push(copy);
  }
  return { folder, checkpoint, copies, end: bits(await run.finish()) };
}

const KINDS: Record<string, Partial<StylizeOptions>> = {
  adam: { optimizer: 'adam', carry: 'moments' },
  'adam with averaging': { optimizer: 'adam', averaging: 0.9 },
  lbfgs: { optimizer: 'lbfgs', history: 3 },
  'lbfgs with averaging, from noise': { optimizer: 'lbfgs', history: 3, averaging: 0.5, init: 'noise' },
  'rmsprop on coefficients': {
    optimizer: 'rmsprop',
    variable: 'laplacian',
    variableLevels: 2,
    carry: 'moments',
  },
};
for (const [title, kind] of Object.entries(KINDS)) {
  test(`${title}: from every checkpoint the run ends in the same bytes`, async (t) => {
    const { copies, end } = await saved(t, { ...pyramid, ...kind });
    t.is(copies.length, 12);
    t.is(end, bits(await stylize(options({ ...pyramid, ...kind }))), 'saving changes nothing');
    for (const copy of copies) {
      const run = await Run.resume(engine, copy, inMemory);
      t.is(bits(await run.finish()), end, copy);
      await run.dispose();
    }
  });
}

test('a quality: from every checkpoint the scales end where they would have', async (t) => {
  const { iterations, ...scales } = pyramid;
  const { copies, end } = await saved(t, { ...scales, ...QUALITY, scales: 2 });
  t.true(copies.length > 20);
  for (const copy of copies.filter((_, i) => i % 12 === 3)) t.is(bits(await resume(copy, inMemory)), end);
});
const QUALITY = { iterations: undefined, quality: 'draft' } as unknown as Partial<RunOptions>;

test('files by their paths, from another folder; the picture says the same of itself', async (t) => {
  const folder = await studio();
  const picture = await stylize(options());
  for (const name of ['content', 'style']) await picture.save(join(folder, `${name}.png`));
  const given = {
    ...options({ size: 20, init: 'noise', seed: 7, iterations: 6 }),
    content: 'content.png',
    style: 'style.png',
  };
  const { code, stderr } = await child(
    `
    process.chdir(${JSON.stringify(folder)});
    const given = ${JSON.stringify(given)};
    await (await stylize(given)).save('whole.png');
    for await (const { iteration } of stylize({ ...given, checkpoint: 'run.ckpt', checkpointEvery: 2 })) {
      if (iteration === 3) break;
    }`,
  );
  t.is(code, 0, stderr);
  t.deepEqual((await readdir(folder)).sort(), ['content.png', 'run.ckpt', 'style.png', 'whole.png']);
  const run = resume(join(folder, 'run.ckpt'));
  const seen: number[] = [];
  for await (const { iteration } of run) seen.push(iteration);
  t.deepEqual(seen, [3, 4, 5, 6], 'from the second on');
  await (await run).save(join(folder, 'resumed.png'));
  t.deepEqual(await readFile(join(folder, 'resumed.png')), await readFile(join(folder, 'whole.png')));
  t.true((await readdir(folder)).includes('run.previous.ckpt'), 'it is saved on its way too');
});

test('more iterations, of a run that has ended and of one that has not', async (t) => {
  const one = { ...pyramid, scales: 1, optimizer: 'adam' as const };
  const { copies } = await saved(t, one);
  const longer = bits(await stylize(options({ ...one, iterations: 9 })));
  for (const copy of [copies[1]!, copies[3]!]) {
    t.is(bits(await resume(copy, { ...inMemory, iterations: 9 })), longer);
  }
  const error = await t.throwsAsync(resume(copies[2]!, { ...inMemory, iterations: 2 }), {
    instanceOf: OptionError,
  });
  t.regex(error!.message, /^iterations is 2 where the run stands, which has done 3 there: give 3 or more$/);
});

test('how often: by iterations, by seconds, and at the end of every scale', async (t) => {
  const count = async (checkpointEvery: number | string) => {
    const folder = await studio();
    const checkpoint = join(folder, 'run.ckpt');
    const places = new Set<string>();
    for await (const _ of stylize(
      options({ ...pyramid, scales: 2, iterations: 5, checkpoint, checkpointEvery }),
    )) {
      const standing = await readCheckpoint(checkpoint).then(
        ({ standing }) => standing,
        () => undefined,
      );
      if (standing) places.add(`${standing.scaleIndex}-${standing.iteration}`);
    }
    const { standing } = await readCheckpoint(checkpoint);
    return [...places, `${standing.scaleIndex}-${standing.iteration}`];
  };
  const often = await count(2);
  t.true(
    often.every((place) => ['1-2', '1-4', '1-5', '2-2', '2-4', '2-5'].includes(place)),
    often.join(),
  );
  t.is(often.at(-1), '2-5');
  t.true((await count('1000s')).every((place) => ['1-5', '2-5'].includes(place)));
  t.true((await count('0.001s')).length > 2);
});

test('what may not change, and what is not the same, is refused before any work', async (t) => {
  const other = await network({ blocks: [2, 2], widths: [5, 6] });
  const { copies } = await saved(t, { ...pyramid, init: wave(30, 20, 9) });
  const init = wave(30, 20, 9);
  const going = (changes: object) => resume(copies[5]!, { ...inMemory, init, ...changes });
  const options: [object, string, RegExp][] = [
    [{ seed: 3 }, 'seed', /^seed cannot change when a run goes on: it began with 0; leave it out, or begin anew$/],
    [{ size: 30 }, 'size', /^size cannot change .* began with 24/],
    [{ optimizer: 'adam' }, 'optimizer', /^optimizer cannot change .* "lbfgs"/],
    [{ quality: 'best' }, 'quality', /^quality cannot change .* began with none/],
    [{ styleLayers: ['relu1_1'] }, 'styleLayers', /^styleLayers cannot change/],
    [{ nonsense: 1 }, 'nonsense', /^nonsense cannot change/],
    [{ init: 'noise' }, 'init', /^init cannot change .* began with an image in memory/],
    [{ content: undefined }, 'content', /^content was in memory when the run began: give it again$/],
    [{ style: undefined }, 'style', /^style was in memory when the run began: give it again$/],
    [{ threads: 0 }, 'threads', /^threads must be/],
  ]; // biome-ignore format: a table
  for (const [changes, option, message] of options) {
    const error = await t.throwsAsync(going(changes), { instanceOf: OptionError, message });
    t.like(error, { code: 'ERR_OPTION', option });
  }
  const others: [object, RegExp][] = [
    [{ content: wave(30, 20, 4) }, /^content is not the image that the run of ".*" began with: put that back, or say/],
    [{ content: wave(20, 30, 1) }, /^content is not the image/],
    [{ style: wave(24, 20, 5) }, /^style is not the image/],
    [{ style: [inMemory.style, inMemory.style] }, /^style is not as many images/],
    [{ init: wave(30, 20, 3) }, /^init is not the start/],
    [{ weights: other }, /^weights ".*" is not the network/],
  ]; // biome-ignore format: a table
  for (const [changes, message] of others) {
    const error = await t.throwsAsync(going(changes), { instanceOf: CheckpointError, message });
    t.is(error?.code, 'ERR_CHECKPOINT');
  }
  t.is((await going({ seed: 0, styleLayers: ['relu1_1', 'relu2_1'], size: 24 })).width, 24);
});

test('a file that is none, is damaged or is of a later version is refused, and the one before it is named', async (t) => {
  const { folder, copies } = await saved(t, { ...pyramid, scales: 1 });
  const whole = await readFile(copies[2]!);
  const file = join(folder, 'bad.ckpt');
  const refused = async (bytes: Uint8Array | undefined, message: RegExp) => {
    await rm(file, { force: true });
    if (bytes) await writeFile(file, bytes);
    const error = await t.throwsAsync(resume(file, inMemory), { instanceOf: CheckpointError, message });
    t.like(error, { code: 'ERR_CHECKPOINT', path: file });
  };
  await refused(undefined, /^checkpoint ".*bad\.ckpt" does not exist$/);
  for (const length of [0, 7, 100, 3000, whole.length - 1])
    await refused(whole.subarray(0, length), /^checkpoint ".*bad\.ckpt" /);
  for (let i = 0; i < 40; i++) {
    const flipped = Buffer.from(whole);
    flipped[Math.floor((i / 40) * whole.length)]! ^= 1 << (i % 8);
    await refused(flipped, /./);
  }
  await refused(await readFile(options().weights!), /is no checkpoint$/);
  const later = Buffer.from(whole.toString('latin1').replace('"version":"1"', '"version":"2"'), 'latin1');
  await refused(
    later,
    /is of version 2, by Scumble .*: this Scumble \(.*\) reads version 1; go on with that one$/,
  );
  await copyFile(copies[1]!, join(folder, 'bad.previous.ckpt'));
  await refused(whole.subarray(0, 5000), /; the one before it is ".*bad\.previous\.ckpt"$/);
  await t.throwsAsync(resume(folder, inMemory), {
    instanceOf: CheckpointError,
    message: /is not a regular file/,
  });
  for (const path of ['', 5, undefined] as string[])
    await t.throwsAsync(resume(path), { instanceOf: OptionError });
});

test('a sound file with a state or options that are not its run’s', async (t) => {
  const { folder, copies } = await saved(t, pyramid);
  const { path, scumble, state, ...about } = await readCheckpoint(copies[5]!);
  const file = join(folder, 'odd.ckpt');
  const refused = async (
    changed: Partial<typeof about>,
    numbers: Record<string, number[]>,
    message: RegExp,
  ) => {
    const made = { vectors: state.vectors, numbers: { ...state.numbers, ...numbers } };
    await writeFile(file, await encodeCheckpoint({ ...about, ...changed }, made));
    await t.throwsAsync(resume(file, inMemory), { message });
  };
  await refused({}, { iteration: [1e9, 0] }, /iterations is 4 where the run stands/);
  await refused({}, { iteration: [] }, /the state is not one of a run with these options/);
  await refused({}, { stage: [17] }, /the state is not one of/);
  await refused({}, { 'lbfgs.sy': [1, 2, 3, 4, 5] }, /the state is not one of/);
  await refused({ options: { ...about.options, size: 1e9 } }, {}, /^checkpoint .*: size must be an integer/);
  await refused({ options: { ...about.options, odd: 1 } }, {}, /^checkpoint .*: odd is not an option/);
  await refused({ options: { ...about.options, checkpointEvery: 'no' } }, {}, /^checkpointEvery must be/);
  await refused(
    { fingerprints: { ...about.fingerprints, weights: 'no' } },
    {},
    /is not understood: fingerprints\.weights/,
  );
});

test('a checkpoint that is there already is not written over by a run that begins', async (t) => {
  const { folder, checkpoint } = await saved(t, { ...pyramid, scales: 1 });
  const before = await readFile(checkpoint);
  const begun = () => stylize(options({ checkpoint }));
  const message =
    /^checkpoint ".*run\.ckpt" is there already: go on from it by "scumble resume .*run\.ckpt", or delete it/;
  await t.throwsAsync(begun(), { instanceOf: CheckpointError, message });
  await rename(checkpoint, join(folder, 'run.previous.ckpt'));
  await t.throwsAsync(begun(), { message: /^checkpoint ".*run\.previous\.ckpt" is there already/ });
  t.deepEqual(await readFile(join(folder, 'run.previous.ckpt')), before);
  const nowhere = stylize(options({ checkpoint: join(folder, 'no', 'run.ckpt') }));
  await t.throwsAsync(nowhere, { instanceOf: OutputError, message: /its folder does not exist$/ });
});

test('a folder that goes away: one warning, and when it is back the run is saved again', async (t) => {
  const folder = join(await studio(), 'gone');
  await mkdir(folder);
  const checkpoint = join(folder, 'run.ckpt');
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  const run = await Run.start(engine, options({ ...pyramid, checkpoint, onWarning }));
  t.teardown(() => run.dispose());
  const step = async (n: number) => {
    for (let i = 0; i < n; i++) {
      await run.next();
      await run.saveCheckpoint();
    }
  };
  await step(2);
  const away = `${folder}-away`;
  await rename(folder, away);
  await step(3);
  t.is(warnings.length, 1);
  t.true(warnings[0] instanceof CheckpointError);
  t.regex(
    warnings[0]!.message,
    /^cannot write ".*run\.ckpt": its folder does not exist; the run goes on, and tries again$/,
  );
  t.is((await readCheckpoint(join(away, 'run.ckpt'))).standing.iteration, 2, 'what was saved is there');
  await rename(away, folder);
  await step(1);
  t.is((await readCheckpoint(checkpoint)).standing.iteration, 2);
  t.is((await readCheckpoint(checkpoint)).standing.scaleIndex, 2);
  await rename(folder, away);
  await step(1);
  t.is(warnings.length, 2);
  t.is(bits(await run.finish()), bits(await stylize(options(pyramid))));
});

test.serial(
  'a disk that is full: one warning, both files are what they were, and nothing is left behind',
  async (t) => {
    const folder = await studio();
    const checkpoint = join(folder, 'run.ckpt');
    const warnings: string[] = [];
    const onWarning = ({ message }: Error) => warnings.push(message);
    const run = await Run.start(engine, options({ ...pyramid, checkpoint, onWarning }));
    t.teardown(() => run.dispose());
    const step = async () => {
      await run.next();
      await run.saveCheckpoint();
    };
    for (let i = 0; i < 3; i++) await step();
    const names = await readdir(folder);
    t.deepEqual(names.sort(), ['run.ckpt', 'run.previous.ckpt']);
    const before = await Promise.all(names.map((name) => readFile(join(folder, name))));
    // Every other piece of a file finds no room.
    const handle = await open(checkpoint);
    const prototype = Object.getPrototypeOf(handle);
    await handle.close();
    const { writeFile: real } = prototype;
    let pieces = 0;
    t.teardown(() => Object.assign(prototype, { writeFile: real }));
    prototype.writeFile = function (...args: unknown[]) {
      const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      return pieces++ % 2 === 1 ? Promise.reject(full) : real.apply(this, args);
    };
    await step();
    await step();
    t.true(pieces >= 4);
    t.deepEqual(warnings, [
      `cannot write "${checkpoint.slice(-71).length < checkpoint.length ? `…${checkpoint.slice(-71)}` : checkpoint}": there is no space left; the run goes on, and tries again`,
    ]);
    t.deepEqual((await readdir(folder)).sort(), names);
    t.deepEqual(await Promise.all(names.map((name) => readFile(join(folder, name)))), before);
    prototype.writeFile = real;
    await step();
    t.is((await readCheckpoint(checkpoint)).standing.scaleIndex, 2);
  },
);

test('what onWarning throws ends the run', async (t) => {
  const folder = join(await studio(), 'gone');
  await mkdir(folder);
  const enough = new Error('enough');
  const onWarning = () => {
    throw enough;
  };
  const given = options({ ...pyramid, checkpoint: join(folder, 'run.ckpt'), onWarning });
  const run = await Run.start(engine, given);
  await rm(folder, { recursive: true });
  t.is(await t.throwsAsync(run.finish()), enough);
  t.is(await t.throwsAsync(run.dispose()), enough);
});

test('where it goes on on another kind of machine, that is noted', async (t) => {
  const { copies } = await saved(t, { ...pyramid, scales: 1 });
  const { stdout, stderr } = await child(
    `
    const { resume } = await import('./dist/index.js');
    const floats = ({ data, ...image }) => ({ ...image, data: Float32Array.from(data) });
    const given = ${JSON.stringify(Object.fromEntries(Object.entries(inMemory).map(([name, { data, ...image }]) => [name, { ...image, data: Array.from(data) }])))};
    const notes = [];
    const changes = { content: floats(given.content), style: floats(given.style), onWarning: (note) => notes.push(note) };
    const { width } = await resume(${JSON.stringify(copies[1])}, changes);
    console.log(JSON.stringify({ width, notes: notes.map(({ code, message }) => code + ' ' + message) }));`,
    { env: { SCUMBLE_ISA: 'portable' } },
  );
  const { width, notes } = JSON.parse(stdout || '{}');
  t.is(width, 24, stderr);
  t.is(notes.length, 1);
  t.regex(
    notes[0],
    /^ERR_CHECKPOINT the run of ".*" began on cpu, \w+, exact and goes on on cpu, portable, exact: the picture may differ in rounding$/,
  );
});
