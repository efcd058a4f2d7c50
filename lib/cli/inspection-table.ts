// A network's layers as people read them.

import type { Inspection } from '../inspect/inspect.js';
import { formatSize } from './format.js';
import { table } from './table.js';

export function inspectionTable(found: Inspection): string[] {
  const { network, architecture, input, width, height, device, precision, layers } = found;
  const { channelOrder, range, mean, std, padding } = input;
  const scaled = std.some((one) => one !== 1) ? `, divided by ${std.join(' ')}` : '';
  const rows = layers.map((layer) => [
    layer.name,
    formatSize(layer.width, layer.height),
    String(layer.channels),
    layer.parameters > 0 ? count(layer.parameters) : '',
    layer.operations > 0 ? count(layer.operations) : '',
    String(layer.receptiveField),
    bytes(layer.bytes),
    milliseconds(layer.seconds),
    `${Math.round((100 * layer.seconds) / found.seconds)} %`,
  ]);
  const all = [
    'all',
    '',
    '',
    count(found.parameters),
    count(found.operations),
    '',
    bytes(found.bytes),
    milliseconds(found.seconds),
    '',
  ];
  return [
    `${network}: a ${architecture}, fed ${channelOrder} 0..${range} minus ${mean.join(' ')}${scaled}; padding: ${padding}`,
    `at ${formatSize(width, height)} on ${device}, ${precision}; each convolution with its ReLU (conv1_1: relu1_1)`,
    '',
    ...table([
      ['layer', 'positions', 'channels', 'parameters', 'operations', 'sees', 'memory', 'time', 'share'],
      ...rows,
      all,
    ]),
  ];
}

/** 1.7 k, 38 k, 2.4 M, 19 G */
function count(value: number): string {
  for (const [unit, of] of Object.entries({ G: 1e9, M: 1e6, k: 1e3 })) {
    if (value >= of) return `${round(value / of)} ${unit}`;
  }
  return String(value);
}

const bytes = (value: number) => (value < 1e6 ? `${round(value / 1e3)} kB` : `${round(value / 1e6)} MB`);
const milliseconds = (seconds: number) => `${round(seconds * 1e3)} ms`;
const round = (value: number) => (value < 9.95 ? value.toFixed(1) : String(Math.round(value)));
