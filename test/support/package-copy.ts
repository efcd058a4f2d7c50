// A copy of the built package whose catalogue is a test's: the command and the API then know networks that a mirror on
// this machine serves, and the embedded network is a tiny one.

import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ExecutionContext } from 'ava';
import type { DownloadSource } from '../../dist/weights/catalog.js';
import { type Ended, ended, start } from './cli.js';
import { root } from './runs.js';
import { tinyNetworkFile } from './safetensors.js';

export interface PackageCopy {
  /** `scumble args`, in `cwd`, with a cache of its own. */
  scumble(cwd: string, args: string[], env?: NodeJS.ProcessEnv): Promise<Ended>;
  /** Starts the same. */
  begin(cwd: string, args: string[], env?: NodeJS.ProcessEnv): ReturnType<typeof start>;
  /** What an `import` of the package would name. */
  entry: string;
  /** The folder of cached networks; it does not exist yet. */
  cache: string;
  env: NodeJS.ProcessEnv;
}

export async function packageCopy(
  t: ExecutionContext,
  networks: Record<string, DownloadSource>,
): Promise<PackageCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'scumble-package-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  for (const part of ['dist', 'package.json']) {
    await cp(join(root, part), join(folder, part), { recursive: true });
  }
  for (const part of ['node_modules', 'build']) await symlink(join(root, part), join(folder, part));
  const facts = { about: 'a network', use: 'tests', licence: 'MIT' };
  const catalog: Record<string, unknown> = {
    'vgg19-slim': { ...facts, source: { kind: 'embedded', file: 'slim.safetensors' } },
    made: { ...facts, source: { kind: 'random', architecture: 'vgg11', seed: 3, size: 36_897_000 } },
  };
  for (const [name, source] of Object.entries(networks)) catalog[name] = { ...facts, source };
  const weights = join(folder, 'weights');
  await mkdir(weights);
  await writeFile(join(weights, 'catalog.json'), JSON.stringify(catalog));
  await rename(await tinyNetworkFile(weights), join(weights, 'slim.safetensors'));

  const main = join(folder, 'dist', 'cli', 'main.js');
  const env = { SCUMBLE_CACHE: join(folder, 'cache'), SCUMBLE_WEIGHTS: '' };
  const begin: PackageCopy['begin'] = (cwd, args, more) => start(cwd, [main, ...args], { ...env, ...more });
  return {
    begin,
    scumble: (...given) => ended(begin(...given)),
    entry: pathToFileURL(join(folder, 'dist', 'index.js')).href,
    cache: join(env.SCUMBLE_CACHE, 'weights'),
    env,
  };
}
