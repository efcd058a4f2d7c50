// Builds and runs the C++ tests: `node native/test.mjs [--sanitize address,undefined] [test name …]`. They need CMake;
// where there is none they are skipped, with a message. What the kernels' objects define is checked too (symbols.mjs).
// Tests of the CUDA backend run on a stand-in for the CUDA runtime; `--cuda` runs them on this machine's GPU, then under
// compute-sanitizer where there is one. `--cross aarch64` runs the others as that processor would, by a cross compiler
// and QEMU (Debian: g++-aarch64-linux-gnu, qemu-user).
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { kernelsAreSeparate } from './symbols.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sanitize: { type: 'string', default: '' },
    cuda: { type: 'boolean', default: false },
    cross: { type: 'string', default: '' },
  },
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
const kind = values.cuda ? 'cuda' : values.cross || values.sanitize.replaceAll(',', '-') || 'tests';
const folder = join(root, `build-${kind}`);
const configure = ['-S', root, '-B', folder, '-DSCUMBLE_TESTS=ON', `-DSCUMBLE_SANITIZE=${values.sanitize}`];
if (values.cross) {
  const triple = `${values.cross}-linux-gnu`;
  configure.push('-DCMAKE_SYSTEM_NAME=Linux', `-DCMAKE_SYSTEM_PROCESSOR=${values.cross}`);
  configure.push(`-DCMAKE_CXX_COMPILER=${triple}-g++`);
  configure.push(`-DCMAKE_CROSSCOMPILING_EMULATOR=qemu-${values.cross};-L;/usr/${triple}`);
}
const cuda = values.cuda ? (process.env.SCUMBLE_CUDA ?? 'native') : 'off';
const type = values.sanitize ? 'RelWithDebInfo' : 'Release';
run('cmake', [...configure, `-DSCUMBLE_CUDA=${cuda}`, `-DCMAKE_BUILD_TYPE=${type}`]);
const targets = positionals.length > 0 ? ['--target', ...positionals.map((name) => `test_${name}`)] : [];
run('cmake', ['--build', folder, '--parallel', String(availableParallelism()), ...targets]);
const named =
  positionals.length > 0 ? ['-R', `^(${positionals.join('|')})$`] : values.cuda ? ['-R', '^gpu_'] : [];
const parallel = ['--parallel', String(values.cuda ? 1 : availableParallelism())];
run('ctest', ['--test-dir', folder, '--verbose', ...parallel, ...named], {
  UBSAN_OPTIONS: 'print_stacktrace=1',
});
// Sanitizers have symbols of their own, and the GPU's tests no kernels.
if (!values.cuda && !values.sanitize && positionals.length === 0) {
  const nm = values.cross ? `${values.cross}-linux-gnu-nm` : 'nm';
  if (!kernelsAreSeparate(folder, nm)) process.exit(1);
}
if (values.cuda && spawnSync('compute-sanitizer', ['--version'], { stdio: 'ignore' }).status === 0) {
  const tests = readdirSync(folder).filter((name) => name.startsWith('test_gpu_'));
  for (const tool of ['memcheck', 'racecheck', 'synccheck', 'initcheck']) {
    for (const test of tests) {
      console.error(`scumble: compute-sanitizer ${tool} ${test}`);
      run('compute-sanitizer', ['--tool', tool, '--error-exitcode', '1', join(folder, test)]);
    }
  }
}
