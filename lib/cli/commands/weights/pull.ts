// `scumble weights pull`: downloads ahead of use. The paths of the files go to stdout.

import type { Command } from 'commander';

export function addPullCommand(weights: Command): void {
  weights
    .command('pull')
    .description('download networks, and print where they are')
    .argument('<name...>', 'names that scumble weights list shows')
    .option('--classifier', 'keep the classifier too, for scumble recognize')
    .action(async (names: string[], { classifier = false }: { classifier?: boolean }) => {
      const { abortable } = await import('../../interruption.js');
      const { pullShown } = await import('../../pull-progress.js');
      const { catalogNamed } = await import('../../../weights/catalog.js');
      const entries = names.map((name) => catalogNamed(name));
      await abortable(
        'stopped: what has come is kept, and the next pull goes on from there',
        async (signal) => {
          for (const entry of entries) {
            process.stdout.write(`${await pullShown(entry, signal, classifier)}\n`);
          }
        },
      );
    });
}
