// What is said of a value that is wrong: from an issue of zod's to an OptionError.

import type * as z from 'zod';
import { OptionError } from '../errors.js';

/** Of the first of the issues that zod found in what `taker` was given. */
export function refusal([first]: z.core.$ZodIssue[], given: unknown, taker = 'stylize()'): OptionError {
  const issue = innermost(first!);
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const value = (given as Record<string, unknown>)[key];
    return new OptionError(key, value, `${key} is not an option of ${taker}`);
  }
  if (issue.path.length === 0)
    return new OptionError('options', given, `${taker} takes an object of options`);
  const [option, ...inner] = issue.path.map(String);
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], given);
  const name = option + inner.map((key) => `[${key}]`).join('');
  if (value === undefined) return new OptionError(option!, value, `${name} is missing`);
  return new OptionError(option!, value, `${name} must be ${issue.message}, not ${show(value)}`);
}

/** Of a union's alternatives, the one that got into the value, say as far as an element of a list. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.flat().find(({ path }) => path.length > 0);
  return inner ? { ...inner, path: [...issue.path, ...inner.path] } : issue;
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}…` : value);
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
    return `an object of type ${value.constructor?.name ?? 'null'}`;
  }
  return String(value);
}
