// Runs on made-up machines: on the addon whose CUDA runtime is the stand-in of native/tests/cuda, which `npm run
// test:native` builds where there is CMake.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { MAIN } from './cli.js';
import { child, type Ended, entry, folder, node, root } from './runs.js';

const addon = join(root, 'build-tests', 'scumble_stand_in.node');

/** A test that needs the stand-in. */
export const onStandIn = existsSync(addon) ? test : test.skip;

export interface Machine {
  devices?: number;
  major?: number;
  minor?: number;
  memory?: number;
  driver?: number;
  /** The call to the runtime that fails, cudaError_t, and whether all later ones do. */
  failure?: [after: number, error: number, lost: 0 | 1];
  /** Whether its fast kernels compute something else. */
  broken?: boolean;
  /** SCUMBLE_CACHE, where the card's self-check is remembered; all of a test file's runs share one. */
  cache?: string;
  /** JavaScript to run first, with the `engine` at hand. */
  before?: string;
}

export const OUT_OF_MEMORY = 2;
export const LAUNCH_FAILURE = 719;

/** The environment that makes it up. */
function machine({
  devices = 1,
  major = 9,
  minor = 0,
  memory = 2 ** 33,
  driver = 13000,
  failure,
  broken,
  cache = join(folder, 'cache'),
}: Machine) {
  const sanitizer = execFileSync('c++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
  return {
    SCUMBLE_ADDON: addon,
    SCUMBLE_CACHE: cache,
    SCUMBLE_STAND_IN_MACHINE: [devices, major, minor, memory, driver].join(' '),
    ...(failure && { SCUMBLE_STAND_IN_FAILURE: failure.join(' ') }),
    ...(broken && { SCUMBLE_STAND_IN_BROKEN: '1' }),
    LD_PRELOAD: sanitizer,
    ASAN_OPTIONS: 'detect_leaks=0', // those of Node itself
  };
}

function flags({ before }: Machine): string[] {
  if (!before) return [];
  const loader = JSON.stringify(pathToFileURL(join(root, 'dist', 'engine', 'addon.js')).href);
  const code = `import { addon } from ${loader}; const engine = addon(); ${before}`;
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
}

export interface Report {
  picture?: number[];
  device?: string;
  precision?: string;
  totals: number[];
  seen: [scale: number, iteration: number, device: string][];
  warnings: string[];
  error?: {
    name: string;
    code: string;
    message: string;
    device?: string;
    required?: number;
    available?: number;
  };
}

/** A run on a made-up machine, as it tells of itself. */
export async function run(t: ExecutionContext, on: Machine, changes: object): Promise<Report> {
  const ended = await child(
    `
    const { readFile, rm } = await import('node:fs/promises');
    const report = { seen: [], totals: [], warnings: [] };
    const { quiet, ...changes } = ${JSON.stringify(changes)};
    try {
      if (changes.init) changes.init.data = Float32Array.from(changes.init.data);
      const picture = await stylize({
        ...base, content: wave(12, 10), style: wave(12, 10, 3), size: 12, ...changes,
        ...(quiet ? {} : { onProgress: ({ scaleIndex, iteration, device, total }) => {
          report.seen.push([scaleIndex, iteration, device]);
          report.totals.push(total);
        } }),
        onWarning: ({ message }) => { report.warnings.push(message); },
      });
      report.picture = Array.from(picture.data);
      const text = (await picture.encode('png')).toString('latin1');
      report.device = /"device":"([^"]*)"/.exec(text)?.[1];
      report.precision = /"precision":"([^"]*)"/.exec(text)?.[1];
    } catch (error) {
      const { name, code, message, device, required, available } = error;
      report.error = { name, code, message, device, required, available };
    }
    console.log(JSON.stringify(report));
    `,
    { flags: flags(on), env: machine(on) },
  );
  t.is(ended.code, 0, ended.stderr);
  return JSON.parse(ended.stdout) as Report;
}

/** What JavaScript prints as JSON on a made-up machine, with the API's Engine and Run at hand. */
export async function printed<T>(t: ExecutionContext, on: Machine, code: string): Promise<T> {
  const imports = `const { Engine, Run } = await import(${JSON.stringify(entry)});`;
  const ended = await child(imports + code, { flags: flags(on), env: machine(on) });
  t.is(ended.code, 0, ended.stderr);
  return JSON.parse(ended.stdout) as T;
}

/** `scumble args` on a made-up machine. */
export function scumbleOn(on: Machine, args: string[]): Promise<Ended> {
  return node([...flags(on), MAIN, ...args], { env: machine(on) });
}
