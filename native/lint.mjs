// Formats and lints the C++: clang-format on every file, then clang-tidy on the engine, its kernels (once, not per
// instruction set) and its benchmarks. `--fix` only formats. clang-tidy needs CMake's compile commands, and is
// fetched when first used, because it is large: by pip, or an older and slower one by npm where pip has none.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// It does not look for faults in the standard library's headers, which takes an older one most of its time.
const CLANG_TIDY = '22.1.8';
const OLDER = 'clang-tidy@19.1.1';
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

/** The command of clang-tidy, which is fetched if it is not there. */
function clangTidy() {
  const packages = join(folder, `clang-tidy-${CLANG_TIDY}`);
  const program = join(packages, 'clang_tidy', 'data', 'bin', 'clang-tidy');
  const install = ['-m', 'pip', 'install', '--quiet', '--target', packages, `clang-tidy==${CLANG_TIDY}`];
  const found = existsSync(program) || spawnSync('python3', install, { stdio: 'inherit' }).status === 0;
  return found ? [program] : ['npm', 'exec', '--yes', `--package=${OLDER}`, '--', 'clang-tidy'];
}

/** Looks at the files one by one, as many at a time as there are cores; resolves to whether nothing was found. */
async function tidy([program, ...words], units) {
  // clang-tidy brings no headers of the compiler's own.
  const { stdout } = spawnSync('g++', ['-print-file-name=include'], { encoding: 'utf8' });
  const args = ['-p', folder, '--quiet', `--extra-arg=-isystem${stdout.trim()}`];
  const left = [...units];
  let clean = true;
  async function work() {
    for (let unit = left.pop(); unit; unit = left.pop()) {
      const child = spawn(program, [...words, ...args, unit], {
        cwd: root,
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
      if (status !== 0) clean = false;
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return clean;
}

const format = ['exec', 'clang-format', '--'];
if (process.argv.includes('--fix')) {
  run('npm', [...format, '-i', ...files]);
} else {
  run('npm', [...format, '--dry-run', '--Werror', ...files]);
  run('cmake', ['-S', root, '-B', folder, '-DSCUMBLE_PORTABLE=ON', '-DSCUMBLE_BENCH=ON']);
  const units = files.filter((file) => /\/(core|cpu|bench)\/.*\.cpp$/.test(file.slice(root.length)));
  process.exit((await tidy(clangTidy(), units)) ? 0 : 1);
}
