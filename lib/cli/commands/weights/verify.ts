// `scumble weights verify`: whether the networks that are here are what they were when they came.

import type { Command } from 'commander';
import { FAILED } from '../../exit-codes.js';

export function addVerifyCommand(weights: Command): void {
  weights
    .command('verify')
    .description('hash what was downloaded or made again, and say what is damaged')
    .argument('[name...]', 'networks (default: all that are here)')
    .action(async (names: string[]) => {
      const { cachedFile, exists, isIntact } = await import('../../../weights/cache.js');
      const { catalog, catalogNamed } = await import('../../../weights/catalog.js');
      const entries = names.length > 0 ? names.map(catalogNamed) : [...catalog().values()];
      for (const { name, source } of entries) {
        if (source.kind === 'embedded') continue; // npm checks what it installs
        const file = cachedFile(name);
        const here = await exists(file);
        if (!here && names.length === 0) continue;
        const state = here ? ((await isIntact(file)) ? 'ok' : 'damaged') : 'missing';
        const advice = state === 'ok' ? '' : ` (scumble weights pull ${name} gets it anew)`;
        process.stdout.write(`${name}: ${state}${advice}\n`);
        if (state !== 'ok') process.exitCode = FAILED;
      }
    });
}
