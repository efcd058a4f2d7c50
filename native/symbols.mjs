// No code compiled for one instruction set may be linked for another: all that a kernel's object defines for others
// must be in a namespace of its own. An inline function of a shared header is not, and of the copies in all objects
// the linker keeps any one. The optimiser hides most of them, so the kernels are compiled once more without it, by
// the commands that CMake wrote for one instruction set.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

// The object that a command makes of a kernel for an instruction set that not every processor has.
const KERNEL = / -o (\S*\bkernels_(?!portable|wide)(\w+)\.dir\S+)/;

// Global and weak symbols that `object` defines outside the namespace of `isa`.
function strays(object, isa, nm) {
  const { stdout, status, error } = spawnSync(nm, ['--defined-only', object], { encoding: 'utf8' });
  if (error || status !== 0) throw error ?? new Error(`${nm} cannot read ${object}`);
  // A function, a variable of one, a table: the outermost name counts, not what it is instantiated with.
  const own = new RegExp(`^_?_Z(GV|T[VIST])?Z?N[VKr]*7scumble3cpu${isa.length}${isa}`);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/).slice(-2))
    .filter(([kind, name]) => name && /[A-Zuvw]/.test(kind) && !own.test(name))
    .map(([, name]) => name);
}

/**
 * Prints as the C++ tests do, and tells whether the kernels that `folder` is configured to build keep to themselves.
 * A build of portable kernels alone has nothing to check.
 */
export function kernelsAreSeparate(folder, nm) {
  const units = JSON.parse(readFileSync(join(folder, 'compile_commands.json'), 'utf8'));
  const kernels = units.flatMap((unit) => {
    const [, output, isa] = KERNEL.exec(unit.command) ?? [];
    return isa ? [{ ...unit, output, isa }] : [];
  });
  if (kernels.length === 0) return true;
  const one = kernels.filter(({ isa }) => isa === kernels[0].isa);
  const temporary = mkdtempSync(join(tmpdir(), 'scumble-symbols-'));
  let found = 0;
  try {
    for (const { command, directory, file, output, isa } of one) {
      const object = join(temporary, `${basename(file)}.o`);
      const compile = `${command.replace(` -o ${output}`, ` -o '${object}'`)} -O0`;
      const { status } = spawnSync(compile, { cwd: directory, shell: true, stdio: 'inherit' });
      if (status !== 0) throw new Error(`cannot compile ${file}`);
      for (const name of strays(object, isa, nm)) {
        console.log(`${file}: ${name} is compiled for ${isa} but outside its namespace`);
        found += 1;
      }
    }
  } finally {
    rmSync(temporary, { recursive: true });
  }
  console.log(found === 0 ? '0: 1 passed, 0 failed' : '0: 0 passed, 1 failed');
  return found === 0;
}
