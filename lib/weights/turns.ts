// The main thread may only work on weights for a few milliseconds at a time: a VGG has up to 140 million numbers, and
// others have the event loop's turns to wait for. What counts is the time since the last turn, not the length of one
// array, as a network has many, of any size.

import { setImmediate } from 'node:timers/promises';

/** Milliseconds of work between turns. */
const BUDGET = 4;

/** Elements between looks at the clock: much less than the budget, however slow an element is. */
const PIECE = 1 << 13;

let turned = performance.now();

/** Lets the event loop turn if it has waited for long. */
export async function turnIfDue(): Promise<void> {
  if (performance.now() - turned < BUDGET) return;
  await setImmediate();
  turned = performance.now();
}

/** Calls `visit(start, end)` over 0..length, letting the event loop turn in between. */
export async function inTurns(length: number, visit: (start: number, end: number) => void): Promise<void> {
  for (let start = 0; start < length; start += PIECE) {
    await turnIfDue();
    visit(start, Math.min(start + PIECE, length));
  }
}
