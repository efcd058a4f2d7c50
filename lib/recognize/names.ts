// What the classes are called: ImageNet's thousand, in the order that Caffe, Keras and torchvision all have.

import { readFileSync } from 'node:fs';
import { embeddedFile } from '../weights/catalog.js';

let names: string[] | undefined;

/** The name of a class of a network with so many; of other classes than ImageNet's only the number is known. */
export function classNames(count: number): (index: number) => string {
  names ??= JSON.parse(readFileSync(embeddedFile('imagenet-classes.json'), 'utf8')) as string[];
  const known = count === names.length ? names : [];
  return (index) => known[index] ?? `class ${index}`;
}
