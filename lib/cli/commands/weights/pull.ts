// `scumble weights pull`: downloads ahead of use. The paths of the files go to stdout.

import type { Command } from 'commander';

export function addPullCommand(weights: Command): void {
  weights
    .command('pull')
    .description('download networks, and print where they are')
    .argument('<name...>', 'names that scumble weights list shows')
    .option('--classifier', 'keep the classifier too, for scumble recognize')
    .action(async (names: string[], { classifier = false }: { classifier?: boolean }) => {
      const { watchSignals } = await import('../../interruption.js');
      const { pullShown } = await import('../../pull-progress.js');
      const { catalogNamed } = await import('../../../weights/catalog.js');
      const { say } = await import('../../talk.js');
      const stop = new AbortController();
      watchSignals((exitCode) => {
        process.exitCode = exitCode;
        stop.abort();
      });
      const entries = names.map((name) => catalogNamed(name));
      try {
        for (const entry of entries) {
          process.stdout.write(`${await pullShown(entry, stop.signal, classifier)}\n`);
        }
      } catch (error) {
        if (!stop.signal.aborted) throw error;
        say('stopped: what has come is kept, and the next pull goes on from there');
      }
    });
}
