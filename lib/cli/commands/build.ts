// `scumble build`: builds the addon in place, for installations whose install script did not run.

import type { Command } from 'commander';

export function addBuildCommand(program: Command): void {
  program
    .command('build')
    .description('build the native engine in place')
    .action(async () => {
      const script = new URL('../../../native/build.mjs', import.meta.url);
      const { build } = (await import(script.href)) as { build: () => number };
      process.exitCode = build();
    });
}
