// Sheets: pictures as they are, in their places, with labels that need no fonts of the machine.

import test from 'ava';
import { OptionError } from '../dist/index.js';
import { textPath, textWidth } from '../dist/sheet/letters.js';
import { drawSheet, type Samples, sheetSize } from '../dist/sheet/sheet.js';

function plain(width: number, height: number, [r, g, b]: [number, number, number]): Samples {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => [r, g, b][i % 3]!);
  return { data, width, height, channels: 3 };
}

/** The rectangle that holds all pixels of a kind, and how many they are. */
function where({ data, width }: Samples, is: (r: number, g: number, b: number) => boolean) {
  const found = { left: Infinity, top: Infinity, right: -1, bottom: -1, count: 0 };
  for (let i = 0; i < data.length / 3; i++) {
    if (!is(data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!)) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    found.left = Math.min(found.left, x);
    found.right = Math.max(found.right, x);
    found.top = Math.min(found.top, y);
    found.bottom = Math.max(found.bottom, y);
    found.count++;
  }
  return found;
}

const isRed = (r: number, g: number, b: number) => r === 255 && g === 0 && b === 0;
const isInk = (r: number, g: number, b: number) => r === g && g === b && r < 128;

test('pictures stand as they are, larger ones are fitted in', async (t) => {
  const sheet = {
    title: 'A & B',
    columns: ['one', 'two\nlines'],
    rows: [
      { label: 'a <row>', cells: [{}, { picture: plain(40, 20, [255, 0, 0]), lines: ['below'] }] },
      { label: 'b', cells: [{ picture: plain(160, 80, [0, 0, 255]) }] },
    ],
  };
  const drawn = await drawSheet(sheet, { width: 64, height: 48 });
  t.deepEqual(sheetSize(sheet, { width: 64, height: 48 }), { width: drawn.width, height: drawn.height });
  const red = where(drawn, isRed);
  t.is(red.count, 40 * 20, 'every pixel of it, and none blurred');
  t.is(red.right - red.left + 1, 40);
  const blue = where(drawn, (r, g, b) => r === 0 && g === 0 && b === 255);
  t.is(blue.count, 64 * 32);
  t.true(blue.top > red.bottom && blue.right < red.left, 'a row below, a column before');
  t.is(blue.left + 64 + 10 + 12, red.left, 'in the middle of its place');
});

test('labels are drawn beside, above and below', async (t) => {
  const of = async (changes: { label?: string; column?: string; line?: string; title?: string }) => {
    const { label = '', column = '', line = '', title = '' } = changes;
    const rows = [{ label, cells: [{ picture: plain(80, 60, [255, 255, 255]), lines: [line] }] }];
    return where(await drawSheet({ title, columns: [column], rows }, { width: 80, height: 60 }), isInk);
  };
  t.is((await of({})).count, 0);
  const label = await of({ label: 'relu1_1' });
  t.true(label.count > 50 && label.left >= 10 && label.right < 10 + textWidth('relu1_1', 13, 'bold'));
  const column = await of({ column: '1e-4' });
  t.true(column.count > 20 && column.top > 34 && column.bottom < 60);
  const below = await of({ line: 'loss 1.2e5' });
  t.true(below.count > 50 && below.top > 60 + 50);
  const long = await of({ line: 'content-layers relu1_1,relu2_1,relu3_1,relu4_1,relu5_1' });
  t.true(long.left >= 20 - 1 && long.right <= 100 + 1, 'cut to the width of its picture');
  t.true((await of({ title: 'ä Ω × …' })).count > 50);
});

test('letters are outlines of one font everywhere', (t) => {
  t.is(textPath('', 0, 0, 12), '');
  t.regex(textPath('M', 3, 10, 12), /^M[\d.]+ [\d.]+L/);
  t.is(textWidth('mm', 12), 2 * textWidth('m', 12));
  t.true(textWidth('m', 12, 'bold') > textWidth('m', 12));
});

test('a sheet that nobody could look at is refused by its size', (t) => {
  const rows = Array.from({ length: 40 }, () => ({ label: '', cells: [{}, {}] }));
  const error = t.throws(() => sheetSize({ title: '', columns: [], rows }, { width: 512, height: 512 }), {
    instanceOf: OptionError,
  });
  t.is(error!.option, 'size');
  t.regex(error!.message, /^the sheet would be \d+ × \d+ pixels, .* make size smaller, or ask for fewer/);
});
