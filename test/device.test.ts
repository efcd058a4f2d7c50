// Where a run computes, on an addon without CUDA and on one whose CUDA runtime is the stand-in of native/tests/cuda: the
// same binding and kernels on made-up machines.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { DeviceError, devices, stylize } from '../dist/index.js';
import { GOLDEN } from './support/golden.js';
import { classicFlags, folder, options, root } from './support/runs.js';
import {
  LAUNCH_FAILURE,
  type Machine,
  OUT_OF_MEMORY,
  onStandIn,
  type Report,
  run,
  scumbleOn,
} from './support/stand-in.js';

// So that the card need not be checked in every run, and no failing call falls into the check.
test.before('the card is checked', async (t) => {
  if (onStandIn !== test) return;
  const { warnings } = await run(t, {}, {});
  t.deepEqual(warnings, []);
});

function largestDifference(a: number[] = [], b: number[] = []): number {
  return a.length === b.length ? Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) : Number.NaN;
}

test('without CUDA: auto is the CPU, and a GPU that is asked for is an error that says why', async (t) => {
  const { auto, cpu, gpus, cuda, problem } = await devices();
  if (cuda !== undefined) return t.log('this build has CUDA') ?? t.pass();
  t.is(auto, 'cpu');
  t.deepEqual(gpus, []);
  t.true(cpu.threads >= 1);
  t.regex(problem ?? '', /this build of Scumble has no CUDA/);
  for (const device of ['cuda', 'cuda:1']) {
    const error = await t.throwsAsync(stylize(options({ device })), { instanceOf: DeviceError });
    t.is(error?.code, 'ERR_DEVICE');
    t.is(error?.device, device);
    t.regex(error?.message ?? '', /no CUDA/);
  }
  const seen = new Set<string>();
  for (const device of ['auto', 'cpu']) {
    await stylize(options({ device, onProgress: (progress) => seen.add(progress.device) }));
  }
  t.deepEqual([...seen], ['cpu']);
});

test('quiet runs, which go many iterations at a time, end in the same picture', async (t) => {
  const quiet = await stylize(options({ iterations: 7 }));
  const watched = await stylize(options({ iterations: 7, onProgress: () => {} }));
  t.deepEqual(quiet.data, watched.data);
});

onStandIn("auto takes the GPU, and its picture is the CPU's", async (t) => {
  const exact = { precision: 'exact', optimizer: 'adam', iterations: 4, scales: 2, minSize: 8 };
  const onGpu = await run(t, {}, exact);
  t.is(onGpu.error, undefined);
  t.is(onGpu.device, 'cuda:0');
  t.is(onGpu.precision, 'exact');
  t.deepEqual(new Set(onGpu.seen.map(([, , device]) => device)), new Set(['cuda:0']));
  t.is(onGpu.seen.length, 8);
  t.deepEqual(onGpu.warnings, []);
  const onCpu = await run(t, {}, { ...exact, device: 'cpu' });
  t.is(onCpu.device, 'cpu');
  t.true(largestDifference(onGpu.picture, onCpu.picture) < 0.01);
  const quiet = await run(t, {}, { ...exact, quiet: true });
  t.deepEqual(quiet.picture, onGpu.picture, 'the same bytes, many iterations at a time');
  const fast = await run(t, {}, { ...exact, precision: undefined });
  t.is(fast.precision, 'fast', 'the default on a GPU');
  const difference = largestDifference(fast.picture, onCpu.picture);
  t.true(difference > 0 && difference < 20, String(difference));
  const turing = await run(t, { major: 7, minor: 5 }, { ...exact, precision: 'fast' });
  t.deepEqual(turing.picture, onGpu.picture, 'which computes exactly where it has no matrix units');
});

onStandIn('a device by its number', async (t) => {
  const { device } = await run(t, { devices: 2 }, { device: 'cuda:1' });
  t.is(device, 'cuda:1');
  const { error } = await run(t, { devices: 2 }, { device: 'cuda:2' });
  t.like(error, { name: 'DeviceError', code: 'ERR_DEVICE', device: 'cuda:2' });
  t.regex(error!.message, /there is cuda:0, cuda:1/);
});

const DEEP = {
  contentLayers: ['relu4_2'],
  styleLayers: ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'],
};
onStandIn('the default network: its losses on a GPU', async (t) => {
  const settings = { weights: 'vgg19-slim', size: 32, iterations: 1, precision: 'exact', ...DEEP };
  const onGpu = await run(t, {}, settings);
  const onCpu = await run(t, {}, { ...settings, device: 'cpu' });
  t.is(onGpu.device, 'cuda:0');
  const [total = 0] = onGpu.totals;
  const [expected = 0] = onCpu.totals;
  t.true(Math.abs(total - expected) < 1e-5 * expected, `${total} instead of ${expected}`);
});

onStandIn('bfloat16: the golden pair after 100 iterations is as good as in float32', async (t) => {
  const content = join(GOLDEN, 'content-128x96.png');
  if (!existsSync(content)) return t.log('skipped: ../shared/golden is not here') ?? t.pass();
  const settings = {
    content,
    style: join(GOLDEN, 'style-128x101.png'),
    weights: 'vgg19-slim',
    size: 24,
    optimizer: 'adam',
    contentLayers: ['relu2_2'],
    styleLayers: ['relu1_1', 'relu2_1'],
  };
  const exact = await run(t, {}, { ...settings, iterations: 100, device: 'cpu' });
  const fast = await run(t, {}, { ...settings, iterations: 100, precision: 'fast', device: 'cuda' });
  t.is(fast.precision, 'fast');
  // Both pictures by the same measure.
  const lossOf = async ({ picture = [] }: Report) => {
    const init = { data: picture, width: 24, height: 18, channels: 3 };
    return (await run(t, {}, { ...settings, init, iterations: 1, device: 'cpu' })).totals[0]!;
  };
  const [found, expected] = [await lossOf(fast), await lossOf(exact)];
  t.log(`${found} and ${expected}: ${(100 * (found / expected - 1)).toFixed(2)} %`);
  t.true(expected < 0.1 * exact.totals[0]!, 'it came far');
  t.true(Math.abs(found / expected - 1) < 0.01);
});

const unusable: [string, Machine, RegExp, boolean][] = [
  ['no driver', { driver: 0 }, /no NVIDIA driver was found: install one/, false],
  ['an old driver', { driver: 11000 }, /supports CUDA 11\.0, this build needs .*: update the driver/, true],
  ['no GPU behind the driver', { devices: 0 }, /the driver sees no GPU/, true],
  ['an old card', { major: 6, minor: 1 }, /compute capability 6\.1 is below 7\.5/, true],
];
for (const [title, on, message, warns] of unusable) {
  onStandIn(`${title}: an error by name, the CPU on auto`, async (t) => {
    const named = await run(t, on, { device: 'cuda' });
    t.like(named.error, { name: 'DeviceError', code: 'ERR_DEVICE' });
    t.regex(named.error!.message, message);
    const auto = await run(t, on, {});
    t.is(auto.device, 'cpu');
    t.is(auto.warnings.length, warns ? 1 : 0);
    if (warns) t.regex(auto.warnings[0]!, new RegExp(`${message.source}.*going on on the CPU`));
  });
}

onStandIn('too little memory for the plan: an error with the numbers, the CPU on auto', async (t) => {
  const memory = 100_000;
  const named = await run(t, { memory }, { device: 'cuda' });
  t.like(named.error, { name: 'MemoryError', code: 'ERR_MEMORY', available: memory });
  t.true(named.error!.required! > memory);
  t.regex(named.error!.message, /MB of cuda:0's memory and 1 MB are free/);
  const auto = await run(t, { memory }, {});
  t.is(auto.device, 'cpu');
  t.is(auto.precision, 'exact');
  t.regex(auto.warnings.join(), /cuda:0's memory .*going on on the CPU/);
});

onStandIn(
  'a GPU that fails in the middle: an error by name; on auto the CPU does that scale again',
  async (t) => {
    const settings = { iterations: 3, scales: 2, minSize: 8 };
    const onCpu = await run(t, {}, { ...settings, device: 'cpu' });
    const failures = { lost: 0, memory: 0, 'at the second scale': 0 };
    for (const [error, lost] of [
      [LAUNCH_FAILURE, 1],
      [OUT_OF_MEMORY, 0],
    ] as const) {
      for (const after of [5, 40, 160, 230]) {
        const failure = [after, error, lost] as [number, number, 0 | 1];
        const named = await run(t, { failure }, { ...settings, device: 'cuda' });
        if (!named.error) continue;
        t.true(['ERR_DEVICE', 'ERR_MEMORY'].includes(named.error.code), JSON.stringify(named.error));
        const auto = await run(t, { failure }, settings);
        t.is(auto.device, 'cpu', `${after} ${error}`);
        t.is(auto.warnings.length, 1);
        t.regex(auto.warnings[0]!, /cuda:0.*going on on the CPU/);
        const first = auto.seen.find(([, , device]) => device === 'cpu')!;
        t.is(first[1], 1, 'a scale begins again');
        if (first[0] === 2) failures['at the second scale']++;
        else t.deepEqual(auto.picture, onCpu.picture);
        failures[lost ? 'lost' : 'memory']++;
      }
    }
    t.log(failures);
    t.true(failures.lost > 0 && failures.memory > 0 && failures['at the second scale'] > 0);
  },
);

onStandIn('scumble devices', async (t) => {
  const two = await scumbleOn({ devices: 2 }, ['devices']);
  t.is(two.code, 0, two.stderr);
  t.regex(
    two.stdout,
    /^\* cuda:0 {2}.*8\.6 GB, compute capability 9\.0, 8\.6 GB free\n {2}cuda:1 .*\n {2}cpu {5}\S+, \d+ thread/,
  );
  t.regex(two.stdout, /the driver supports CUDA 13\.0, this build has CUDA \d+\.\d+\n/);
  const none = await scumbleOn({ driver: 0 }, ['devices']);
  t.regex(none.stdout, /^\* cpu .*\nno GPU can be used: no NVIDIA driver was found: install one/);
  const json = JSON.parse((await scumbleOn({ major: 7, minor: 0 }, ['devices', '--json'])).stdout);
  t.is(json.auto, 'cpu');
  t.is(json.gpus[0].computeCapability, '7.0');
  t.regex(json.gpus[0].problem, /below 7\.5/);
});

onStandIn('the command says where it computed, and that it went on on the CPU', async (t) => {
  const { weights } = options();
  const args = [join(root, 'examples/river.png'), join(root, 'examples/poster.png'), '--size', '16'];
  const flags = ['--iterations', '2', '--weights', String(weights), '--content-layers', 'relu2_2'];
  const rest = [...classicFlags, '--style-layers', 'relu1_1', '-o', join(folder, 'device.png')];
  const onGpu = await scumbleOn({}, [...args, ...flags, ...rest]);
  t.is(onGpu.code, 0, onGpu.stderr);
  t.regex(onGpu.stderr, /device\.png: .* on cuda:0\n/);
  const fallen = await scumbleOn({ memory: 100_000 }, [...args, ...flags, ...rest]);
  t.is(fallen.code, 0, fallen.stderr);
  t.regex(fallen.stderr, /scumble: .*cuda:0's memory .*; going on on the CPU\n/);
  t.regex(fallen.stderr, /device\.png: .* on cpu\n/);
  const named = await scumbleOn({}, [...args, ...flags, ...rest, '--device', 'cuda:3']);
  t.is(named.code, 1);
  t.regex(named.stderr, /scumble: device cuda:3 cannot be used: there is cuda:0/);
});
