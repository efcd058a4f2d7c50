// Formats and lints the C++: clang-format on every file, then clang-tidy on the engine, its kernels (once, not per
// instruction set) and its benchmarks. `--fix` only formats. clang-tidy needs CMake's compile commands, and is
// fetched by npm when first used, because it is large.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLANG_TIDY = 'clang-tidy@19.1.1';
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'build-lint');

const files = readdirSync(join(root, 'native'), { recursive: true })
  .filter((file) => /\.(cpp|h|cu)$/.test(file))
  .map((file) => join(root, 'native', file));

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

const format = ['exec', 'clang-format', '--'];
if (process.argv.includes('--fix')) {
  run('npm', [...format, '-i', ...files]);
} else {
  run('npm', [...format, '--dry-run', '--Werror', ...files]);
  const configure = ['-DSCUMBLE_PORTABLE=ON', '-DSCUMBLE_BENCH=ON'];
  run('cmake', ['-S', root, '-B', folder, ...configure]);
  // clang-tidy brings no headers of the compiler's own.
  const { stdout } = spawnSync('g++', ['-print-file-name=include'], { encoding: 'utf8' });
  const tidy = ['exec', '--yes', `--package=${CLANG_TIDY}`, '--', 'clang-tidy', '-p', folder, '--quiet'];
  const units = files.filter((file) => /\/(core|cpu|bench)\/.*\.cpp$/.test(file.slice(root.length)));
  const workers = Array.from({ length: availableParallelism() }, async (_, worker) => {
    const share = units.filter((_, i) => i % availableParallelism() === worker);
    const child = spawn('npm', [...tidy, `--extra-arg=-isystem${stdout.trim()}`, ...share], {
      cwd: root,
      stdio: 'inherit',
    });
    return new Promise((resolve) => child.on('close', resolve));
  });
  process.exit((await Promise.all(workers)).some((status) => status !== 0) ? 1 : 0);
}
