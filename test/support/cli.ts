// Running the command as its users do: as a process.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import sharp from 'sharp';
import { seeded, tinyNetworkFile } from './safetensors.js';

export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A folder with a content image, two styles and weights; removed after the test. */
export async function studio(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'scumble-cli-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  for (const [seed, name] of ['content.png', 'style.png', 'other.png'].entries()) {
    const uniform = seeded(seed + 1);
    const pixels = Uint8Array.from({ length: 80 * 60 * 3 }, () => 256 * uniform());
    await sharp(pixels, { raw: { width: 80, height: 60, channels: 3 } })
      .blur(2)
      .png()
      .toFile(join(folder, name));
  }
  return folder;
}

export async function weightsIn(folder: string): Promise<string> {
  return tinyNetworkFile(folder);
}

/** Starts `node main.js args` in `folder`. */
export function start(
  folder: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, args, { cwd: folder, env: { ...process.env, NODE_OPTIONS: '', ...env } });
}

/** Everything that a process says, and how it ends. */
export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text) => {
      said[name] += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, ...said };
}

/** `scumble args`, to its end. */
export async function scumble(folder: string, args: string[], env?: NodeJS.ProcessEnv): Promise<Ended> {
  return ended(start(folder, [MAIN, ...args], env));
}
