// From raw times and losses to what is said about them.

/** The losses of two engines may differ by 0.1 %; gradients, which float32 disturbs more, by 1 % in their L2 norm. */
export const TOLERANCE = { loss: 1e-3, gradient: 1e-2 };

/**
 * @typedef {object} Result of one engine at one size: measured, or `skipped` or `failed` for a reason
 * @property {string} engine
 * @property {string} title
 * @property {number} size
 * @property {string} library what `version` is of
 * @property {string} [version]
 * @property {number} [threads]
 * @property {string} [notes]
 * @property {boolean} [forwardOnly]
 * @property {number[]} [seconds] every round
 * @property {number} [median]
 * @property {number} [minimum]
 * @property {number} [peakBytes]
 * @property {Record<string, number>} [losses]
 * @property {Record<string, number>} [lossDifference] of each term, relative to the first engine's
 * @property {number} [gradientDifference]
 * @property {number} [expected] seconds, that it was skipped for
 * @property {string} [skipped]
 * @property {string} [failed]
 */

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** |actual − expected| / |expected| for each term; a term that is missing or not a number is infinitely far off. */
export function lossDifference(expected, actual) {
  return Object.fromEntries(
    Object.entries(expected).map(([term, value]) => {
      const difference = Math.abs(actual[term] - value) / Math.abs(value);
      return [term, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference];
    }),
  );
}

/** What makes the run worthless: an engine that computed something else, or no Scumble to compare with. */
export function complaints(results) {
  const found = [];
  for (const result of results) {
    const { engine, title, size, failed, lossDifference: terms = {}, gradientDifference = 0 } = result;
    if (failed && engine === 'scumble') found.push(`${title} at ${size}: ${failed}`);
    for (const [term, difference] of Object.entries(terms)) {
      if (difference <= TOLERANCE.loss) continue;
      found.push(`${title} at ${size}: ${term} differs by ${percent(difference)}`);
    }
    if (gradientDifference > TOLERANCE.gradient) {
      found.push(`${title} at ${size}: the gradient differs by ${percent(gradientDifference)}`);
    }
  }
  return found;
}

/** As drawn and tabulated: an engine that only goes forward counts once as it is, and once twice over. */
export function rows(results) {
  return results.flatMap((result) => {
    if (!result.forwardOnly || result.median === undefined) return [result];
    const twice = { median: 2 * result.median, minimum: 2 * result.minimum };
    return [
      { ...result, half: true, title: `${result.title}, forward` },
      { ...result, ...twice, title: `${result.title}, forward × 2` },
    ];
  });
}

export function markdown(results) {
  const lines = [
    '| size | engine | threads | median | minimum | × Scumble | peak memory | losses differ by | gradient by |',
    '| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
  ];
  for (const row of rows(results)) {
    const { size, title, threads, median: middle, minimum, peakBytes, gradientDifference } = row;
    if (middle === undefined) {
      lines.push(`| ${size} | ${title} | | ${row.skipped ?? `failed: ${firstLine(row.failed)}`} | | | | | |`);
      continue;
    }
    const most = row.lossDifference && Math.max(...Object.values(row.lossDifference));
    const ratio = ratioToScumble(row, results);
    const cells = [
      size,
      title,
      threads,
      duration(middle),
      duration(minimum),
      ratio === undefined ? '' : ratio.toFixed(2),
      `${(peakBytes / 1e6).toFixed(0)} MB`,
      most === undefined ? '' : percent(most),
      gradientDifference === undefined ? '' : percent(gradientDifference),
    ];
    lines.push(`| ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

/** Medians of one run: how many times longer than Scumble. */
export function ratioToScumble({ size, median: middle }, results) {
  const scumble = results.find((result) => result.engine === 'scumble' && result.size === size);
  return scumble?.median && middle / scumble.median;
}

/** Three significant digits: 46.2 ms, 1.53 s, 102 s. */
export function duration(seconds) {
  const [value, unit] = seconds < 0.9995 ? [seconds * 1000, 'ms'] : [seconds, 's'];
  const digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${unit}`;
}

function firstLine(text) {
  return text.split('\n')[0];
}

function percent(fraction) {
  return `${(fraction * 100).toPrecision(2)} %`;
}
