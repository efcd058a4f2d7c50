// `scumble weights path`: for scripts.

import type { Command } from 'commander';

export function addPathCommand(weights: Command): void {
  weights
    .command('path')
    .description("print the cache's folder, or the file of a network that is here")
    .argument('[name]', 'a network')
    .action(async (name?: string) => {
      const { cacheFolder } = await import('../../../weights/cache.js');
      const { catalogNamed } = await import('../../../weights/catalog.js');
      const { existingFile } = await import('../../../weights/find.js');
      const path = name === undefined ? cacheFolder() : await existingFile(catalogNamed(name));
      process.stdout.write(`${path}\n`);
    });
}
