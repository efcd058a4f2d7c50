// What the tests of stylize() share: small images, tiny networks, and child processes for what may kill one.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ExecutionContext } from 'ava';
import { addon, type EngineSession } from '../../dist/engine/addon.js';
import type { Picture, Progress, RawImage, Stylization, StylizeOptions } from '../../dist/index.js';
import { seeded, type TinyNetwork, tinyNetworkFile } from './safetensors.js';

/** The repository's root. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The built package's entry, as workers and child processes import it. */
export const entry = pathToFileURL(join(root, 'dist', 'index.js')).href;

/** A folder for this test file. */
export const folder = mkdtempSync(join(tmpdir(), 'scumble-run-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Two blocks of few channels: relu1_1 to pool2. */
export const small = await network({ blocks: [2, 2], widths: [4, 6] });

export function network(options: TinyNetwork): Promise<string> {
  return tinyNetworkFile(folder, options);
}

type FloatImage = RawImage & { data: Float32Array };

/** A coloured wave with some noise on it, in fractions of 0..255. */
export function wave(width: number, height: number, seed = 1): FloatImage {
  const random = seeded(seed);
  const [fx = 0, fy = 0] = [0.2 + random(), 0.2 + random()];
  const data = Float32Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const phase = fx * (pixel % width) + fy * Math.floor(pixel / width) + (i % 3);
    return 127 + 90 * Math.sin(phase) + 30 * random();
  });
  return { data, width, height, channels: 3 };
}

/** One colour everywhere. */
export function plain(width: number, height: number, colour: [number, number, number]): FloatImage {
  const data = Float32Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]!);
  return { data, width, height, channels: 3 };
}

/** The objective of 2015, as painted: what most tests are about has nothing to do with which it is. */
export const classic = {
  contentWeight: 5,
  styleWeight: 100,
  tvWeight: 0.001,
  relaxedEmdWeight: 0,
  momentsWeight: 0,
  paletteWeight: 0,
  wassersteinWeight: 0,
  tvKind: 'absolute',
  styleMargin: 0,
  finish: 'none',
  vividness: 0,
} satisfies Partial<StylizeOptions>;

/** The same as flags of the command. */
export const classicFlags = Object.entries(classic).flatMap(([name, value]) => [
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  String(value),
]);

/** A run of milliseconds, at one scale and without resampling, unless `changes` says otherwise. */
export function options(changes: Partial<StylizeOptions> = {}): StylizeOptions {
  return {
    content: wave(24, 16, 1),
    style: wave(24, 20, 2),
    size: 24,
    scales: 1,
    iterations: 3,
    weights: small,
    ...classic,
    contentLayers: ['relu2_2'],
    styleLayers: ['relu1_1', 'relu2_1'],
    threads: 2,
    ...changes,
  };
}

/** All progress of a run, by iterating over it. */
export async function collect(run: Stylization): Promise<Progress[]> {
  const all: Progress[] = [];
  for await (const progress of run) all.push(progress);
  return all;
}

/** A fingerprint of the exact bits of a picture's floats. */
export function bits({ data }: Pick<Picture, 'data'>): string {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return createHash('sha256').update(bytes).digest('base64');
}

/** ‖a - b‖ / ‖b‖. */
export function relative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}

/** A session of which some methods are others. */
export function instead(real: EngineSession, methods: Partial<EngineSession>): EngineSession {
  return {
    step: (count, watch) => real.step(count, watch),
    proceed: () => real.proceed(),
    image: () => real.image(),
    save: () => real.save(),
    restore: (state) => real.restore(state),
    gradient: () => real.gradient(),
    cancel: () => real.cancel(),
    dispose: () => real.dispose(),
    ...methods,
  };
}

/** Watches the engine's sessions until the test ends; only for serial tests. */
export function watchSessions(
  t: ExecutionContext,
  on: { creation?: () => void; resample?: () => void } = {},
): { alive: number; made: number; cancelled: number } {
  const count = { alive: 0, made: 0, cancelled: 0 };
  const engine = addon();
  const { Session, resample } = engine;
  t.teardown(() => Object.assign(engine, { Session, resample }));
  const create: typeof Session.create = (...given) => {
    const { session, cancel } = Session.create(...given);
    const watched = session.then(
      (real) => {
        count.made++;
        count.alive++;
        let disposed = false;
        return instead(real, {
          dispose: async () => {
            await real.dispose();
            if (!disposed) count.alive--;
            disposed = true;
          },
        });
      },
      (error) => {
        if (error.code === 'CANCELLED') count.cancelled++;
        throw error;
      },
    );
    on.creation?.();
    return { session: watched, cancel };
  };
  engine.Session = { create, estimate: Session.estimate };
  engine.resample = (...given) => {
    on.resample?.();
    return resample(...given);
  };
  return count;
}

/** Collects garbage twice, so that what finalizers let go is gone too. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let i = 0; i < 2; i++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs `code` as a module in a new process, in the repository's root unless `cwd` says otherwise. In front of it stand
 * `stylize`, the options of a run as `base`, and `wave`. `memory` limits its address space, in kB.
 */
export function child(
  code: string,
  settings: { flags?: string[]; env?: NodeJS.ProcessEnv; memory?: number } = {},
): Promise<Ended> {
  const { content, style, ...base } = options();
  const prelude = `
    import { stylize } from ${JSON.stringify(entry)};
    const wave = (width, height, seed = 1) => ({
      data: Float32Array.from({ length: width * height * 3 }, (_, i) => (i * 37 * seed) % 256),
      width, height, channels: 3,
    });
    const base = { ...${JSON.stringify(base)}, content: wave(24, 16), style: wave(24, 20, 3) };
  `;
  return node([...(settings.flags ?? []), '--input-type=module', '--eval', prelude + code], settings);
}

/** Runs Node, with so much address space if `memory` says (in kB, and where there is a shell for that). */
export function node(
  args: string[],
  settings: { env?: NodeJS.ProcessEnv; cwd?: string; memory?: number } = {},
): Promise<Ended> {
  const { memory } = settings;
  const shell = ['-c', `ulimit -v ${memory}; exec "$0" "$@"`, process.execPath, ...args];
  return new Promise((resolve) => {
    const running = execFile(
      memory === undefined ? process.execPath : 'bash',
      memory === undefined ? args : shell,
      { cwd: settings.cwd ?? root, env: { ...process.env, ...settings.env }, maxBuffer: 1 << 24 },
      (_, stdout, stderr) => {
        resolve({ code: running.exitCode, signal: running.signalCode, stdout, stderr });
      },
    );
  });
}
