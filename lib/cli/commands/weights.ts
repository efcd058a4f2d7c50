// `scumble weights …`: the networks, one command a file.

import type { Command } from 'commander';
import { addImportCommand } from './weights/import.js';
import { addListCommand } from './weights/list.js';
import { addPathCommand } from './weights/path.js';
import { addPullCommand } from './weights/pull.js';
import { addVerifyCommand } from './weights/verify.js';

export function addWeightsCommand(program: Command): void {
  const weights = program
    .command('weights')
    .description('list, download, convert and check networks')
    .addHelpText(
      'after',
      `
SCUMBLE_CACHE names the folder of what was downloaded or made; HTTP_PROXY,
HTTPS_PROXY and NO_PROXY are honoured.`,
    );
  addListCommand(weights);
  addPullCommand(weights);
  addImportCommand(weights);
  addVerifyCommand(weights);
  addPathCommand(weights);
}
