// The values of flags. Only their form is checked here; ranges are the API's business.

import { InvalidArgumentError } from 'commander';
import { type ByScale, GAP } from '../options/by-scale.js';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A decimal number and nothing else. */
export function parseNumber(text: string): number {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** `1,0.5` */
export function parseNumbers(text: string): number[] {
  return text.split(',').map((part) => {
    try {
      return parseNumber(part.trim());
    } catch {
      throw new InvalidArgumentError(`It must be numbers with commas between; "${part}" is not one.`);
    }
  });
}

/** `1,0.5,...,0` */
export function parseByScale(text: string): ByScale {
  if (!text.includes(',')) return parseNumber(text);
  return text.split(',').map((part) => (part.trim() === GAP ? GAP : parseNumbers(part)[0]!));
}

/** `picture,relu1_1` */
export function parseNames(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

/** `relu1_1,relu2_1:0.5`: a layer without a weight weighs 1. */
export function parseLayers(text: string): Record<string, number> {
  const layers = new Map<string, number>();
  for (const part of text.split(',')) {
    const match = /^([^:]+)(?::(.+))?$/.exec(part.trim());
    const name = match?.[1];
    const weight = match?.[2] ?? '1';
    if (name === undefined || !NUMBER.test(weight)) {
      throw new InvalidArgumentError(
        `It must be layers with commas between, each NAME or NAME:WEIGHT; "${part}" is not.`,
      );
    }
    if (layers.has(name)) throw new InvalidArgumentError(`It names ${name} twice.`);
    layers.set(name, Number(weight));
  }
  return Object.fromEntries(layers);
}

/** How many iterations lie between two pictures: the one number that the API does not know. */
export function parseEvery(text: string): number {
  const value = parseNumber(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('It must be a whole number above 0.');
  }
  return value;
}

/** `50` or `60s`: a number, or what the API takes as text. */
export function parseInterval(text: string): number | string {
  return NUMBER.test(text) ? Number(text) : text;
}

export function parseOutput(text: string): string {
  if (text === '-') throw new InvalidArgumentError('The picture is not written to stdout: give a file.');
  return text;
}
