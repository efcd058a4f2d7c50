// From an error to what the user reads and the exit code.

import { inspect } from 'node:util';
import { type Command, CommanderError } from 'commander';
import { OptionError } from '../errors.js';
import { FAILED, MISUSED } from './exit-codes.js';
import { flagged } from './flag-names.js';
import { say } from './talk.js';

/** Says what went wrong in `command`, in a line or two (with its stack if SCUMBLE_DEBUG is set). @returns the exit code */
export function fail(error: unknown, command: Command): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSED; // commander has said it
  say(`scumble: ${flagged(error, command.options)}`);
  if (process.env.SCUMBLE_DEBUG) say(inspect(error));
  return error instanceof OptionError ? MISUSED : FAILED;
}
