// `scumble weights list`: what there is, and what of it is here.

import type { Command } from 'commander';

export function addListCommand(weights: Command): void {
  weights
    .command('list')
    .description('the networks that have a name, and which of them are here')
    .option('--json', 'as JSON, with licences, hashes and addresses')
    .action(async ({ json }: { json?: boolean }) => {
      const { catalog } = await import('../../../weights/catalog.js');
      const { fileOf, megabytes, sizeOf } = await import('../../../weights/find.js');
      const rows = [];
      for (const entry of catalog().values()) {
        const file = await fileOf(entry);
        rows.push({ ...entry, size: await sizeOf(entry), ...(file && { file }) });
      }
      if (json) {
        process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
        return;
      }
      const width = Math.max(...rows.map(({ name }) => name.length));
      for (const { name, size, file, source, about, use, licence } of rows) {
        const here = source.kind === 'embedded' ? 'in the package' : file ? 'here' : STATES[source.kind];
        const facts = [name.padEnd(width), megabytes(size).padStart(7), here, licence].join('  ');
        process.stdout.write(`${facts}\n    ${about}\n    for ${use}\n`);
      }
    });
}

const STATES = { download: 'to download', random: 'made when used' };
