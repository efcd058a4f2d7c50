#!/usr/bin/env node
// The command `scumble`. Nothing heavy is imported until a command needs it: --help and --version answer at once.

import { Command } from 'commander';
import { version } from '../package.js';
import { addBuildCommand } from './commands/build.js';
import { addDevicesCommand } from './commands/devices.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addEstimateCommand } from './commands/estimate.js';
import { addExploreCommand } from './commands/explore.js';
import { addInspectCommand } from './commands/inspect.js';
import { addNeuralStyleCommand } from './commands/neural-style.js';
import { addPlotCommand } from './commands/plot.js';
import { addPresetsCommand } from './commands/presets.js';
import { addRecognizeCommand } from './commands/recognize.js';
import { addResumeCommand } from './commands/resume.js';
import { addScoreCommand } from './commands/score.js';
import { addStylizeCommand } from './commands/stylize.js';
import { addWeightsCommand } from './commands/weights.js';
import { BROKEN_PIPE } from './exit-codes.js';
import { fail } from './failure.js';
import { withLongFlags } from './single-dash.js';

// Whoever read the data has gone, as in `| head -1`: there is nobody left to work for. Talk may be lost without harm, and
// what becomes of the work when a terminal has gone is for SIGHUP to say.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (!process.stdout.isTTY) process.exit(error.code === 'EPIPE' ? BROKEN_PIPE : 1);
});
process.stderr.on('error', () => {});

const program = new Command('scumble')
  .exitOverride()
  .enablePositionalOptions() // what follows a command's name is the command's own
  .configureHelp({
    optionDescription: ({ description }) => description, // which quotes the defaults itself
    subcommandTerm: (command) => command.name(), // whose own help says the rest
  })
  .configureOutput({
    getOutHelpWidth: () => Math.min(process.stdout.columns ?? 80, 100),
    outputError: (text, write) => write(text.replace('error:', 'scumble:').replace('\n(Did', ' (Did')),
  })
  .showHelpAfterError('(scumble --help lists the options)');
addStylizeCommand(program, version);
addResumeCommand(program);
addEstimateCommand(program);
addScoreCommand(program);
addExploreCommand(program);
addInspectCommand(program);
addPlotCommand(program);
addRecognizeCommand(program);
addWeightsCommand(program);
addPresetsCommand(program);
addNeuralStyleCommand(program);
addDevicesCommand(program);
addDoctorCommand(program);
addBuildCommand(program);

let running = program; // the command whose flags an error may speak of
program.hook('preAction', (_, command) => {
  running = command;
});
try {
  await program.parseAsync(withLongFlags(process.argv));
} catch (error) {
  process.exitCode = fail(error, running);
}
