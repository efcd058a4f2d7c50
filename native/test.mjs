// Builds and runs the C++ tests: `node native/test.mjs [--sanitize address,undefined] [test name]`. They need CMake; where
// there is none they are skipped, with a message.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { sanitize: { type: 'string', default: '' } },
});

function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

if (spawnSync('cmake', ['--version'], { stdio: 'ignore' }).status !== 0) {
  console.error('scumble: no CMake here, so the C++ tests are skipped');
  process.exit(0);
}
const folder = join(root, values.sanitize ? `build-${values.sanitize.replaceAll(',', '-')}` : 'build-tests');
const configure = ['-S', root, '-B', folder, '-DSCUMBLE_TESTS=ON', `-DSCUMBLE_SANITIZE=${values.sanitize}`];
run('cmake', [...configure, `-DCMAKE_BUILD_TYPE=${values.sanitize ? 'RelWithDebInfo' : 'Release'}`]);
run('cmake', ['--build', folder, '--parallel', String(availableParallelism())]);
run('ctest', ['--test-dir', folder, '--verbose', ...positionals.flatMap((name) => ['-R', name])], {
  UBSAN_OPTIONS: 'print_stacktrace=1',
});
