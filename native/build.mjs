// Builds the addon in place: by CMake (cmake-js) where there is one, else by node-gyp, which needs only python3,
// make and a C++ compiler. `npm install` runs it with --if-missing; `npx scumble build` and `npm run build:native`
// run it always. The environment's SCUMBLE_CUDA says which GPUs CMake builds for: auto, all, off, or a list (80;90).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const binary = join(root, 'build', 'Release', 'scumble.node');

const has = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
const packageFolder = (name) => dirname(require.resolve(`${name}/package.json`));

function run(script, args) {
  const { status, error } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  return status ?? 1;
}

// Headers that came with this Node need not be downloaded.
function headers() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

/** @param {'cmake' | 'gyp'} [tool] */
export function build(tool = has('cmake') ? 'cmake' : 'gyp') {
  if (tool === 'cmake') {
    console.error('scumble: building the addon with CMake');
    const cuda = `--CDSCUMBLE_CUDA=${process.env.SCUMBLE_CUDA ?? 'auto'}`;
    const jobs = `--parallel=${availableParallelism()}`;
    return run(join(packageFolder('cmake-js'), 'bin', 'cmake-js'), [
      'build',
      cuda,
      jobs,
      '--directory',
      root,
    ]);
  }
  console.error(
    'scumble: building the addon with node-gyp (CPU only; with CMake installed it would be CMake)',
  );
  return run(join(packageFolder('node-gyp'), 'bin', 'node-gyp.js'), [
    'rebuild',
    '--jobs=max',
    '--directory',
    root,
    ...headers(),
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const flags = process.argv.slice(2);
  if (flags.includes('--if-missing') && existsSync(binary)) process.exit(0);
  process.exit(build(flags.includes('--gyp') ? 'gyp' : undefined));
}
