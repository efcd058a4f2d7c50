// `scumble doctor`: what it prints, what it ends with, and that one part's failure hides no other.

import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { devices } from '../dist/index.js';
import { MAIN } from './support/cli.js';
import { folder, node, root } from './support/runs.js';
import { LAUNCH_FAILURE, onStandIn, run, scumbleOn } from './support/stand-in.js';

const embedded = join(root, 'weights', 'vgg19-slim.safetensors');
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

const doctor = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  node([MAIN, 'doctor', ...args], { env: { SCUMBLE_CACHE: join(folder, 'cache'), ...env } });

// The long check takes minutes there.
const before = `
  const { selfCheck } = engine;
  engine.selfCheck = (device, thorough) => {
    if (!thorough) throw new Error('a short check');
    return selfCheck(device, false);
  };`;

test('this machine', async (t) => {
  const { code, stdout, stderr } = await doctor([], { SCUMBLE_ANYTHING: '1', CUDA_VISIBLE_DEVICES: '0,1' });
  t.is(stderr, '');
  t.regex(
    stdout,
    /^scumble \d+\.\d+\.\d+, Node v\d+.*\nsystem: .+\nprocessor: .+, \d+ threads?\nmemory: .+ available\nengine: .+\.node, \w+\n/,
  );
  t.regex(
    stdout,
    /\nnetwork: vgg19-slim, ok, sha256 [0-9a-f]{64}\ncache: .+, no networks\nimages: sharp \d.*, libvips \d.*\n/,
  );
  t.regex(stdout, /\nSCUMBLE_ANYTHING=1\n/);
  t.regex(stdout, /\nCUDA_VISIBLE_DEVICES=0,1\n/);
  t.is(code === 0, stdout.endsWith('\nnothing is wrong\n'));
  const { cuda, problem } = await devices();
  if (cuda !== undefined || !problem?.includes('no NVIDIA driver')) return;
  t.is(code, 0);
});

test('--json: the same for programs', async (t) => {
  const { code, stdout } = await doctor(['--json']);
  const report = JSON.parse(stdout);
  t.deepEqual(Object.keys(report), [
    'versions',
    'system',
    'engine',
    'devices',
    'checks',
    'network',
    'cache',
    'images',
    'environment',
    'problems',
  ]);
  t.is(report.versions.node, process.version);
  t.true(report.system.memory >= report.system.availableMemory && report.system.availableMemory > 0);
  t.is(report.network.sha256, sha256(await readFile(embedded)));
  t.is(report.cache.folder, join(folder, 'cache', 'weights'));
  t.is(code === 0, report.problems.length === 0);
});

test('without an engine: said once, and the rest is there', async (t) => {
  const { code, stdout } = await doctor([], { SCUMBLE_ADDON: join(folder, 'none.node') });
  t.is(code, 1);
  t.regex(stdout, /\nengine: scumble has no native engine for .*\nType .*\nnetwork: vgg19-slim, ok/);
  t.regex(
    stdout,
    /\nwrong:\n {2}scumble has no native engine .*\nType .*\nIf this looks like Scumble's fault, report it to .*\n$/,
  );
  const json = await doctor(['--json'], { SCUMBLE_ADDON: join(folder, 'none.node') });
  t.is(json.code, 1);
  const report = JSON.parse(json.stdout);
  t.is(report.problems.length, 1);
  t.is(report.engine, undefined);
  t.is(report.network.name, 'vgg19-slim');
});

test('the cache: what is in it, and what of that is damaged', async (t) => {
  const cache = join(folder, 'networks');
  await mkdir(join(cache, 'weights'), { recursive: true });
  for (const name of ['good', 'bad', 'unknown']) {
    const file = join(cache, 'weights', `${name}.safetensors`);
    await cp(embedded, file);
    const hash = sha256(await readFile(file));
    if (name !== 'unknown') await writeFile(`${file}.sha256`, `${hash}  ${name}.safetensors\n`);
    if (name === 'bad') await writeFile(file, 'no network');
  }
  const { code, stdout } = await doctor([], { SCUMBLE_CACHE: cache });
  t.is(code, 1);
  t.regex(stdout, /\n {2}bad, 0\.0 MB, DAMAGED\n {2}good, 2\.\d MB, ok\n {2}unknown, 2\.\d MB, DAMAGED\n/);
  t.regex(stdout, /\nwrong:\n {2}the network bad in the cache is damaged.*\n {2}the network unknown /);
  await writeFile(join(folder, 'no-folder'), '');
  const none = await doctor([], { SCUMBLE_CACHE: join(folder, 'no-folder') });
  t.is(none.code, 1);
  t.regex(none.stdout, /\ncache: ENOTDIR.*\nimages: /);
});

onStandIn('a sound card, and what doctor finds is remembered', async (t) => {
  const on = { before, cache: join(folder, 'sound') };
  const { code, stdout } = await scumbleOn(on, ['doctor']);
  t.is(code, 0, stdout);
  t.regex(
    stdout,
    /\ndevices:\n {2}\* cuda:0 {2}Stand-in 0, .*compute capability 9\.0.*\n {4}cpu .*\n {2}the driver supports CUDA 13\.0, this build has CUDA /,
  );
  t.regex(
    stdout,
    /\ncheck of cuda:0, \d+ ms:\n( {2}ok {5}\S+ .*: error \d\.\de[+-]\d, tolerance \d\.\de-\d\n)+network: /,
  );
  t.regex(stdout, / {2}ok {5}sm_90a convolution .*\n/);
  t.true(stdout.endsWith('\nnothing is wrong\n'));
  const { device, warnings } = await run(t, { before, cache: on.cache }, {}); // which would refuse a short check
  t.is(device, 'cuda:0');
  t.deepEqual(warnings, []);
});

onStandIn('a card whose fast kernels are wrong: doctor believes no memory, and corrects it', async (t) => {
  const on = { before, cache: join(folder, 'broken') };
  t.is((await scumbleOn(on, ['doctor'])).code, 0);
  const { code, stdout } = await scumbleOn({ ...on, broken: true }, ['doctor']);
  t.is(code, 1);
  t.regex(stdout, /\n {2}WRONG {2}sm_90a convolution .*: error \d\.\de[+-]\d, tolerance 3\.9e-3\n/);
  t.regex(stdout, /\n {2}ok {5}bf16 convolution /);
  t.regex(
    stdout,
    /\nwrong:\n {2}cuda:0: \d+ of \d+ comparisons are wrong\nIf this looks like Scumble's fault, report it to /,
  );
  const { warnings } = await run(t, on, {});
  t.regex(warnings.join(), /its sm_90a .*; going on with the portable kernels/);
  const json = await scumbleOn({ ...on, broken: true }, ['doctor', '--json']);
  t.is(json.code, 1);
  const { checks, problems } = JSON.parse(json.stdout);
  t.is(checks[0].device, 'cuda:0');
  for (const { portable, good, error, tolerance } of checks[0].comparisons) {
    t.is(good, portable);
    t.is(error <= tolerance, good);
  }
  t.is(problems.length, 1);
});

onStandIn('a card that is lost when checked, beside another', async (t) => {
  const on = {
    devices: 2,
    before,
    cache: join(folder, 'lost'),
    failure: [60, LAUNCH_FAILURE, 1] as [number, number, 1],
  };
  const { code, stdout } = await scumbleOn(on, ['doctor']);
  t.is(code, 1);
  t.regex(
    stdout,
    /\ncheck of cuda:0: FAILED: .*LaunchFailure.*\ncheck of cuda:1: FAILED: .*\nnetwork: vgg19-slim, ok/,
  );
  t.regex(stdout, /\nwrong:\n {2}cuda:0: .*LaunchFailure.*\n/);
});

onStandIn('cards that have nothing to check, or cannot be used', async (t) => {
  const cache = join(folder, 'others');
  const turing = await scumbleOn({ major: 7, minor: 5, cache }, ['doctor']);
  t.is(turing.code, 0);
  t.regex(turing.stdout, /\ncheck of cuda:0: it has nothing faster than float32 to compare\n/);
  const old = await scumbleOn({ major: 6, minor: 1, cache }, ['doctor']);
  t.is(old.code, 1);
  t.regex(
    old.stdout,
    /\nwrong:\n {2}no GPU can be used: device Stand-in 0: compute capability 6\.1 is below 7\.5/,
  );
  t.notRegex(old.stdout, /check of/);
});
