// `scumble presets`: what presets there are, and what they say.

import type { Command } from 'commander';

export function addPresetsCommand(program: Command): void {
  const presets = program
    .command('presets')
    .description('the presets that there are')
    .option('--json', 'as JSON, whole')
    .action(async ({ json }: { json?: boolean }) => {
      const { presetNames, presetOf } = await import('../../options/presets.js');
      const all = presetNames().map(presetOf);
      if (json) return print(all);
      const width = Math.max(...all.map(({ name }) => name.length));
      for (const { name, about } of all) process.stdout.write(`${name.padEnd(width)}  ${about}\n`);
    });
  presets
    .command('show')
    .argument('<name>', 'a preset, or a JSON file of one')
    .description('all that a preset says, as JSON')
    .action(async (name: string) => {
      const { presetOf } = await import('../../options/presets.js');
      print(presetOf(name));
    });
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
